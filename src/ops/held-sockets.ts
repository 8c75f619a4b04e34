// The listening sockets that the main process holds for its workers: bound once, handed to each worker, which listens and accepts. While
// they are held the port never closes, whatever becomes of the workers, and port 0 stays the port that it was; connections that come while
// nobody accepts wait in the queue of the system.
import net from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { getSystemErrorName } from 'node:util';
import { type ListenAddress, wantedText } from '../net/listener.ts';
import { canReopen } from '../net/listeners.ts';

/** A bound socket as it is sent to another process. */
export interface SocketHandle {
  /** Fills in the address; gives an error number, 0 when all is well. */
  getsockname(out: { address?: string; port?: number }): number;
  close(): void;
}

export type HeldOutcome =
  | { readonly kind: 'held'; readonly handles: readonly SocketHandle[] }
  /** `code` is the system's, such as EADDRINUSE. */
  | { readonly kind: 'failed'; readonly code: string; readonly where: string };

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

const failed = (number: number, wanted: ListenAddress): HeldOutcome => ({
  kind: 'failed',
  code: getSystemErrorName(number),
  where: wantedText(wanted),
});

/** The code of the failure when other sockets are wanted than were opened while it could be done. */
export const BOUND_BEFORE = 'EBOUNDBEFORE';

interface Held {
  /** Where they are, with the ports that were found. */
  readonly places: readonly ListenAddress[];
  readonly handles: readonly SocketHandle[];
  /** Undefined: they were given to us, whatever the listener asks for. */
  readonly asked: string | undefined;
}

/** A socket that came from another process, or the system's error. */
export function openDescriptor(descriptor: number): SocketHandle | string {
  const handle = createHandle(null, 0, 0, descriptor, 0);
  if (typeof handle === 'number') return getSystemErrorName(handle);
  const error = handle.getsockname({});
  return error === 0 ? handle : getSystemErrorName(error);
}

/** How long, and how often, a port is asked for again that a worker may still have. */
const MOST_TRIES = 1000;
const TRY_MS = 5;

export class HeldSockets {
  /** By the key of the listener, with what was asked for when they were opened. */
  readonly #held = new Map<string, Held>();
  readonly #silencing = new Map<string, Promise<void>>();
  #closed = false;
  #complete = false;
  readonly #changed: (asked: string) => void;

  /** `changed` hears of a wish for other addresses than those that are open: they are opened at the next start only. */
  constructor(changed: (asked: string) => void) {
    this.#changed = changed;
  }

  /** The sockets of a listener at these addresses, opened when they are asked for first. */
  open(listener: string, wanted: readonly ListenAddress[]): HeldOutcome {
    if (this.#closed) return { kind: 'failed', code: 'ECANCELED', where: '' };
    const asked = wanted.map(wantedText).join(' ');
    const held = this.#held.get(listener);
    if (this.#complete && held?.asked !== undefined && held.asked !== asked) {
      return { kind: 'failed', code: BOUND_BEFORE, where: asked };
    }
    if (held === undefined) {
      const opened = bind(wanted);
      if (opened.kind === 'held')
        this.#held.set(listener, {
          handles: opened.handles,
          asked,
          places: placesOf(wanted, opened.handles),
        });
      return opened;
    }
    if (held.asked !== undefined && asked !== held.asked) this.#changed(asked);
    return { kind: 'held', handles: held.handles };
  }

  /** The same, once what `silence` has begun is done. */
  async openSoon(listener: string, wanted: readonly ListenAddress[]): Promise<HeldOutcome> {
    await this.#silencing.get(listener);
    return this.open(listener, wanted);
  }

  /**
   * Nobody listens there for now, and clients are to be refused: a socket that a worker has listened on goes on taking connections as long as it
   * is open anywhere, so it is replaced by one that only keeps the port. Resolves when the workers have let go of theirs and that is done; never
   * rejects. Sockets that we could not open again stay as they are.
   */
  silence(listener: string): Promise<void> {
    const held = this.#held.get(listener);
    if (
      held === undefined ||
      held.asked === undefined ||
      !canReopen(held.places.map(({ port = 0 }) => ({ port })))
    )
      return Promise.resolve();
    const silencing = (this.#silencing.get(listener) ?? Promise.resolve()).then(() =>
      this.#replace(listener),
    );
    this.#silencing.set(listener, silencing);
    return silencing.finally(() => {
      if (this.#silencing.get(listener) === silencing) this.#silencing.delete(listener);
    });
  }

  async #replace(listener: string): Promise<void> {
    const held = this.#held.get(listener);
    if (held === undefined) return;
    for (const handle of held.handles) handle.close();
    for (let tries = 0; tries < MOST_TRIES && !this.#closed; tries++) {
      const opened = bind(held.places);
      if (opened.kind === 'held') {
        this.#held.set(listener, { ...held, handles: opened.handles });
        return;
      }
      // A worker has yet to close its own.
      await pause(TRY_MS);
    }
    this.#held.delete(listener);
  }

  /** The listener has these, whatever addresses it asks for. */
  give(listener: string, handles: readonly SocketHandle[]): void {
    this.#held.set(listener, { handles, asked: undefined, places: [] });
  }

  /** From now on nothing else can be opened. */
  complete(): void {
    this.#complete = true;
  }

  /** New connections are refused as soon as the workers have closed theirs too. */
  close(): void {
    this.#closed = true;
    for (const { handles } of this.#held.values()) for (const handle of handles) handle.close();
    this.#held.clear();
  }
}

/** Where these are. */
function placesOf(
  wanted: readonly ListenAddress[],
  handles: readonly SocketHandle[],
): readonly ListenAddress[] {
  return wanted.map((one, at) => {
    const bound: { port?: number } = {};
    handles[at]?.getsockname(bound);
    return { ...one, port: bound.port ?? one.port };
  });
}

/** All of them, or none. */
function bind(wanted: readonly ListenAddress[]): HeldOutcome {
  const handles: SocketHandle[] = [];
  const giveUp = (outcome: HeldOutcome): HeldOutcome => {
    for (const handle of handles) handle.close();
    return outcome;
  };
  let last = 0;
  for (const { address, port = last, ipv6Only } of wanted) {
    const type = address === undefined ? 4 : net.isIP(address);
    const flags = type === 6 && ipv6Only ? IPV6_ONLY : 0;
    const handle = createHandle(address ?? null, port, type, -1, flags);
    if (typeof handle === 'number') return giveUp(failed(handle, { address, port, ipv6Only }));
    handles.push(handle);
    const bound: { port?: number } = {};
    // EADDRINUSE comes out here, not when the socket is bound.
    const error = handle.getsockname(bound);
    if (error !== 0) return giveUp(failed(error, { address, port, ipv6Only }));
    last = bound.port ?? port;
  }
  return { kind: 'held', handles };
}
