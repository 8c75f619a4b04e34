// Makes one line of a header field of a response that goes on in the next line (RFC 9112 section 5.2: a client must read such a line end as blanks;
// undici's parser refuses it). No I/O; whatever the pieces, the same octets come out, and what is behind the head is not looked at.
//
// Must never hold more than a line end, or join what stands before the first field (RFC 9112 section 2.2).

const [TAB, LF, CR, SPACE] = [9, 10, 13, 32];
/** Of an interim response, behind which another head comes: `HTTP/1.1 1`. */
const CODE_AT = 9;
const ONE = 49;
/** A line end. */
const MOST_HELD = 2;

export class HeaderFolds {
  #isHead = true;
  #isStatusLine = true;
  #isInterim = false;
  /** Octets of the present line. */
  #column = 0;
  /** The line end, or the beginning of one, that is not given yet. */
  #held: number[] = [];
  /** White space at the beginning of a line that goes on. */
  #isInFold = false;

  /** A request is about to be sent: what comes next is the head of its response. */
  begin(): void {
    this.#isHead = true;
    this.#newHead();
    this.#held = [];
    this.#isInFold = false;
  }

  /** What is left of this piece, with what was held before it; may be empty. */
  push(piece: Buffer): Buffer {
    if (!this.#isHead) return piece;
    const out = Buffer.allocUnsafe(piece.length + MOST_HELD);
    let length = 0;
    const give = (): void => {
      for (const octet of this.#held) out[length++] = octet;
      this.#held = [];
    };
    for (const [at, octet] of piece.entries()) {
      const isBlank = octet === SPACE || octet === TAB;
      if (this.#isInFold && isBlank) continue;
      this.#isInFold = false;
      if (isBlank && this.#held.at(-1) === LF) {
        this.#held = [];
        this.#isInFold = true;
        out[length++] = SPACE;
        continue;
      }
      if (!(octet === LF && this.#held.at(-1) === CR)) give();
      if (octet !== LF && octet !== CR) {
        if (this.#isStatusLine && this.#column === CODE_AT) this.#isInterim = octet === ONE;
        this.#column++;
        out[length++] = octet;
        continue;
      }
      this.#held.push(octet);
      if (octet === CR) continue;
      const isEmpty = this.#column === 0;
      if (isEmpty || this.#isStatusLine) give();
      this.#column = 0;
      this.#isStatusLine = false;
      if (!isEmpty) continue;
      if (this.#isInterim) this.#newHead();
      else {
        this.#isHead = false;
        length += piece.copy(out, length, at + 1);
        break;
      }
    }
    return out.subarray(0, length);
  }

  #newHead(): void {
    this.#column = 0;
    this.#isStatusLine = true;
    this.#isInterim = false;
  }
}
