// Opens a connection to a service: a unix socket, or a host name or address over TCP, every address of it in turn. Used by the clamd,
// spamd and http clients. Nothing stays open when it fails or is cancelled.

import type { Clock } from '../base/clock.ts';
import { codeOf } from '../base/errors.ts';
import { type AddressSource, type Attempt, dial, dialHost } from '../net/dial.ts';
import type { HostHealth } from '../net/host-health.ts';
import type { ServiceTarget } from '../net-address/host-list.ts';
import { ReplySocket } from './reply-socket.ts';

export interface ConnectOptions {
  readonly resolver: AddressSource;
  readonly clock: Clock;
  /** For each address, and for the look-up. Milliseconds. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Asked for the address, or the path of a socket, that is about to be connected to; text says why it is refused. */
  readonly refuse?: ((address: string) => string | undefined) | undefined;
  /** The memory of dead addresses; undefined: none. */
  readonly health?: HostHealth | undefined;
}

export type ConnectOutcome =
  | { readonly kind: 'connected'; readonly socket: ReplySocket; readonly address: string }
  | { readonly kind: 'failed'; readonly error: string };

const failed = (error: string): ConnectOutcome => ({ kind: 'failed', error });

const CANCELLED = 'cancelled';

/** Our own words for the usual errors; the system's text for the rest. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  switch (codeOf(error)) {
    case 'ECONNREFUSED':
      return 'connection refused';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'connection reset by the other side';
    case 'ENOENT':
      return 'no such file';
    case 'EACCES':
      return 'permission denied';
    case 'EHOSTUNREACH':
      return 'no route to host';
    case 'ENETUNREACH':
      return 'network unreachable';
    case 'ETIMEDOUT':
      return 'timed out';
    default:
      return error.message === '' ? error.name : error.message;
  }
}

/** Why an address or path was not connected to, in words. */
export function whyNotConnected(why: Attempt['why'], timeoutMs: number): string {
  switch (why.kind) {
    case 'error':
      return describeError(why.error);
    case 'closed':
      return 'closed while connecting';
    case 'timeout':
      return `no connection within ${timeoutMs / 1000} s`;
    case 'cancelled':
      return CANCELLED;
    case 'refused':
      return why.reason;
  }
}

const newSocket = (): ReplySocket => new ReplySocket();

/** Connects to the target. Resolves within `timeoutMs` for the look-up and for each address; never rejects. */
export async function connectTo(target: ServiceTarget, options: ConnectOptions): Promise<ConnectOutcome> {
  const { signal, timeoutMs } = options;
  if (target.kind === 'unix') {
    const refusal = options.refuse?.(target.path);
    if (refusal !== undefined) return failed(refusal);
    const outcome = await dial(newSocket, { path: target.path }, options);
    return outcome.kind === 'connected'
      ? { ...outcome, address: target.path }
      : failed(whyNotConnected(outcome, timeoutMs));
  }
  const outcome = await dialHost(newSocket, target.host, target.port, options);
  if (outcome.kind === 'connected') return outcome;
  const { attempts } = outcome;
  if (attempts.length === 0)
    return failed(signal.aborted ? CANCELLED : `no address found for ${target.host}`);
  const errors = attempts.map(({ address, why }) => {
    const text = whyNotConnected(why, timeoutMs);
    return attempts.length === 1 || why.kind === 'refused' ? text : `${address}: ${text}`;
  });
  return failed(errors.join('; '));
}
