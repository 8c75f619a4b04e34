// A socket without a network: what is written to it is read by a partner in this process, in order, and no sooner than behind the present
// turn. It takes the place of net.Socket where a client connects.
//
// It must never reach the system: connecting it asks `meet` who is there. What the partner has not read yet is kept: who talks to it waits
// for replies, so that is little.
import { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/** Where a socket was connected to. */
export interface Destination {
  /** An address, or the path of a socket. */
  readonly host: string;
  readonly port: number;
}

/** Who answers there: a stream is handed to whoever serves it; or why there is nobody, as a code of the system. */
export type Meeting =
  | { readonly kind: 'there'; readonly serve: (stream: Duplex) => void }
  | { readonly kind: 'nobody'; readonly code: string }
  /** No answer at all. */
  | { readonly kind: 'silence' };

/** The other end, as whoever serves it sees it. */
class Partner extends Duplex {
  readonly #socket: PairedSocket;

  constructor(socket: PairedSocket) {
    super({ allowHalfOpen: true });
    this.#socket = socket;
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#socket.push(chunk);
    done();
  }

  override _final(done: () => void): void {
    this.#socket.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.#socket.destroyed) this.#socket.push(null);
    done(error);
  }
}

export class PairedSocket extends Socket {
  readonly #meet: (to: Destination) => Meeting;
  #partner: Partner | undefined;

  constructor(meet: (to: Destination) => Meeting) {
    super({ allowHalfOpen: false });
    this.#meet = meet;
  }

  // As dial calls it.
  override connect(to: unknown): this {
    const { host = '', path, port = 0 } = to as { host?: string; path?: string; port?: number };
    const meeting = this.#meet({ host: path ?? host, port });
    process.nextTick(() => {
      if (this.destroyed) return;
      switch (meeting.kind) {
        case 'nobody':
          this.destroy(Object.assign(new Error(`connect ${meeting.code}`), { code: meeting.code }));
          return;
        case 'silence':
          return;
        case 'there':
          this.#partner = new Partner(this);
          this.emit('connect');
          meeting.serve(this.#partner);
      }
    });
    return this;
  }

  override setNoDelay(): this {
    return this;
  }

  override ref(): this {
    return this;
  }

  override unref(): this {
    return this;
  }

  override _read(): void {}

  override _write(chunk: Buffer | string, encoding: BufferEncoding, done: () => void): void {
    this.#partner?.push(typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk);
    done();
  }

  override _writev(chunks: { chunk: Buffer | string; encoding: BufferEncoding }[], done: () => void): void {
    for (const { chunk, encoding } of chunks)
      this.#partner?.push(typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk);
    done();
  }

  override _final(done: () => void): void {
    this.#partner?.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const partner = this.#partner;
    if (partner !== undefined && !partner.destroyed && !partner.readableEnded) partner.push(null);
    done(error);
  }
}
