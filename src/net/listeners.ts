// The listeners of a server: opens their sockets, holds each connection against the limits, leads it through the wrappers of its listener,
// and hands it to who serves there. What is turned away here has no session. Knows no protocol: the words come from the handler.
import type { Socket } from 'node:net';
import type { Clock, Timer } from '../base/clock.ts';
import { textOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { limitKey } from '../net-address/network-list.ts';
import type { ConnectionCounters } from './connection-counters.ts';
import type { ConnectionWrapper, WrapOutcome } from './connection-wrapper.ts';
import type { Descriptors } from './descriptors.ts';
import type { Gate } from './gate.ts';
import { type BoundSockets, type Endpoint, type ListenAddress, Listener } from './listener.ts';
import type { ListenerRow, TurnedAway } from './listener-row.ts';
import { type Peer, peerOf } from './peer.ts';
import { Transport } from './transport.ts';

/** How long a connection that was refused is read on, so that the client gets the reply. */
const LINGER_MS = 1000;
/** The longest that a connection waits for its turn (rate-global). */
const LONGEST_WAIT_MS = 30_000;
/** How often it is said that something is used up. */
const SAY_EVERY_MS = 10_000;

export interface ListenersDeps {
  readonly log: Log;
  readonly clock: Clock;
  /** Counts behind rate-global, limit-connections and limit-client-connections: of the process or of all workers, not of a listener. */
  readonly limits: ConnectionCounters;
  /** What is left of the descriptors of the process; undefined: nobody looks. */
  readonly descriptors?: Pick<Descriptors, 'scarce' | 'advice'>;
  /** Whether new connections are taken; undefined: they are. */
  readonly gate?: Pick<Gate, 'closed' | 'overload'>;
}

/** A listener that listens. */
export interface ListeningPlace {
  readonly row: ListenerRow;
  readonly endpoints: readonly Endpoint[];
}

/** What a connection counts as while it is open. */
interface Place {
  /** Undefined: it is not counted any more. */
  key: string | undefined;
}

interface OpenRow {
  readonly row: ListenerRow;
  readonly listener: Listener;
  /** Where it has listened, while it does not. */
  before: readonly Endpoint[] | undefined;
}

/** A port below this one can be had again by root only. */
const FREE_PORTS = 1024;

export class Listeners {
  readonly #deps: ListenersDeps;
  readonly #open: OpenRow[] = [];
  #bound: BoundSockets | undefined;
  /** Nobody is let in, though sockets may be open. */
  #suspended = false;
  /** On their way through wrappers. */
  readonly #arriving = new Set<Transport>();
  #delayedSecond = -1;
  #saidScarce = Number.NEGATIVE_INFINITY;

  constructor(deps: ListenersDeps) {
    this.#deps = deps;
  }

  /** Opens the sockets of all of them, or has them from `bound`. Rejects with the system's error; then nothing listens. */
  async listen(rows: readonly ListenerRow[], bound?: BoundSockets): Promise<readonly Endpoint[]> {
    const { log } = this.#deps;
    this.#bound = bound;
    try {
      for (const row of rows) {
        const listener = new Listener({
          connection: (socket) => this.accept(socket, row),
          error: (error) => log.emit('listener-fault', { cause: error.message }),
        });
        this.#open.push({ row, listener, before: undefined });
        await listener.listen(row.addresses, row.backlog, this.#socketsOf(row));
      }
    } catch (error) {
      await this.close();
      throw error;
    }
    return this.endpoints;
  }

  #socketsOf(
    row: ListenerRow,
  ): ((wanted: readonly ListenAddress[]) => Promise<readonly object[]>) | undefined {
    const bound = this.#bound;
    return bound && ((wanted) => bound(row.key, wanted));
  }

  /**
   * No new connections until `resume`: sockets are closed where they can be had again; at others who comes is sent away without a word. Those
   * that are served go on.
   */
  async suspend(): Promise<void> {
    this.#suspended = true;
    for (const one of this.#open) {
      const { endpoints } = one.listener;
      if (one.before !== undefined || !canReopen(endpoints)) continue;
      one.before = endpoints;
      await one.listener.close();
    }
    for (const transport of [...this.#arriving]) transport.destroy();
  }

  /** Listens again where it did before. Rejects with the system's error for what cannot be had, which stays closed. */
  async resume(): Promise<void> {
    for (const one of this.#open) {
      if (one.before === undefined) continue;
      const { row } = one;
      const places = row.addresses.map((address, at) => ({
        ...address,
        port: one.before?.[at]?.port ?? address.port,
      }));
      const held = this.#socketsOf(row);
      await one.listener.listen(held === undefined ? places : row.addresses, row.backlog, held);
      one.before = undefined;
    }
    this.#suspended = false;
  }

  /** Where they listen; empty before listen and after close. */
  get endpoints(): readonly Endpoint[] {
    return this.#open.flatMap(({ listener }) => listener.endpoints);
  }

  /** Likewise, by listener. */
  get places(): readonly ListeningPlace[] {
    return this.#open.map(({ before, row, listener }) => ({ row, endpoints: before ?? listener.endpoints }));
  }

  /** No new connections; those that nobody serves yet are closed. Idempotent. */
  async close(): Promise<void> {
    for (const { listener } of this.#open.splice(0)) await listener.close();
    for (const transport of [...this.#arriving]) transport.destroy();
  }

  /** A connection that was accepted for `row`. */
  accept(socket: Socket, row: ListenerRow): void {
    const { clock, limits, log } = this.#deps;
    if (this.#suspended) {
      socket.destroy();
      return;
    }
    const peer = peerOf(socket);
    const place: Place = { key: undefined };
    const transport = new Transport(socket, clock, () => {
      this.#arriving.delete(transport);
      if (place.key !== undefined) limits.close(place.key);
      // A wrapper may refuse it all the same: it must not be taken off twice, nor counted again.
      place.key = undefined;
    });
    if (peer === undefined) {
      log.emit('link-lost', { cause: 'reset by the client', listener: row.name || undefined });
      transport.destroy();
      return;
    }
    if (this.#scarce(socket)) {
      this.#shed('descriptors');
      this.#turnAway(transport, place, 'descriptors', peer, row);
      return;
    }
    const closed = this.#deps.gate?.closed;
    if (closed !== undefined) {
      if (closed === 'overloaded') this.#shed(this.#deps.gate?.overload ?? '');
      this.#turnAway(transport, place, closed, peer, row);
      return;
    }
    const { values } = row.options;
    const wrappers = row.wrappers.filter((wrapper) => wrapper.takes?.(peer, row) ?? true);
    const later = wrappers.some(({ namesPeer }) => namesPeer);
    // Whose connection it is nobody knows yet: it takes no place of the balancer's own.
    const key = later ? `${peer.address} for another` : limitKey(peer.address);
    const result = limits.open(
      key,
      values['limit-connections'],
      later ? 0 : values['limit-client-connections'],
    );
    if (result !== 'open') {
      this.#turnAway(
        transport,
        place,
        result === 'too-many' ? 'connections' : 'clientConnections',
        peer,
        row,
      );
      return;
    }
    place.key = key;
    if (wrappers.length === 0) this.#serve(transport, place, peer, row);
    else {
      this.#arriving.add(transport);
      void this.#arrive(transport, place, peer, row, wrappers);
    }
  }

  /** Through the wrappers. Never rejects. */
  async #arrive(
    accepted: Transport,
    place: Place,
    from: Peer,
    row: ListenerRow,
    wrappers: readonly ConnectionWrapper[],
  ): Promise<void> {
    const { log } = this.#deps;
    let transport = accepted;
    let peer = from;
    for (const wrapper of wrappers) {
      const outcome = await this.#wrapped(wrapper, transport, peer, row);
      transport.release();
      if (outcome.kind === 'refuse') {
        if (outcome.speaksProxy === true) log.emit('proxy-unasked', { client: peer.socketAddress });
        const why = wrapper.refusal;
        const { cause, text = why === undefined ? '' : row.handler.refusal(why, peer, row) } = outcome;
        log.emit('link-refused', {
          reply: text.trimEnd(),
          cause: `${wrapper.name}: ${cause}`,
          client: peer.address,
          proxy: peer.proxy?.address,
          listener: row.name || undefined,
        });
        this.#dismiss(transport, place, text);
        if (text === '') accepted.destroy();
        return;
      }
      if (outcome.kind === 'gone' || outcome.transport.destroyed) {
        log.emit('link-lost', {
          cause: `${wrapper.name}: closed`,
          client: peer.address,
          proxy: peer.proxy?.address,
          listener: row.name || undefined,
        });
        accepted.destroy();
        return;
      }
      ({ transport, peer } = outcome);
      if (wrapper.namesPeer && !this.#move(place, peer, row)) {
        this.#turnAway(transport, place, 'clientConnections', peer, row);
        return;
      }
    }
    this.#arriving.delete(accepted);
    this.#serve(transport, place, peer, row);
  }

  /** What a wrapper comes to within its time. */
  async #wrapped(
    wrapper: ConnectionWrapper,
    transport: Transport,
    peer: Peer,
    row: ListenerRow,
  ): Promise<WrapOutcome> {
    const { clock, log } = this.#deps;
    const ms = wrapper.timeoutMs(row);
    let timer: Timer | undefined;
    const late = new Promise<WrapOutcome>((resolve) => {
      timer = clock.after(ms, () => resolve({ kind: 'refuse', cause: `not done within ${ms / 1000} s` }));
    });
    try {
      return await Promise.race([wrapper.wrap(transport, peer, row), late]);
    } catch (error) {
      log.emit('session-fault', { cause: `${wrapper.name}: ${textOf(error)}` });
      return { kind: 'refuse', cause: 'internal error' };
    } finally {
      timer?.cancel();
    }
  }

  /** The connection counts as one of `peer` from now on. False when there are too many of that. */
  #move(place: Place, peer: Peer, row: ListenerRow): boolean {
    // A health check of a balancer is no client.
    if (peer.proxy?.check === true) return true;
    const { limits } = this.#deps;
    const key = limitKey(peer.address);
    if (place.key !== undefined) limits.close(place.key);
    const result = limits.open(key, 0, row.options.values['limit-client-connections']);
    place.key = result === 'open' ? key : undefined;
    return result === 'open';
  }

  #serve(transport: Transport, place: Place, peer: Peer, row: ListenerRow): void {
    const delay = this.#delay(row);
    if (delay === undefined) this.#turnAway(transport, place, 'serverRate', peer, row);
    else row.handler.connection(transport, peer, row, delay);
  }

  #turnAway(transport: Transport, place: Place, why: TurnedAway, peer: Peer, row: ListenerRow): void {
    const text = row.handler.refusal(why, peer, row);
    this.#deps.log.emit('link-refused', {
      reply: text.trimEnd(),
      cause: why,
      client: peer.address,
      proxy: peer.proxy?.address,
      listener: row.name || undefined,
    });
    if (why !== 'descriptors') {
      this.#dismiss(transport, place, text);
      return;
    }
    // Its own descriptor is needed at once, by the next one to be refused.
    transport.write(text);
    transport.closeSoon();
  }

  #shed(cause: string): void {
    const { log } = this.#deps;
    if (log.wants('connection-shed')) log.emit('connection-shed', { cause });
  }

  /** Says the last words. Who is not served takes nobody's place. */
  #dismiss(transport: Transport, place: Place, text: string): void {
    if (place.key !== undefined) this.#deps.limits.close(place.key);
    place.key = undefined;
    if (text === '') {
      transport.destroy();
      return;
    }
    transport.write(text);
    transport.linger(LINGER_MS);
  }

  /** Milliseconds that a connection has to wait for its turn (rate-global); undefined when that is too long. */
  #delay(row: ListenerRow): number | undefined {
    const { clock, limits, log } = this.#deps;
    const limit = row.options.values['rate-global'];
    if (limit === 0) return 0;
    const now = clock.monotonic();
    const wait = limits.place(limit, now, LONGEST_WAIT_MS);
    if (wait === 0) return 0;
    const second = Math.floor(now / 1000);
    if (second !== this.#delayedSecond) {
      this.#delayedSecond = second;
      const places = limit === 1 ? '1 a second' : `${limit} a second`;
      log.emit('rate-delay', {
        places,
        cause: 'rate-global',
        wait: wait === undefined ? `more than ${LONGEST_WAIT_MS / 1000} s, refused` : `${wait / 1000} s`,
      });
    }
    return wait;
  }

  /** True when the descriptors that are left are needed by those who are served. */
  #scarce(socket: Socket): boolean {
    const { clock, descriptors, log } = this.#deps;
    const number = descriptorOf(socket);
    if (descriptors === undefined || number === undefined || !descriptors.scarce(number)) return false;
    const now = clock.monotonic();
    if (now >= this.#saidScarce + SAY_EVERY_MS) {
      this.#saidScarce = now;
      log.emit('descriptors-scarce', descriptors.advice());
    }
    return true;
  }
}

/** Whether these sockets can be opened again when they have been closed. */
export function canReopen(endpoints: readonly Pick<Endpoint, 'port'>[]): boolean {
  return process.getuid?.() === 0 || endpoints.every(({ port }) => port >= FREE_PORTS);
}

/** The number of the socket's descriptor, where the system has numbers for them. */
function descriptorOf(socket: Socket): number | undefined {
  const { _handle } = socket as unknown as { readonly _handle?: { readonly fd?: number } };
  return _handle?.fd;
}
