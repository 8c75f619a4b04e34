// The body of a message in the form in which it is signed (RFC 6376 3.4.3, 3.4.4), while it comes in: a machine over octets. It remembers
// whether blanks or a CR are pending and how many empty lines, not those themselves. A line ends with CRLF; CR or LF alone is an octet like
// others. Pure.
//
// What comes out is put out in pieces of at most 64 KiB. Empty lines count only when something follows: a long run of them is put out at once
// all the same, behind a `mark` to which `back` returns when nothing does, so that no step has to make up for millions of lines.

import type { Canonicalization } from './canonical-header.ts';

const LF = 10;
const CR = 13;
const SPACE = 32;
const TAB = 9;

/** Octets of input that one round of the machine takes. */
const roundOctets = 65_536;
/** So many empty lines are held back before they are put out behind a mark. */
const heldLines = 16_384;
/** So many are written with the text that follows them. */
const fewLines = 8;
const lines = Buffer.alloc(2 * heldLines, '\r\n');

export interface CanonicalSink {
  /** Octets from `start` to before `end`, which are overwritten when this returns. */
  put(octets: Buffer, start: number, end: number): void;
  /** What is put out from now on is taken back by `back`, or kept by `keep`. */
  mark(): void;
  back(): void;
  keep(): void;
}

export class CanonicalBody {
  /** Octets put out. */
  length = 0;
  readonly #relaxed: boolean;
  readonly #sink: CanonicalSink;
  #out = Buffer.alloc(0);
  #cr = false;
  #blank = false;
  #emptyLines = 0;
  /** The length at the mark; -1 without one. */
  #marked = -1;

  constructor(form: Canonicalization, sink: CanonicalSink) {
    this.#relaxed = form === 'relaxed';
    this.#sink = sink;
  }

  feed(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; at += roundOctets) {
      const end = Math.min(chunk.length, at + roundOctets);
      if (this.#relaxed) this.#relax(chunk, at, end);
      else this.#pass(chunk, at, end);
    }
  }

  end(): void {
    if (this.#cr) {
      this.#flushLines();
      if (this.#blank) this.#put(oneSpace, 0, 1);
      this.#put(lines, 0, 1);
    } else if (this.#marked >= 0) {
      this.length = this.#marked;
      this.#sink.back();
    }
    // The empty body is a line end when simple, and nothing when relaxed.
    if (!this.#relaxed || this.length > 0) this.#put(lines, 0, 2);
  }

  /** simple: everything goes through but the line ends at the end. */
  #pass(chunk: Buffer, from: number, end: number): void {
    let start = from;
    // What is pending may go on in this chunk.
    while (start < end) {
      const octet = chunk[start];
      if (this.#cr && octet === LF) this.#endLine();
      else if (!this.#cr && octet === CR) this.#cr = true;
      else break;
      start++;
    }
    if (start === end) return;
    let last = end;
    let emptyLines = 0;
    const cr = chunk[last - 1] === CR ? 1 : 0;
    last -= cr;
    while (last - 2 >= start && chunk[last - 1] === LF && chunk[last - 2] === CR) {
      last -= 2;
      emptyLines++;
    }
    this.#flushLines();
    if (this.#cr) this.#put(lines, 0, 1);
    this.#put(chunk, start, last);
    for (; emptyLines > 0; emptyLines--) this.#endLine();
    this.#cr = cr === 1;
  }

  #relax(chunk: Buffer, from: number, end: number): void {
    // Each octet taken gives at most one, and before it what was pending: few lines, a blank, a CR.
    if (this.#out.length < end - from + 2 * fewLines + 2)
      this.#out = Buffer.allocUnsafe(end - from + 2 * fewLines + 2);
    const out = this.#out;
    let length = 0;
    let blank = this.#blank;
    let cr = this.#cr;
    let pending = blank || cr || this.#emptyLines > 0 || this.#marked >= 0;
    for (let at = from; at < end; at++) {
      if (!pending) {
        const plain = plainEnd(chunk, at, end);
        length = copy(chunk, at, plain, out, length);
        at = plain;
        if (at === end) break;
      }
      const octet = chunk[at] as number;
      if (cr && octet === LF) {
        cr = false;
        blank = false;
        if (this.#emptyLines + 1 >= heldLines) {
          this.#put(out, 0, length);
          length = 0;
        }
        this.#endLine();
        continue;
      }
      if (!cr && (octet === SPACE || octet === TAB)) {
        blank = true;
        pending = true;
        continue;
      }
      if (!cr && octet === CR) {
        cr = true;
        pending = true;
        continue;
      }
      // Something that counts: what was pending goes before it. A CR that no LF follows is of that kind itself.
      if (this.#emptyLines > fewLines || this.#marked >= 0) {
        this.#put(out, 0, length);
        length = 0;
        this.#flushLines();
      }
      for (; this.#emptyLines > 0; this.#emptyLines--) {
        out[length++] = CR;
        out[length++] = LF;
      }
      if (blank) out[length++] = SPACE;
      blank = false;
      if (cr) {
        cr = false;
        out[length++] = CR;
        pending = false;
        at--; // The octet itself is looked at once more, with nothing pending.
        continue;
      }
      pending = false;
      out[length++] = octet;
    }
    this.#put(out, 0, length);
    this.#blank = blank;
    this.#cr = cr;
  }

  /** A line has ended with nothing in it that was not put out. */
  #endLine(): void {
    this.#cr = false;
    if (++this.#emptyLines < heldLines) return;
    if (this.#marked < 0) {
      this.#marked = this.length;
      this.#sink.mark();
    }
    this.#put(lines, 0, lines.length);
    this.#emptyLines = 0;
  }

  #flushLines(): void {
    if (this.#marked >= 0) {
      this.#marked = -1;
      this.#sink.keep();
    }
    this.#put(lines, 0, 2 * this.#emptyLines);
    this.#emptyLines = 0;
  }

  #put(octets: Buffer, start: number, end: number): void {
    if (end <= start) return;
    this.length += end - start;
    this.#sink.put(octets, start, end);
  }
}

const oneSpace = Buffer.from(' ');

/** Up to where octets stay as they are, with nothing pending behind them: what is no blank and no CR, a blank between two words, the end of a
 * line that begins with something else. Almost every message is one such run. */
function plainEnd(chunk: Buffer, from: number, end: number): number {
  let at = from;
  for (; at < end; at++) {
    const octet = chunk[at] as number;
    if (octet > SPACE) continue;
    if (octet === SPACE) {
      if (at + 1 >= end || (chunk[at + 1] as number) <= SPACE) return at;
      at++;
    } else if (octet === CR) {
      if (at + 2 >= end || chunk[at + 1] !== LF || (chunk[at + 2] as number) <= SPACE) return at;
      at += 2;
    } else if (octet === TAB) return at;
  }
  return end;
}

/** Short runs octet by octet: a call of copy costs as much as some thirty. The new length of `out`. */
function copy(chunk: Buffer, from: number, end: number, out: Buffer, length: number): number {
  if (end - from > 32) {
    chunk.copy(out, length, from, end);
    return length + end - from;
  }
  let to = length;
  for (let at = from; at < end; at++) out[to++] = chunk[at] as number;
  return to;
}
