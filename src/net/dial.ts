// How every client of smtpe gets a connection to a host that somebody names (next hops, scanners, web servers): the addresses of a host
// in the order to try them, and one socket to one address or path within a limit. Whoever dials says why it failed in words of their own.
//
// Must never send a byte, leave a socket or a timer behind when it failed or was cancelled, reject, or connect to an address that
// `refuse` has not let through.
import { isIP, type Socket } from 'node:net';
import type { Clock } from '../base/clock.ts';
import { LONGEST_SOCKET_PATH } from '../net-address/host-list.ts';
import { type HostHealth, healthKey } from './host-health.ts';

/** Who knows the addresses of a name; dns/resolver-api does. */
export interface AddressSource {
  addresses(
    host: string,
    options?: { readonly signal?: AbortSignal; readonly timeoutMs?: number },
  ): Promise<readonly string[]>;
}

/** A hostile or broken zone must not make one message try hundreds of addresses. */
export const MAX_ADDRESSES = 16;

/** The host itself and all names below `localhost`: loopback, without asking anybody (RFC 6761 section 6.3). */
const LOCALHOST = /^(?:.*\.)?localhost\.?$/i;

/**
 * The addresses of a host in the order of the source (the resolver: IPv4 first, the other family waited for as RFC 8305 section 3 has it),
 * not more than MAX_ADDRESSES. None when the name has none or `signal` aborts, which is not waited for.
 */
export async function addressesOf(
  host: string,
  source: AddressSource,
  options: { readonly signal: AbortSignal; readonly timeoutMs?: number },
): Promise<readonly string[]> {
  if (options.signal.aborted) return [];
  if (isIP(host) !== 0) return [host];
  if (LOCALHOST.test(host)) return ['127.0.0.1', '::1'];
  const found = await untilAborted(source.addresses(host, options), options.signal);
  return found?.slice(0, MAX_ADDRESSES) ?? [];
}

/** The result, or undefined as soon as the signal aborts. */
function untilAborted<T>(result: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const abort = (): void => resolve(undefined);
    signal.addEventListener('abort', abort, { once: true });
    result.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

export type Endpoint = { readonly host: string; readonly port: number } | { readonly path: string };

export interface DialLimits {
  readonly clock: Clock;
  /** Milliseconds, for one address. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export type DialFailure =
  | { readonly kind: 'error'; readonly error: Error }
  | { readonly kind: 'closed' }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'cancelled' };

export type DialOutcome<S> = { readonly kind: 'connected'; readonly socket: S } | DialFailure;

function tooLong(): Error {
  const text = `the path of a socket has at most ${LONGEST_SOCKET_PATH} octets`;
  return Object.assign(new Error(text), { code: 'ENAMETOOLONG' });
}

/** Connects a socket that `make` makes to one address (no name) or path. */
export function dial<S extends Socket>(
  make: () => S,
  endpoint: Endpoint,
  { clock, timeoutMs, signal }: DialLimits,
): Promise<DialOutcome<S>> {
  if (signal.aborted) return Promise.resolve({ kind: 'cancelled' });
  return new Promise((resolve) => {
    const socket = make();
    const settle = (outcome: DialOutcome<S>): void => {
      timer.cancel();
      signal.removeEventListener('abort', onAbort);
      socket.off('connect', onConnect).off('error', onError).off('close', onClose);
      if (outcome.kind !== 'connected') {
        socket.on('error', () => undefined);
        socket.destroy();
      }
      resolve(outcome);
    };
    const timer = clock.after(timeoutMs, () => settle({ kind: 'timeout' }));
    const onAbort = (): void => settle({ kind: 'cancelled' });
    const onError = (error: Error): void => settle({ kind: 'error', error });
    const onClose = (): void => settle({ kind: 'closed' });
    const onConnect = (): void => settle({ kind: 'connected', socket });
    signal.addEventListener('abort', onAbort);
    socket.on('connect', onConnect).on('error', onError).on('close', onClose);
    try {
      socket.setNoDelay(true);
      if ('path' in endpoint && Buffer.byteLength(endpoint.path) > LONGEST_SOCKET_PATH) throw tooLong();
      socket.connect(endpoint);
    } catch (error) {
      settle({ kind: 'error', error: error instanceof Error ? error : new Error(String(error)) });
    }
  });
}

/** Why one address was not connected to. */
export interface Attempt {
  readonly address: string;
  readonly why: DialFailure | { readonly kind: 'refused'; readonly reason: string };
}

export type HostOutcome<S> =
  | { readonly kind: 'connected'; readonly socket: S; readonly address: string }
  /** Without attempts: the name has no address, or the signal aborted during the look-up. */
  | { readonly kind: 'failed'; readonly attempts: readonly Attempt[] };

export interface HostParts extends DialLimits {
  readonly resolver: AddressSource;
  /** Why an address must not be connected to; asked for each before it is. */
  readonly refuse?: ((address: string) => string | undefined) | undefined;
  /** Puts addresses that could not be reached lately behind the others. */
  readonly health?: HostHealth | undefined;
}

/** The first address of the host that can be connected to. `timeoutMs` is for the look-up and for each address. */
export async function dialHost<S extends Socket>(
  make: () => S,
  host: string,
  port: number,
  parts: HostParts,
): Promise<HostOutcome<S>> {
  const { health, refuse, resolver, signal } = parts;
  const found = await addressesOf(host, resolver, parts);
  const attempts: Attempt[] = [];
  const keyOf = (address: string): string => healthKey(address, port);
  for (const address of health?.order(found, keyOf) ?? found) {
    if (signal.aborted) break;
    const reason = refuse?.(address);
    if (reason !== undefined) {
      attempts.push({ address, why: { kind: 'refused', reason } });
      continue;
    }
    const outcome = await dial(make, { host: address, port }, parts);
    if (outcome.kind === 'connected') {
      health?.worked(keyOf(address));
      return { kind: 'connected', socket: outcome.socket, address };
    }
    if (outcome.kind !== 'cancelled') health?.failed(keyOf(address));
    attempts.push({ address, why: outcome });
  }
  return { kind: 'failed', attempts };
}
