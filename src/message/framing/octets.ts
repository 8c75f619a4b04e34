// The framing of BDAT (RFC 3030 section 2): pieces of so many octets, in which nothing ends the message and no dot is doubled. Line ends are
// made what they are made in DATA, also where a CR stands at the end of one piece and its LF at the beginning of the next, so that no one
// behind it can tell by which command a message came; but binary content (section 3) is handed on as it came. Pure: fed with chunks in any split.
import { type DataProgress, type Framing, MAX_CRS, MORE, SHORT } from './framing.ts';
import { sharedScanner as scanner } from './newline-scan.ts';

const CR = 13;
const LF = 10;
const DOT = 46;
const CRLF = Buffer.from('\r\n');
const ONE_CR = CRLF.subarray(0, 1);

export class OctetsFraming implements Framing {
  readonly isBinary: boolean;
  #left = 0;
  #last = false;
  /** CRs at the end of what was read that were not handed on yet: an LF may follow. */
  #crs = 0;
  /** What was handed on ends with a line end, or is nothing. */
  #whole = true;
  #bareNewlines = 0;
  #added = 0;

  /** `isBinary`: BINARYMIME, each octet as it came. */
  constructor(isBinary = false) {
    this.isBinary = isBinary;
  }

  get bareNewlines(): number {
    return this.#bareNewlines;
  }

  get wanted(): number {
    return this.#left;
  }

  /** Octets of the content that did not come: 2 when the last line had no end and was given one, else 0. */
  get added(): number {
    return this.#added;
  }

  /** `size` octets come next, from 0 on; with the last of them, when `last`, the message ends. To be called when nothing is `wanted`. */
  begin(size: number, last: boolean): void {
    this.#left = size;
    this.#last = last;
  }

  /** To be called with an empty chunk when a piece has no octets: its end has to be told, too. */
  feed(chunk: Buffer, from: number, emit: (piece: Buffer) => void): DataProgress {
    const next = Math.min(chunk.length, from + this.#left);
    this.#left -= next - from;
    if (this.isBinary) this.#pass(chunk, from, next, emit);
    else if (next > from) this.#read(next === chunk.length ? chunk : chunk.subarray(0, next), from, emit);
    if (this.#left > 0) return MORE;
    if (!this.#last) return { kind: 'chunk', next };
    if (this.isBinary) this.#endCr(emit);
    else this.#end(emit);
    return { kind: 'end', next };
  }

  /** As they came. A CR at the end waits for what comes next: no piece ends within a CRLF. */
  #pass(chunk: Buffer, from: number, end: number, emit: (piece: Buffer) => void): void {
    if (from === end) return;
    let start = from;
    if (this.#crs > 0 && chunk[from] === LF) {
      this.#crs = 0;
      emit(CRLF);
      start++;
    } else this.#endCr(emit);
    let stop = end;
    if (stop > start && chunk[stop - 1] === CR) {
      this.#crs = 1;
      stop--;
    }
    if (stop > start) emit(chunk.subarray(start, stop));
  }

  /** The CR that waited has no LF. */
  #endCr(emit: (piece: Buffer) => void): void {
    if (this.#crs === 0) return;
    this.#crs = 0;
    emit(ONE_CR);
  }

  #read(chunk: Buffer, from: number, emit: (piece: Buffer) => void): void {
    const length = chunk.length;
    let i = this.#crs > 0 ? this.#endOfCrs(chunk, from, emit) : from;
    /** First octet that was not emitted yet. */
    let start = i;
    let loaded = false;
    while (i < length) {
      if (length - i >= SHORT) {
        if (!loaded) scanner.load(chunk, from);
        loaded = true;
        i = scanner.next(i);
      } else {
        let octet = chunk[i] as number;
        while (octet !== CR && octet !== LF && ++i < length) octet = chunk[i] as number;
      }
      if (i >= length) break;
      if (chunk[i] === DOT) i++;
      else if (chunk[i] === CR && chunk[i + 1] === LF) i += 2;
      else {
        if (i > start) emit(chunk.subarray(start, i));
        if (chunk[i] === LF) {
          this.#bare(emit);
          i++;
        } else {
          this.#crs = 1;
          i = this.#endOfCrs(chunk, i + 1, emit);
        }
        start = i;
      }
    }
    if (start >= length) return;
    emit(chunk.subarray(start));
    // No other LF is left than those of a CRLF.
    this.#whole = chunk[length - 1] === LF;
  }

  /** Behind a CR: gives where the text goes on. At the end of the chunk that is still open. */
  #endOfCrs(chunk: Buffer, from: number, emit: (piece: Buffer) => void): number {
    let i = from;
    for (; chunk[i] === CR; i++) {
      if (this.#crs === MAX_CRS) this.#bare(emit);
      else this.#crs++;
    }
    if (i === chunk.length) return i;
    if (chunk[i] === LF) {
      this.#bareNewlines += this.#crs - 1;
      this.#crs = 0;
      this.#lineEnd(emit);
      return i + 1;
    }
    for (; this.#crs > 0; this.#crs--) this.#bare(emit);
    return i;
  }

  #bare(emit: (piece: Buffer) => void): void {
    this.#bareNewlines++;
    this.#lineEnd(emit);
  }

  #lineEnd(emit: (piece: Buffer) => void): void {
    this.#whole = true;
    emit(CRLF);
  }

  /** DATA cannot end but behind a line end, and everybody behind it relies on one. */
  #end(emit: (piece: Buffer) => void): void {
    for (; this.#crs > 0; this.#crs--) this.#bare(emit);
    if (this.#whole) return;
    this.#added = CRLF.length;
    this.#lineEnd(emit);
  }
}
