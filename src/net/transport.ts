// One connection that was accepted, as whoever serves it sees it: the only owner of its stream. Octets in and out, a pause, our side closed,
// a linger so that the last words are read, TLS laid over it. One user at a time, who may hand it on to the next.
//
// It must never keep input (what a user does not want to have read is given back to the stream, `unread`), never read what the octets say,
// never write of its own, and never tell a user anything after `closed`. No timer but that of the linger and of `send`: deadlines are the
// user's. TLS lies over the stream and not over this: whoever holds a Transport goes on holding it when it is secured.
import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '../base/clock.ts';

/** Who uses the connection at present. Called from the stream's events, never from within a call of the Transport. */
export interface TransportUser {
  received(chunk: Buffer): void;
  /** The other side has closed its side, and may still read (RFC 9293 section 3.6). */
  inputEnded(): void;
  /** The other side has read again after `stalled` was true. */
  drained(): void;
  /** The stream is broken; `closed` follows. */
  failed(error: Error): void;
  /** Once, and nothing after it. */
  closed(): void;
}

export type SendOutcome =
  /** The system has the octets. */
  | { readonly kind: 'written' }
  /** It had not taken them in time; they are still on their way. */
  | { readonly kind: 'timeout' }
  /** Our side is closed, or the connection. */
  | { readonly kind: 'closed' };

export type SecureOutcome =
  | { readonly kind: 'secured' }
  /** The handshake failed or the other side has gone; the connection is closed. */
  | { readonly kind: 'lost'; readonly cause: string };

/** Where a stream has the transport that owns it. */
const carrier = Symbol('transport');
type Carried = Duplex & { [carrier]?: Transport | undefined };

const WRITTEN: SendOutcome = { kind: 'written' };
const TIMEOUT: SendOutcome = { kind: 'timeout' };
const CLOSED: SendOutcome = { kind: 'closed' };

export class Transport {
  readonly #clock: Clock;
  readonly #released: (() => void) | undefined;
  #stream: Carried;
  #user: TransportUser | undefined;
  /** The stream has our listener for data. */
  #reading = false;
  #stalled = false;
  #ended = false;
  #linger: Timer | undefined;
  // The same functions for all connections, which find the one that they are for at the stream: five closures each would be a third of a KiB.
  static readonly #onData = function (this: Carried, chunk: Buffer): void {
    const transport = this[carrier];
    if (transport !== undefined) transport.#user?.received(chunk);
  };
  static readonly #onEnd = function (this: Carried): void {
    const transport = this[carrier];
    if (transport !== undefined) transport.#user?.inputEnded();
  };
  static readonly #onError = function (this: Carried, error: Error): void {
    const transport = this[carrier];
    if (transport !== undefined) transport.#user?.failed(error);
  };
  static readonly #onDrain = function (this: Carried): void {
    const transport = this[carrier];
    if (transport !== undefined) transport.#drained();
  };
  static readonly #onClose = function (this: Carried): void {
    const transport = this[carrier];
    if (transport !== undefined) transport.#closed();
  };

  /** Nothing is read before `use`. `released` is called when the connection is closed, before the user hears of it. */
  constructor(stream: Duplex, clock: Clock, released?: () => void) {
    this.#stream = stream;
    this.#clock = clock;
    this.#released = released;
    this.#attach(stream);
  }

  /** True when the connection is closed or about to be. */
  get destroyed(): boolean {
    return this.#stream.destroyed;
  }

  /** True when it is closed, and whoever used it has been told. Nobody who uses it from now on will be. */
  get closed(): boolean {
    return this.#stream[carrier] === undefined;
  }

  /** True when so much is waiting to be sent that no more should be written. */
  get stalled(): boolean {
    return this.#stalled;
  }

  /** From now on `user` is told what happens, and reading begins or goes on. */
  use(user: TransportUser): void {
    this.#user = user;
    if (this.#reading) this.resume();
    else this.#read();
  }

  /** Nobody is told anything, and nothing is read, until the next `use`. A connection that closes meanwhile is `destroyed`. */
  release(): void {
    this.#user = undefined;
    this.#stream.pause();
  }

  /** Gives back octets that came last, for the next user to read first. To be called from `received`, before anything is awaited. */
  unread(rest: Buffer): void {
    // A stream that flows would hand them out again at once.
    this.#stream.pause();
    if (rest.length > 0) this.#stream.unshift(rest);
  }

  pause(): void {
    this.#stream.pause();
  }

  /** Nothing happens when it was not paused. */
  resume(): void {
    if (this.#stream.isPaused()) this.#stream.resume();
  }

  /** Sends a text (latin1). See `stalled`. Dropped when our side is closed. */
  write(text: string): void {
    if (this.#ended || this.#stream.destroyed) return;
    if (!this.#stream.write(text, 'latin1')) this.#stalled = true;
  }

  /**
   * Sends octets; resolves when the system took them, after `timeoutMs`, or when the connection is closed. Without `timeoutMs` whoever calls it
   * keeps the deadline, and calls `destroy` when that has passed. Never rejects.
   */
  send(bytes: Buffer, timeoutMs?: number): Promise<SendOutcome> {
    const stream = this.#stream;
    if (this.#ended || stream.destroyed) return Promise.resolve(CLOSED);
    return new Promise((resolve) => {
      const done = (outcome: SendOutcome): void => {
        timer?.cancel();
        stream.off('close', closed);
        resolve(outcome);
      };
      const closed = (): void => done(CLOSED);
      const timer = timeoutMs === undefined ? undefined : this.#clock.after(timeoutMs, () => done(TIMEOUT));
      stream.once('close', closed);
      if (!stream.write(bytes, (error) => done(error ? CLOSED : WRITTEN))) this.#stalled = true;
    });
  }

  /** Closes our side behind what was written; the other side may go on. Idempotent. */
  end(): void {
    this.#ended = true;
    if (!this.#stream.destroyed) this.#stream.end();
  }

  /**
   * Closes our side and reads on for `ms`, for the user to drop: the reset that comes of octets nobody has read would take the last words
   * away from the other side. Then everything is closed.
   */
  linger(ms: number): void {
    if (this.#stream.destroyed) return;
    this.end();
    if (!this.#reading) this.#read();
    // Also when it was not paused: nothing may hold up what is to be dropped.
    this.#stream.resume();
    this.#linger ??= this.#clock.after(ms, () => this.destroy());
  }

  /** Closes as soon as the system has what was written, whether the other side has read it or not. */
  closeSoon(): void {
    this.#ended = true;
    this.#stream.end(() => this.destroy());
  }

  /** Closes at once. Idempotent. */
  destroy(): void {
    this.#stream.destroy();
  }

  /**
   * Lays TLS over the connection: `cover` makes it of the stream, which then has no listener of ours (`new TLSSocket(stream, { isServer:
   * true, ... })`); what was given back to the stream is the beginning of the handshake. The user hears of failure and close as before;
   * when it is secured, nothing that comes inside is read until the next `use`. Everything written must have been taken (RFC 3207
   * section 4: the 220 is the last word in clear), and whatever a user has read in clear and kept is his to drop. Never rejects; who calls
   * it keeps the deadline, and calls `destroy` when that has passed.
   */
  secure(cover: (stream: Duplex) => Duplex): Promise<SecureOutcome> {
    const below = this.#stream;
    if (below.destroyed) return Promise.resolve({ kind: 'lost', cause: 'closed before the TLS handshake' });
    this.#detach(below);
    const stream: Carried = cover(below);
    stream[carrier] = this;
    this.#stream = stream;
    this.#stalled = false;
    return new Promise((resolve) => {
      let cause = 'closed during the TLS handshake';
      const failed = (error: Error): void => {
        cause = error.message;
      };
      const ended = (): void => this.destroy();
      const settle = (outcome: SecureOutcome): void => {
        stream.off('secure', secured).off('error', failed).off('end', ended).off('close', closed);
        resolve(outcome);
      };
      const closed = (): void => settle({ kind: 'lost', cause });
      const secured = (): void => {
        stream.pause();
        stream.on('end', Transport.#onEnd);
        settle({ kind: 'secured' });
      };
      // In front of the user, who may let go of everything when he hears of it.
      stream.on('secure', secured).on('error', failed).on('end', ended).on('close', closed);
      stream.on('error', Transport.#onError).on('drain', Transport.#onDrain).on('close', Transport.#onClose);
      // Without it the end of the other side would not be seen.
      this.#read();
    });
  }

  #drained(): void {
    if (!this.#stalled) return;
    this.#stalled = false;
    this.#user?.drained();
  }

  #closed(): void {
    this.#stream[carrier] = undefined;
    this.#linger?.cancel();
    this.#released?.();
    const user = this.#user;
    this.#user = undefined;
    user?.closed();
  }

  #read(): void {
    this.#reading = true;
    this.#stream.on('data', Transport.#onData);
    // A stream that was paused before does not flow by that.
    this.resume();
  }

  #attach(stream: Carried): void {
    stream[carrier] = this;
    stream.on('end', Transport.#onEnd).on('error', Transport.#onError).on('drain', Transport.#onDrain);
    stream.on('close', Transport.#onClose);
  }

  #detach(stream: Carried): void {
    stream[carrier] = undefined;
    stream.off('data', Transport.#onData).off('end', Transport.#onEnd).off('error', Transport.#onError);
    stream.off('drain', Transport.#onDrain).off('close', Transport.#onClose);
    // What lies on top reports the errors of this one.
    stream.on('error', () => undefined);
  }
}
