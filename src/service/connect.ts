// Opens a connection to a service: a unix socket, or a host name or address over TCP, every address of it in turn. Used by the clamd,
// spamd and http clients. Nothing stays open when it fails or is cancelled.
import { isIP } from 'node:net';
import type { Resolver } from '../dns/resolver-api.ts';
import type { Clock } from '../ops/clock.ts';
import type { Target } from './host-list.ts';
import { ReplySocket } from './reply-socket.ts';

export interface ConnectOptions {
  readonly resolver: Pick<Resolver, 'addresses'>;
  readonly clock: Clock;
  /** For each address, and for the look-up. Milliseconds. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Asked for the address, or the path of a socket, that is about to be connected to; text says why it is refused. */
  readonly refuse?: ((address: string) => string | undefined) | undefined;
}

export type ConnectOutcome =
  | { readonly kind: 'connected'; readonly socket: ReplySocket; readonly address: string }
  | { readonly kind: 'failed'; readonly error: string };

const failed = (error: string): ConnectOutcome => ({ kind: 'failed', error });

const CANCELLED = 'cancelled';

/** Our own words for the usual errors; the system's text for the rest. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  switch ('code' in error ? error.code : undefined) {
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

/** Connects one socket to one address or path. */
function connectOnce(
  endpoint: { readonly path: string } | { readonly host: string; readonly port: number },
  { clock, timeoutMs, signal }: ConnectOptions,
): Promise<ReplySocket | string> {
  if (signal.aborted) return Promise.resolve(CANCELLED);
  return new Promise((resolve) => {
    const socket = new ReplySocket();
    const timer = clock.after(timeoutMs, () => finish(`no connection within ${timeoutMs / 1000} s`));
    const onAbort = () => finish(CANCELLED);
    const onError = (error: Error) => finish(describeError(error));
    const onConnect = () => finish(undefined);
    function finish(error: string | undefined): void {
      timer.cancel();
      signal.removeEventListener('abort', onAbort);
      socket.off('connect', onConnect);
      socket.off('error', onError);
      if (error === undefined) {
        resolve(socket);
        return;
      }
      socket.destroy();
      resolve(error);
    }
    signal.addEventListener('abort', onAbort);
    socket.once('connect', onConnect);
    socket.once('error', onError);
    try {
      socket.setNoDelay(true);
      socket.connect(endpoint);
    } catch (error) {
      finish(describeError(error));
    }
  });
}

/** The addresses to try. `localhost` is loopback without asking anybody (RFC 6761 section 6.3). */
async function lookUp(host: string, options: ConnectOptions): Promise<readonly string[]> {
  if (isIP(host) !== 0) return [host];
  if (/^(.*\.)?localhost\.?$/i.test(host)) return ['127.0.0.1', '::1'];
  return options.resolver.addresses(host, { signal: options.signal, timeoutMs: options.timeoutMs });
}

/** Connects to the target. Resolves within `timeoutMs` for the look-up and for each address; never rejects. */
export async function connectTo(target: Target, options: ConnectOptions): Promise<ConnectOutcome> {
  if (target.kind === 'unix') {
    const refusal = options.refuse?.(target.path);
    if (refusal !== undefined) return failed(refusal);
    const socket = await connectOnce({ path: target.path }, options);
    return typeof socket === 'string' ? failed(socket) : { kind: 'connected', socket, address: target.path };
  }
  const addresses = await lookUp(target.host, options);
  if (options.signal.aborted) return failed(CANCELLED);
  if (addresses.length === 0) return failed(`no address found for ${target.host}`);
  const errors: string[] = [];
  for (const address of addresses) {
    const refusal = options.refuse?.(address);
    if (refusal !== undefined) {
      errors.push(refusal);
      continue;
    }
    const socket = await connectOnce({ host: address, port: target.port }, options);
    if (typeof socket !== 'string') return { kind: 'connected', socket, address };
    errors.push(addresses.length === 1 ? socket : `${address}: ${socket}`);
    if (options.signal.aborted) break;
  }
  return failed(errors.join('; '));
}
