// A connection that a policy speaks over: octets out, and a line, a count of octets or everything in. Nothing is read from the other side
// but while somebody asks, so that what it sends without end waits in its own memory. Owns the socket; knows no protocol.
import type { Socket } from 'node:net';
import { ByteQueue } from '../base/byte-queue.ts';
import type { Clock } from '../base/clock.ts';
import { codeOf } from '../base/errors.ts';
import type { ReplySocket } from './reply-socket.ts';

/** `all`: until the other side closes. */
export type Wanted =
  | { readonly kind: 'line' }
  | { readonly kind: 'all' }
  | { readonly kind: 'count'; readonly count: number };

export interface TcpLimits {
  /** Milliseconds for one pause of the other side. */
  readonly pauseMs: number;
  /** Milliseconds for the whole call. */
  readonly wholeMs: number;
}

/** With an error, what came before it. */
export interface Received {
  readonly octets: string;
  readonly error: string | undefined;
}

export interface Sent {
  /** Octets that the system has taken. */
  readonly count: number;
  readonly error: string | undefined;
}

export interface SocketName {
  readonly address: string;
  readonly port: number;
}

/** Handed to the system at once. */
const PIECE = 65_536;

/** Our words are those that scripts compare with. */
export function tcpErrorText(error: Error | undefined): string {
  const code = error && codeOf(error);
  switch (code) {
    case undefined:
    case 'ECONNRESET':
    case 'ECONNABORTED':
    case 'EPIPE':
      return 'closed';
    case 'ECONNREFUSED':
      return 'connection refused';
    case 'ETIMEDOUT':
      return 'timeout';
    case 'EHOSTUNREACH':
      return 'No route to host';
    case 'ENETUNREACH':
      return 'Network is unreachable';
    case 'ENOENT':
      return 'No such file or directory';
    case 'EACCES':
      return 'permission denied';
    default:
      return error?.message ?? 'closed';
  }
}

export class TcpStream {
  readonly #socket: ReplySocket;
  readonly #clock: Clock;
  readonly #queue = new ByteQueue();
  readonly #begun: number;
  #ended = false;
  #error: Error | undefined;
  /** A send that ran out of time has left octets behind that may go out or not: nothing can be sent after them. */
  #broken = false;
  #wake: (() => void) | undefined;
  #received = 0;
  #sent = 0;
  readonly local: SocketName;
  readonly peer: SocketName;

  constructor(socket: ReplySocket, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
    this.#begun = clock.monotonic();
    this.local = nameOf(socket.localAddress, socket.localPort);
    this.peer = nameOf(socket.remoteAddress, socket.remotePort);
    const over = (): void => {
      this.#ended = true;
      this.#wake?.();
    };
    socket.on('readable', () => this.#wake?.());
    socket.on('error', (error) => {
      this.#error ??= error;
      over();
    });
    socket.on('end', over).on('close', over);
    if (socket.destroyed) over();
  }

  get socket(): Socket {
    return this.#socket;
  }

  /** Octets received and sent, and seconds since it was opened. */
  get counts(): { readonly received: number; readonly sent: number; readonly age: number } {
    const age = (this.#clock.monotonic() - this.#begun) / 1000;
    return { received: this.#received, sent: this.#sent, age };
  }

  get closed(): boolean {
    return this.#socket.destroyed;
  }

  /** Whether receive would give something, or the end, at once. */
  get readable(): boolean {
    return this.#queue.length > 0 || this.#ended || this.#socket.readableLength > 0;
  }

  /** Calls `wake` once when something has come, or the end. */
  whenReadable(wake: (() => void) | undefined): void {
    this.#wake = wake;
  }

  /** At most `most` octets; with more the connection is given up. At once when they are there. */
  receive(wanted: Wanted, most: number, limits: TcpLimits): Received | Promise<Received> {
    return this.#now(wanted, most) ?? this.#later(wanted, most, limits);
  }

  async #later(wanted: Wanted, most: number, limits: TcpLimits): Promise<Received> {
    const until = this.#clock.monotonic() + limits.wholeMs;
    // Without any time it is looked at once what the system has.
    let pause = Math.max(Math.min(limits.pauseMs, limits.wholeMs), 1);
    for (;;) {
      const woken = await this.#readableWithin(pause);
      const received = this.#now(wanted, most);
      if (received !== undefined) return received;
      if (!woken) return { octets: this.#rest(wanted), error: 'timeout' };
      pause = Math.min(limits.pauseMs, until - this.#clock.monotonic());
    }
  }

  /** All that has come. */
  #rest(wanted: Wanted): string {
    const octets = this.#queue.take(this.#queue.length);
    return wanted.kind === 'line' ? octets.replaceAll('\r', '') : octets;
  }

  #readableWithin(milliseconds: number): Promise<boolean> {
    if (!(milliseconds > 0)) return Promise.resolve(false);
    return new Promise((resolve) => {
      const timer = this.#clock.after(milliseconds, () => settle(false));
      const settle = (woken: boolean): void => {
        timer.cancel();
        this.#wake = undefined;
        resolve(woken);
      };
      this.#wake = () => settle(true);
    });
  }

  /** What is there, when that is enough or all there will ever be. */
  #now(wanted: Wanted, most: number): Received | undefined {
    const queue = this.#queue;
    for (;;) {
      const found = this.#found(wanted);
      if (found !== undefined) return found;
      if (queue.length > most) return this.#tooMuch(most);
      const piece: Buffer | null = this.#socket.destroyed ? null : this.#socket.read();
      if (piece === null) break;
      this.#received += piece.length;
      queue.push(piece);
    }
    if (!this.#ended) return undefined;
    const octets = this.#rest(wanted);
    const whole = wanted.kind === 'all' && octets.length > 0 && this.#error === undefined;
    return { octets, error: whole ? undefined : tcpErrorText(this.#error) };
  }

  #found(wanted: Wanted): Received | undefined {
    const queue = this.#queue;
    switch (wanted.kind) {
      case 'all':
        return undefined;
      case 'line': {
        const length = queue.lineLength();
        if (length === 0) return undefined;
        return { octets: queue.take(length).slice(0, -1).replaceAll('\r', ''), error: undefined };
      }
      case 'count':
        // As a script that asks for none expects it: something has to be there.
        if (queue.length === 0 || queue.length < wanted.count) return undefined;
        return { octets: queue.take(wanted.count), error: undefined };
    }
  }

  #tooMuch(most: number): Received {
    this.close();
    return { octets: '', error: `more than ${most} octets (option tcp-max-size)` };
  }

  /** Sends, and waits until the system has taken everything. */
  async send(octets: Buffer, limits: TcpLimits): Promise<Sent> {
    const until = this.#clock.monotonic() + limits.wholeMs;
    let count = 0;
    while (count < octets.length || octets.length === 0) {
      if (this.#broken || this.#socket.destroyed || this.#socket.writableEnded)
        return { count, error: 'closed' };
      const pause = Math.min(limits.pauseMs, until - this.#clock.monotonic());
      const piece = octets.subarray(count, count + PIECE);
      const error = await this.#write(piece, Math.max(pause, 0));
      if (error !== undefined) return { count, error };
      count += piece.length;
      this.#sent += piece.length;
      if (octets.length === 0) break;
    }
    return { count, error: undefined };
  }

  #write(piece: Buffer, milliseconds: number): Promise<string | undefined> {
    const socket = this.#socket;
    return new Promise((resolve) => {
      const settle = (error: string | undefined): void => {
        timer.cancel();
        socket.off('close', onClose);
        resolve(error);
      };
      const onClose = (): void => settle(tcpErrorText(this.#error));
      // Without time it is looked at once whether the system takes it.
      const timer = this.#clock.after(Math.max(milliseconds, 1), () => {
        this.#broken = true;
        settle('timeout');
      });
      socket.on('close', onClose);
      socket.write(piece, () =>
        settle(socket.writeError === undefined ? undefined : tcpErrorText(socket.writeError)),
      );
    });
  }

  /** Says that we send nothing more. */
  endSending(): void {
    this.#socket.end();
  }

  /** Gives everything up at once. What waits ends with `closed`. Idempotent. */
  close(): void {
    this.#queue.clear();
    this.#socket.destroy();
    this.#ended = true;
    this.#wake?.();
  }
}

const nameOf = (address: string | undefined, port: number | undefined): SocketName => ({
  address: address ?? '',
  port: port ?? 0,
});
