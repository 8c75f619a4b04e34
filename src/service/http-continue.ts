// Takes `100 Continue` out of what a web server sends: a server may send it unasked, and a client must pass over it (RFC 9110
// section 15.2). undici takes it for the end of the connection. No I/O; whatever the pieces, the same octets come out.

const START = Buffer.from('HTTP/1.1 100');
const HEAD_END = Buffer.from('\r\n\r\n');
/** A server that sends more of them than this never answers. */
const MOST = 16;
/** The most one of them may have. */
const MAX_HEAD = 8192;

const NOTHING = Buffer.alloc(0);

export class ContinueFilter {
  /** What may become the head of a `100 Continue`; undefined once the response itself has begun. */
  #held: Buffer | undefined = NOTHING;
  #passed = 0;

  /** A request is about to be sent: what comes next is the beginning of its response. */
  begin(): void {
    this.#held = NOTHING;
    this.#passed = 0;
  }

  /** What is left of this piece and of what was held before it; empty when all is held or was passed over. */
  push(piece: Buffer): Buffer {
    if (this.#held === undefined) return piece;
    this.#held = this.#held.length === 0 ? piece : Buffer.concat([this.#held, piece]);
    for (;;) {
      const held: Buffer = this.#held;
      const compared = Math.min(held.length, START.length);
      const isStart = held.compare(START, 0, compared, 0, compared) === 0;
      if (!isStart || this.#passed >= MOST) return this.#release(held);
      const end = held.indexOf(HEAD_END);
      if (end < 0) return held.length > MAX_HEAD ? this.#release(held) : NOTHING;
      this.#passed++;
      this.#held = held.subarray(end + HEAD_END.length);
      if (this.#held.length === 0) return NOTHING;
    }
  }

  #release(held: Buffer): Buffer {
    this.#held = undefined;
    return held;
  }
}
