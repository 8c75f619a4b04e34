// The bytes between the 354 and the end of data (RFC 5321 section 4.1.1.4 and 4.5.2): finds CRLF.CRLF and nothing else, takes the
// stuffed dots out, and makes every bare CR or LF a CRLF so that it is never forwarded bare. Several CRs before an LF are one line end, which broken
// scripts send. Pure: fed with chunks in any split.

import { type DataProgress, type Framing, MAX_CRS, MORE, SHORT } from './framing.ts';
import { sharedScanner as scanner } from './newline-scan.ts';

const CR = 13;
const LF = 10;
const DOT = 46;
const CRLF = Buffer.from('\r\n');

/** Where the reader stands between two bytes. A line starts only behind a real CRLF. */
type State = 'line-start' | 'text' | 'cr' | 'dot' | 'dot-cr';

export class DotFraming implements Framing {
  #state: State = 'line-start';
  /** In state 'cr': how many of them were not handed on yet. */
  #crs = 0;
  #bareNewlines = 0;

  get bareNewlines(): number {
    return this.#bareNewlines;
  }

  /** Content that is no lines could not be told from its end. */
  get isBinary(): boolean {
    return false;
  }

  /** The dot stands behind a line end. */
  get added(): number {
    return 0;
  }

  /** Where the content ends is seen only when it is read. */
  get wanted(): number {
    return Number.POSITIVE_INFINITY;
  }

  /** After 'end' it stands at the start of a new message. */
  feed(chunk: Buffer, from: number, emit: (piece: Buffer) => void): DataProgress {
    const length = chunk.length;
    let state = this.#state;
    let i = from;
    /** First byte that was not emitted yet. */
    let start = from;
    let loaded = false;
    const flush = (end: number): void => {
      if (end > start) emit(chunk.subarray(start, end));
    };
    const bare = (next: number): void => {
      emit(CRLF);
      this.#bareNewlines++;
      start = next;
    };
    while (i < length) {
      switch (state) {
        case 'text': {
          if (length - i >= SHORT) {
            if (!loaded) scanner.load(chunk, from);
            loaded = true;
            i = scanner.next(i);
          } else {
            let byte = chunk[i] as number;
            while (byte !== CR && byte !== LF && ++i < length) byte = chunk[i] as number;
          }
          if (i >= length) {
            // The scanner passes over whole lines.
            if (length - from >= 2 && chunk[length - 1] === LF && chunk[length - 2] === CR)
              state = 'line-start';
            break;
          }
          if (chunk[i] === DOT) {
            // Behind an LF: a line starts here if that LF was not a bare one.
            if (i - from >= 2 && chunk[i - 2] === CR && start < i) state = 'line-start';
            else i++;
            break;
          }
          const byte = chunk[i];
          if (byte === LF) {
            flush(i);
            bare(++i);
          } else if (chunk[i + 1] === LF) {
            i += 2;
            state = 'line-start';
          } else {
            flush(i);
            start = ++i;
            this.#crs = 1;
            state = 'cr';
          }
          break;
        }
        case 'line-start':
          if (chunk[i] === DOT) {
            flush(i);
            start = ++i;
            state = 'dot';
          } else state = 'text';
          break;
        case 'dot':
          if (chunk[i] !== CR) state = 'text';
          else if (i + 1 >= length) {
            start = ++i;
            state = 'dot-cr';
          } else if (chunk[i + 1] === LF) {
            this.#state = 'line-start';
            return { kind: 'end', next: i + 2 };
          } else state = 'text';
          break;
        case 'cr':
          if (chunk[i] === LF) {
            this.#bareNewlines += this.#crs - 1;
            emit(CRLF);
            start = ++i;
            state = 'line-start';
          } else if (chunk[i] !== CR) {
            for (; this.#crs > 0; this.#crs--) bare(i);
            state = 'text';
          } else if (++this.#crs > MAX_CRS) {
            this.#crs--;
            bare(++i);
          } else start = ++i;
          break;
        case 'dot-cr':
          if (chunk[i] === LF) {
            this.#state = 'line-start';
            return { kind: 'end', next: i + 1 };
          }
          this.#crs = 1;
          start = i;
          state = 'cr';
          break;
      }
    }
    flush(length);
    this.#state = state;
    return MORE;
  }
}
