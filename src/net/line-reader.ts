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
  /** A line of more than `maxLine` bytes has ended; but for its first HEAD bytes its text is gone. */
  | { readonly kind: 'too-long'; readonly head: string }
  /** A TLS record begins where a line should: no client of ours ends it with a line end. Said as long as nothing is cleared. */
  | { readonly kind: 'tls' }
  /** No complete line is there. */
  | { readonly kind: 'none' };

const NOTHING = Buffer.alloc(0);
const NONE: LineEvent = { kind: 'none' };
/** Enough to tell by which command a line begins. */
const HEAD = 5;
const TLS: LineEvent = { kind: 'tls' };
/** Handshake, version 3.1 at this place (RFC 8446 section 5.1). */
const TLS_RECORD = [22, 3, 1] as const;

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
  /** The head of a line that is too long, while the rest of it is thrown away. */
  #discarding: string | undefined;
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
      if (this.#beginsRecord(chunk, start)) return TLS;
      const end = chunk.indexOf(LF, start);
      if (end < 0) {
        this.#keep(chunk, start);
        this.#advance();
        continue;
      }
      const length = this.#partial.length + end + 1 - start;
      const tooLong = this.#discarding !== undefined || length > this.#maxLine;
      const text = tooLong ? this.#head(chunk, start) : this.#text(chunk, start, end);
      this.#buffered -= length;
      this.#partial.clear();
      this.#discarding = undefined;
      this.#offset = end + 1;
      if (this.#offset === chunk.length) this.#advance();
      return tooLong ? { kind: 'too-long', head: text } : { kind: 'line', text };
    }
    return NONE;
  }

  /** The next raw bytes, as they came, at most `max` of them (all of them without it, else 1 or more); undefined when there are none. To be asked between lines only. */
  take(max = Number.POSITIVE_INFINITY): Buffer | undefined {
    const chunk = this.#chunk;
    if (chunk === undefined) return undefined;
    const start = this.#offset;
    const length = chunk.length - start;
    if (length > max) {
      this.#offset = start + max;
      this.#buffered -= max;
      return chunk.subarray(start, this.#offset);
    }
    this.#buffered -= length;
    this.#advance();
    return start === 0 ? chunk : chunk.subarray(start);
  }

  /** The first bytes that are there, at most `most`, which stay. To be asked before the first line. */
  head(most: number): Buffer {
    const chunk = this.#chunk;
    if (chunk === undefined) return NOTHING;
    const first = chunk.subarray(this.#offset, this.#offset + most);
    if (first.length === most || this.#buffered === first.length) return first;
    const behind = [...this.#ready.slice(this.#at), ...this.#coming.list];
    return Buffer.concat([first, ...behind]).subarray(0, most);
  }

  /** Gives back what `take` gave last, from byte `from` on. Chunks may have been pushed meanwhile, nothing else. */
  unread(chunk: Buffer, from: number): void {
    if (from >= chunk.length) return;
    this.#buffered += chunk.length - from;
    if (this.#chunk !== undefined) {
      const behind = this.#offset === 0 ? this.#chunk : this.#chunk.subarray(this.#offset);
      // It came out of #ready, or all of that was used up before it came.
      if (this.#at > 0) this.#ready[--this.#at] = behind;
      else this.#ready = [behind];
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

  /** The line in hand, which goes on in `chunk`, begins as a TLS record. */
  #beginsRecord(chunk: Buffer, start: number): boolean {
    const kept = this.#partial.length;
    if (kept === 0) {
      // All lines but one in a million end here.
      if (chunk[start] !== TLS_RECORD[0] || this.#discarding !== undefined) return false;
      return chunk[start + 1] === TLS_RECORD[1] && chunk[start + 2] === TLS_RECORD[2];
    }
    if (kept > 2) return false;
    const { view } = this.#partial;
    return TLS_RECORD.every((octet, at) => (at < kept ? view[at] : chunk[start + at - kept]) === octet);
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
    if (this.#discarding === undefined && this.#partial.length + length > this.#maxLine) {
      this.#buffered -= this.#partial.length;
      this.#discarding = this.#head(chunk, start);
      this.#partial.clear();
    }
    if (this.#discarding !== undefined) this.#buffered -= length;
    else this.#partial.add(chunk, start);
  }

  /** Of the line whose bytes from `start` on are in `chunk`. */
  #head(chunk: Buffer, start: number): string {
    if (this.#discarding !== undefined) return this.#discarding;
    const kept = this.#partial.view.toString('latin1', 0, HEAD);
    return kept + chunk.toString('latin1', start, start + HEAD - kept.length);
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
