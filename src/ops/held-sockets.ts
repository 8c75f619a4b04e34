// The listening sockets that the main process holds for its workers: bound once, handed to each worker, which listens and accepts. While
// they are held the port never closes, whatever becomes of the workers, and port 0 stays the port that it was; connections that come while
// nobody accepts wait in the queue of the system.
import { lookup } from 'node:dns/promises';
import net from 'node:net';
import { getSystemErrorName } from 'node:util';

/** A bound socket as it is sent to another process. */
export interface SocketHandle {
  /** Fills in the address; gives an error number, 0 when all is well. */
  getsockname(out: { port?: number }): number;
  close(): void;
}

export type HeldOutcome =
  | { readonly kind: 'held'; readonly handles: readonly SocketHandle[] }
  /** `code` is the system's, such as EADDRINUSE. */
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };

/**
 * What node:cluster opens its shared sockets with. Not in the documentation, but the only way to a socket that is bound and not accepted
 * from: a net.Server would take connections away from the workers. Gives an error number when it fails.
 */
type CreateHandle = (
  address: string | null,
  port: number,
  type: number,
  fd: number,
  flags: number,
) => SocketHandle | number;

const createHandle = (net as unknown as { readonly _createServerHandle: CreateHandle })._createServerHandle;

/** UV_TCP_IPV6ONLY: `::` beside IPv4 addresses must not take theirs. */
const IPV6_ONLY = 1;

function failed(number: number, address: string): HeldOutcome {
  const code = getSystemErrorName(number);
  return { kind: 'failed', code, message: `${code}: ${address}` };
}

export class HeldSockets {
  #handles: readonly SocketHandle[] = [];
  /** What was asked for when they were opened. */
  #asked = '';
  #closed = false;
  readonly #changed: (asked: string) => void;

  /** `changed` hears of a wish for other addresses than those that are open: they are opened at the next start only. */
  constructor(changed: (asked: string) => void) {
    this.#changed = changed;
  }

  /** The sockets of these addresses (none: every IPv6 and IPv4 address), opened when they are asked for first. */
  async open(addresses: readonly string[], port: number): Promise<HeldOutcome> {
    if (this.#closed) return { kind: 'failed', code: 'ECANCELED', message: 'the service ends' };
    const asked = `${addresses.join(' ')} port ${port}`.trimStart();
    if (this.#handles.length === 0) {
      const opened = await this.#bind(addresses, port);
      if (opened.kind === 'failed') return opened;
      this.#handles = opened.handles;
      this.#asked = asked;
      return opened;
    }
    if (asked !== this.#asked) this.#changed(asked);
    return { kind: 'held', handles: this.#handles };
  }

  /** New connections are refused as soon as the workers have closed theirs too. */
  close(): void {
    this.#closed = true;
    for (const handle of this.#handles) handle.close();
    this.#handles = [];
  }

  async #bind(addresses: readonly string[], port: number): Promise<HeldOutcome> {
    const handles: SocketHandle[] = [];
    const giveUp = (outcome: HeldOutcome): HeldOutcome => {
      for (const handle of handles) handle.close();
      return outcome;
    };
    const beside4 = addresses.some((address) => !net.isIPv6(address));
    let chosen = port;
    for (const address of addresses.length === 0 ? [null] : new Set(addresses)) {
      let numeric = address;
      if (address !== null && net.isIP(address) === 0) {
        const found = await lookup(address).catch((error: NodeJS.ErrnoException) => error);
        if (found instanceof Error) {
          return giveUp({ kind: 'failed', code: found.code ?? 'ENOTFOUND', message: found.message });
        }
        numeric = found.address;
      }
      const type = numeric === null ? 4 : net.isIP(numeric);
      const flags = beside4 && type === 6 ? IPV6_ONLY : 0;
      const handle = createHandle(numeric, chosen, type, -1, flags);
      if (typeof handle === 'number') return giveUp(failed(handle, address ?? ''));
      handles.push(handle);
      const bound: { port?: number } = {};
      // EADDRINUSE comes out here, not when the socket is bound.
      const error = handle.getsockname(bound);
      if (error !== 0) return giveUp(failed(error, address ?? ''));
      chosen = bound.port ?? chosen;
    }
    return { kind: 'held', handles };
  }
}
