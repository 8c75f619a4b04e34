// Bytes to command lines (RFC 5321 section 2.3.8 and 4.1.1), in any split. Lines end in CRLF; a bare LF is taken as a line end too, a bare
// CR is not. Pure: the session pushes chunks and asks for lines; while a message is received it takes the raw bytes instead. Bytes are
// copied only when a line straddles chunks, or when small chunks wait for their turn. Time and memory go with the bytes, however they are cut.

import { Octets } from '../base/octets.ts';
import { Pieces } from '../base/pieces.ts';

const CR = 13;
const LF = 10;

export type LineEvent =
  /** A line without its line end, one character a byte. */
  | { readonly kind: 'line'; readonly text: string }
  /** A line of more than `maxLine` bytes has ended; its text is gone. */
  | { readonly kind: 'too-long' }
  /** No complete line is there. */
  | { readonly kind: 'none' };

const NONE: LineEvent = { kind: 'none' };
const TOO_LONG: LineEvent = { kind: 'too-long' };

export class LineReader {
  readonly #maxLine: number;
  /** The chunk being read and the first byte not used. */
  #chunk: Buffer | undefined;
  #offset = 0;
  /** Chunks behind #chunk from #at on, then those that came since. Taking the next one costs the same however many wait. */
  #ready: Buffer[] = [];
  #at = 0;
  readonly #coming = new Pieces();
  /** The beginning of a line whose end has not come. */
  readonly #partial = new Octets();
  #discarding = false;
  #buffered = 0;

  /** `maxLine`: the most bytes of a line, line end included. */
  constructor(maxLine: number) {
    this.#maxLine = maxLine;
  }

  /** Bytes pushed and not given out yet, the beginning of an incomplete line included. */
  get buffered(): number {
    return this.#buffered;
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#buffered += chunk.length;
    if (this.#chunk === undefined) {
      this.#chunk = chunk;
      this.#offset = 0;
    } else this.#coming.add(chunk);
  }

  next(): LineEvent {
    for (let chunk = this.#chunk; chunk !== undefined; chunk = this.#chunk) {
      const start = this.#offset;
      const end = chunk.indexOf(LF, start);
      if (end < 0) {
        this.#keep(chunk, start);
        this.#advance();
        continue;
      }
      const length = this.#partial.length + end + 1 - start;
      const tooLong = this.#discarding || length > this.#maxLine;
      const text = tooLong ? '' : this.#text(chunk, start, end);
      this.#buffered -= length;
      this.#partial.clear();
      this.#discarding = false;
      this.#offset = end + 1;
      if (this.#offset === chunk.length) this.#advance();
      return tooLong ? TOO_LONG : { kind: 'line', text };
    }
    return NONE;
  }

  /** The next raw bytes, as they came; undefined when there are none. To be asked between lines only. */
  take(): Buffer | undefined {
    const chunk = this.#chunk;
    if (chunk === undefined) return undefined;
    const rest = this.#offset === 0 ? chunk : chunk.subarray(this.#offset);
    this.#buffered -= rest.length;
    this.#advance();
    return rest;
  }

  /** Gives back what `take` gave last, from byte `from` on. Chunks may have been pushed meanwhile, nothing else. */
  unread(chunk: Buffer, from: number): void {
    if (from >= chunk.length) return;
    this.#buffered += chunk.length - from;
    if (this.#chunk !== undefined) {
      // It came out of #ready, or all of that was used up before it came.
      if (this.#at > 0) this.#ready[--this.#at] = this.#chunk;
      else this.#ready = [this.#chunk];
    }
    this.#chunk = chunk;
    this.#offset = from;
  }

  /** Forgets everything (the session is over). */
  clear(): void {
    this.#chunk = undefined;
    this.#ready = [];
    this.#at = 0;
    this.#coming.clear();
    this.#partial.clear();
    this.#buffered = 0;
  }

  #advance(): void {
    if (this.#at === this.#ready.length && this.#coming.length > 0) {
      this.#ready = this.#coming.take();
      this.#at = 0;
    }
    this.#chunk = this.#ready[this.#at];
    if (this.#chunk !== undefined) this.#at++;
    else if (this.#at > 0) {
      this.#ready = [];
      this.#at = 0;
    }
    this.#offset = 0;
  }

  /** Keeps the beginning of a line, or counts it off when the line is too long anyway. */
  #keep(chunk: Buffer, start: number): void {
    const length = chunk.length - start;
    if (!this.#discarding && this.#partial.length + length > this.#maxLine) {
      this.#buffered -= this.#partial.length;
      this.#partial.clear();
      this.#discarding = true;
    }
    if (this.#discarding) this.#buffered -= length;
    else this.#partial.add(chunk, start);
  }

  #text(chunk: Buffer, start: number, end: number): string {
    if (this.#partial.length === 0) {
      return chunk.toString('latin1', start, end > start && chunk[end - 1] === CR ? end - 1 : end);
    }
    this.#partial.add(chunk, start, end);
    const line = this.#partial.view;
    const last = line.length - 1;
    return line.toString('latin1', 0, line[last] === CR ? last : last + 1);
  }
}
