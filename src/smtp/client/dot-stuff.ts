// Turns stored content into what goes over the wire. Between 354 and the final dot: dots at line starts doubled (RFC 5321 section
// 4.5.2), bare CR and LF made CRLF so that nothing bare is ever sent, the end of the last line supplied. Pure: fed with pieces in any
// split; pieces that need no change pass through uncopied. Used by converse; one stuffer for each message sent.

import { sharedScanner as scanner } from '../../message/framing/newline-scan.ts';

const CR = 13;
const LF = 10;
const DOT = 46;

/** What the last byte given was. `start`: a line begins here. */
type State = 'start' | 'text' | 'cr';

const NOTHING = Buffer.alloc(0);
const LF_ONLY = Buffer.from('\n');
const CRLF_ONLY = Buffer.from('\r\n');
const END_OF_DATA = Buffer.from('.\r\n');
const END_OF_LINE_AND_DATA = Buffer.from('\r\n.\r\n');
const LF_AND_END_OF_DATA = Buffer.from('\n.\r\n');

export class DotStuffer {
  readonly #dots: boolean;
  #state: State = 'start';

  /** `dots`: for DATA; without it for BDAT (RFC 3030), where no dot means anything and nothing ends the message. */
  constructor(dots = true) {
    this.#dots = dots;
  }

  /** The encoded form of the next piece, at most LONGEST_SCAN octets: the piece itself when nothing had to be changed. */
  encode(piece: Buffer): Buffer {
    const length = piece.length;
    if (length === 0) return NOTHING;
    const clean = this.#cleanPrefix(piece);
    if (clean === length) return piece;
    // At most one byte is added for each byte that is left, and an LF in front of the first.
    const out = Buffer.allocUnsafe(clean + 2 * (length - clean) + 1);
    piece.copy(out, 0, 0, clean);
    return out.subarray(0, this.#rewrite(piece, clean, out));
  }

  /** What must follow the last piece: the end of an unfinished line, and the final dot of DATA. */
  finish(): Buffer {
    const state = this.#state;
    this.#state = 'start';
    if (!this.#dots) return state === 'start' ? NOTHING : state === 'cr' ? LF_ONLY : CRLF_ONLY;
    if (state === 'start') return END_OF_DATA;
    return state === 'cr' ? LF_AND_END_OF_DATA : END_OF_LINE_AND_DATA;
  }

  /** Length of the part of the piece that can go as it is; the state is the one behind it. */
  #cleanPrefix(piece: Buffer): number {
    const { length } = piece;
    let from = 0;
    if (this.#state === 'start') {
      if (this.#dots && piece[0] === DOT) return 0;
    } else if (this.#state === 'cr') {
      if (piece[0] !== LF) return 0;
      from = 1;
      if (this.#dots && piece[1] === DOT) {
        this.#state = 'start';
        return 1;
      }
    }
    scanner.load(piece, from);
    for (let at = scanner.next(from); at < length; at = scanner.next(at + 1)) {
      const byte = piece[at];
      if (byte === DOT && !this.#dots) continue;
      // Its LF may come with the next piece.
      if (byte === CR && at === length - 1) {
        this.#state = 'cr';
        return length;
      }
      this.#state = byte === DOT ? 'start' : 'text';
      return at;
    }
    this.#state = piece[length - 1] === LF ? 'start' : 'text';
    return length;
  }

  /** Encodes the piece from `from` on into `out` behind that offset; returns the length of `out`. */
  #rewrite(piece: Buffer, from: number, out: Buffer): number {
    const length = piece.length;
    let state = this.#state;
    let o = from;
    for (let i = from; i < length; i++) {
      const byte = piece[i] as number;
      if (state === 'cr' && byte !== LF) {
        out[o++] = LF;
        state = 'start';
      }
      if (byte === LF) {
        if (state !== 'cr') out[o++] = CR;
        out[o++] = LF;
        state = 'start';
      } else if (byte === CR) {
        out[o++] = CR;
        state = 'cr';
      } else {
        if (this.#dots && byte === DOT && state === 'start') out[o++] = DOT;
        out[o++] = byte;
        state = 'text';
      }
    }
    this.#state = state;
    return o;
  }
}
