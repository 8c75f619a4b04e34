// Queries to one name server over UDP. Every query gets a random id, and, while few are under way, a socket that no other query has at that
// time, and so a source port that nobody can foresee (RFC 5452 section 9.2); under load sockets are shared at random, each for a limited
// number of queries. The sockets are connected: the kernel drops what others send and reports a closed port.
//
// Making and closing a socket costs more than asking and reading. So one whose queries were all answered stays for a moment, and queries
// choose at random among those that stay. Who cannot see our packets still has to guess a port out of all of them and an id. What a socket
// that stays could give away is its port, to somebody who looks for open ones: each lives for a second and for few queries, shorter than
// such a search takes, and the next query has most likely another. One with a query that was given up is closed: an answer, or the
// network's word that there is none, may still come, and would meet somebody else's query.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { type RandomInteger, systemClock, type Timer } from '../base/clock.ts';
import { canonicalAddress } from './address-text.ts';
import { type Query, withId } from './wire.ts';

/** Who waits for the answer to one query. */
export interface ReplyReceiver {
  /** A packet from the server with the query's id. True when it is the answer: nothing else will be delivered. */
  reply(packet: Buffer): boolean;
  /** The query cannot be answered, e.g. ECONNREFUSED; nothing else will be delivered. */
  failed(cause: string): void;
}

/** One query under way. */
export interface Exchange {
  /** Stops listening. Harmless when it is over. */
  cancel(): void;
}

/** Up to this many sockets, a query gets its own. */
const OWN_SOCKETS = 32;
/** More sockets are made when those there are carry this many queries each, so that their receive buffers suffice. */
const SHARED = 64;
/** A socket takes no new queries after this many. */
const MAX_USES = 256;
/** One that has nothing to do stays until it has had this many queries, */
const IDLE_USES = 16;
/** and has been there for this long, in ms; it is closed when it is twice as old at most. */
const IDLE_AGE = 1000;
/** As long as fewer than this have nothing to do, a query gets a new one. */
const CHOICE = 8;
/** Ports of the kernel have its time, whatever the clock of who asks says. */
const clock = systemClock;

class PoolSocket {
  readonly socket: Socket;
  readonly pending = new Map<number, ReplyReceiver>();
  /** Milliseconds of the monotonic clock. */
  readonly born: number;
  uses = 0;
  broken = false;
  /** A query on it was given up. */
  abandoned = false;
  readonly sent: (error: NodeJS.ErrnoException | null) => void;

  constructor(socket: Socket, born: number, broke: (pool: PoolSocket, error: NodeJS.ErrnoException) => void) {
    this.socket = socket;
    this.born = born;
    this.sent = (error) => {
      if (error) broke(this, error);
    };
    socket.on('error', (error) => broke(this, error));
  }
}

class UdpExchange implements Exchange {
  readonly #transport: UdpTransport;
  readonly #pool: PoolSocket;
  readonly #id: number;
  readonly #receiver: ReplyReceiver;

  constructor(transport: UdpTransport, pool: PoolSocket, id: number, receiver: ReplyReceiver) {
    this.#transport = transport;
    this.#pool = pool;
    this.#id = id;
    this.#receiver = receiver;
  }

  cancel(): void {
    this.#transport.forget(this.#pool, this.#id, this.#receiver);
  }
}

export class UdpTransport {
  readonly #address: string;
  readonly #canonical: string;
  readonly #port: number;
  readonly #family: 4 | 6;
  readonly #random: RandomInteger;
  /** Those that take new queries. */
  readonly #open: PoolSocket[] = [];
  /** Those of them that have nothing to do. */
  readonly #idle: PoolSocket[] = [];
  #sweeper: Timer | undefined;
  #pending = 0;
  #closed = false;

  /** `random` must be unpredictable. */
  constructor(address: string, port: number, random: RandomInteger) {
    this.#address = address;
    this.#canonical = canonicalAddress(address);
    this.#port = port;
    this.#family = address.includes(':') ? 6 : 4;
    this.#random = random;
  }

  /** Sends the query with an id of its own. `receiver` is never called before this returns. */
  send(query: Query, receiver: ReplyReceiver): Exchange {
    const pool = this.#choose();
    let id = this.#random(65_536);
    while (pool.pending.has(id)) id = this.#random(65_536);
    pool.pending.set(id, receiver);
    this.#pending++;
    pool.uses++;
    if (pool.uses >= MAX_USES) this.#retire(pool);
    try {
      if (!pool.broken) pool.socket.send(withId(query, id), pool.sent);
    } catch (error) {
      // It could not be connected; the event that says why comes first.
      process.nextTick(() => queueMicrotask(() => this.#break(pool, String(error))));
    }
    return new UdpExchange(this, pool, id, receiver);
  }

  /** Nobody waits for the answer to this query any more. */
  forget(pool: PoolSocket, id: number, receiver: ReplyReceiver): void {
    if (pool.pending.get(id) !== receiver) return;
    pool.abandoned = true;
    this.#over(pool, id);
  }

  /** Closes what is kept for queries to come. */
  close(): void {
    this.#closed = true;
    this.#sweeper?.cancel();
    for (const pool of this.#idle.splice(0)) this.#close(pool);
  }

  #choose(): PoolSocket {
    const open = this.#open;
    const idle = this.#idle;
    if (idle.length < CHOICE && open.length < OWN_SOCKETS) return this.#create();
    while (idle.length > 0) {
      const index = this.#random(idle.length);
      const [pool] = idle.splice(index, 1);
      if (pool !== undefined && !this.#isOld(pool)) return pool;
      if (pool !== undefined) this.#close(pool);
    }
    if (open.length < OWN_SOCKETS || this.#pending >= open.length * SHARED) return this.#create();
    return open[this.#random(open.length)] ?? this.#create();
  }

  #create(): PoolSocket {
    // Addresses only: nothing to look up, and the socket is ready when this returns.
    const socket = createSocket({
      type: this.#family === 6 ? 'udp6' : 'udp4',
      lookup: (host, _options, done) => done(null, host, this.#family),
    });
    const pool = new PoolSocket(socket, clock.monotonic(), (broken, error) => {
      broken.broken = true;
      // Some errors come while send is still running.
      queueMicrotask(() => this.#break(broken, error.code ?? error.message));
    });
    this.#open.push(pool);
    socket.on('message', (packet, from) => this.#receive(pool, packet, from));
    socket.connect(this.#port, this.#address);
    // The timer of the query keeps the process alive, not the socket.
    socket.unref();
    return pool;
  }

  #receive(pool: PoolSocket, packet: Buffer, from: RemoteInfo): void {
    if (packet.length < 12 || from.port !== this.#port) return;
    if (from.address !== this.#address && canonicalAddress(from.address) !== this.#canonical) return;
    const id = packet.readUInt16BE(0);
    const receiver = pool.pending.get(id);
    // The look-up may have given it up while it took it.
    if (receiver?.reply(packet) && pool.pending.get(id) === receiver) this.#over(pool, id);
  }

  #over(pool: PoolSocket, id: number): void {
    pool.pending.delete(id);
    this.#pending--;
    if (pool.pending.size > 0) return;
    const stays =
      !(this.#closed || pool.abandoned || pool.broken || this.#isOld(pool)) &&
      pool.uses < IDLE_USES &&
      this.#idle.length < OWN_SOCKETS;
    if (stays) this.#stay(pool);
    else this.#close(pool);
  }

  #isOld(pool: PoolSocket): boolean {
    return clock.monotonic() - pool.born >= IDLE_AGE;
  }

  #stay(pool: PoolSocket): void {
    this.#idle.push(pool);
    if (this.#sweeper !== undefined) return;
    this.#sweeper = clock.after(IDLE_AGE, () => this.#sweep());
    this.#sweeper.unref();
  }

  #sweep(): void {
    this.#sweeper = undefined;
    const kept = this.#idle.splice(0);
    for (const pool of kept) {
      if (this.#isOld(pool)) this.#close(pool);
      else this.#stay(pool);
    }
  }

  #break(pool: PoolSocket, cause: string): void {
    const receivers = [...pool.pending.values()];
    this.#pending -= receivers.length;
    pool.pending.clear();
    this.#close(pool);
    for (const receiver of receivers) receiver.failed(cause);
  }

  #retire(pool: PoolSocket): void {
    const index = this.#open.indexOf(pool);
    if (index >= 0) this.#open.splice(index, 1);
  }

  #close(pool: PoolSocket): void {
    this.#retire(pool);
    const index = this.#idle.indexOf(pool);
    if (index >= 0) this.#idle.splice(index, 1);
    try {
      pool.socket.close();
    } catch {
      // Closed already: it broke twice.
    }
  }
}
