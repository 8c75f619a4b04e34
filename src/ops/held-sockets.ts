// The listening sockets that the main process holds for its workers: bound once, handed to each worker, which listens and accepts. While
// they are held the port never closes, whatever becomes of the workers, and port 0 stays the port that it was; connections that come while
// nobody accepts wait in the queue of the system.
// With several seats (option workers-reuse-port) there are as many sockets for each address as seats, and each worker has those of its seat: the
// system shares new connections out among them. As they are held here, those that wait for a worker that has died are there for its successor.
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

type Failed = HeldOutcome & { readonly kind: 'failed' };

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
/** UV_TCP_REUSEPORT, which Node.js before 23.1 does not know and leaves out. */
const REUSE_PORT = 2;

const failed = (number: number, wanted: ListenAddress): Failed => ({
  kind: 'failed',
  code: getSystemErrorName(number),
  where: wantedText(wanted),
});

/** The code of the failure when other sockets are wanted than were opened while it could be done. */
export const BOUND_BEFORE = 'EBOUNDBEFORE';

interface Held {
  /** Where they are, with the ports that were found. */
  readonly places: readonly ListenAddress[];
  /** By seat; what was given to us is for all. */
  readonly seats: readonly (readonly SocketHandle[])[];
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
  readonly #seats: number;

  /**
   * `changed` hears of a wish for other addresses than those that are open: they are opened at the next start only. `seats`: 1 or more; with more
   * Node.js must be 23.1 or later.
   */
  constructor(changed: (asked: string) => void, seats = 1) {
    this.#changed = changed;
    this.#seats = seats;
  }

  /** The sockets of a listener at these addresses for a seat (0 to seats - 1), opened when they are asked for first. */
  open(listener: string, wanted: readonly ListenAddress[], seat = 0): HeldOutcome {
    if (this.#closed) return { kind: 'failed', code: 'ECANCELED', where: '' };
    const asked = wanted.map(wantedText).join(' ');
    const held = this.#held.get(listener);
    if (this.#complete && held?.asked !== undefined && held.asked !== asked) {
      return { kind: 'failed', code: BOUND_BEFORE, where: asked };
    }
    if (held === undefined) {
      const opened = bindSeats(wanted, this.#seats);
      if (opened.kind === 'failed') return opened;
      this.#held.set(listener, {
        seats: opened.seats,
        asked,
        places: placesOf(wanted, opened.seats[0] ?? []),
      });
      return { kind: 'held', handles: opened.seats[seat] ?? [] };
    }
    if (held.asked !== undefined && asked !== held.asked) this.#changed(asked);
    return { kind: 'held', handles: held.seats[seat] ?? held.seats[0] ?? [] };
  }

  /** The same, once what `silence` has begun is done. */
  async openSoon(listener: string, wanted: readonly ListenAddress[], seat = 0): Promise<HeldOutcome> {
    await this.#silencing.get(listener);
    return this.open(listener, wanted, seat);
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
    close(held.seats);
    for (let tries = 0; tries < MOST_TRIES && !this.#closed; tries++) {
      const opened = bindSeats(held.places, this.#seats);
      if (opened.kind === 'bound') {
        this.#held.set(listener, { ...held, seats: opened.seats });
        return;
      }
      // A worker has yet to close its own.
      await pause(TRY_MS);
    }
    this.#held.delete(listener);
  }

  /** The listener has these, whatever addresses it asks for. */
  give(listener: string, handles: readonly SocketHandle[]): void {
    this.#held.set(listener, { seats: [handles], asked: undefined, places: [] });
  }

  /** From now on nothing else can be opened. */
  complete(): void {
    this.#complete = true;
  }

  /** New connections are refused as soon as the workers have closed theirs too. */
  close(): void {
    this.#closed = true;
    for (const { seats } of this.#held.values()) close(seats);
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

function close(seats: readonly (readonly SocketHandle[])[]): void {
  for (const handles of seats) for (const handle of handles) handle.close();
}

type BoundSeats = { readonly kind: 'bound'; readonly seats: readonly (readonly SocketHandle[])[] } | Failed;

/** The sockets of each seat at the same addresses, or none. */
function bindSeats(wanted: readonly ListenAddress[], count: number): BoundSeats {
  // Alone first: with SO_REUSEPORT the system would let us in beside another service of the same user, and share its clients out between both.
  const alone = bind(wanted, 0);
  if (alone.kind === 'failed') return alone;
  if (count === 1) return { kind: 'bound', seats: [alone.handles] };
  const places = placesOf(wanted, alone.handles);
  close([alone.handles]);
  const seats: (readonly SocketHandle[])[] = [];
  while (seats.length < count) {
    const opened = bind(places, REUSE_PORT);
    if (opened.kind === 'failed') {
      close(seats);
      return opened;
    }
    seats.push(opened.handles);
  }
  return { kind: 'bound', seats };
}

/** All of them, or none. */
function bind(wanted: readonly ListenAddress[], more: number): HeldOutcome {
  const handles: SocketHandle[] = [];
  const giveUp = (outcome: Failed): Failed => {
    close([handles]);
    return outcome;
  };
  let last = 0;
  for (const { address, port = last, ipv6Only } of wanted) {
    const type = address === undefined ? 4 : net.isIP(address);
    const flags = more | (type === 6 && ipv6Only ? IPV6_ONLY : 0);
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
