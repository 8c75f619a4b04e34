// Content-Transfer-Encodings undone as the octets arrive (RFC 2045 6.7, 6.8). Lenient as mail programs are: octets outside the base64
// alphabet and wrong escapes do not stop anything. Called by part.ts. What push returns is overwritten by the next push.
import type { Encoding } from './content-type.ts';

export interface Decoder {
  push(source: Buffer, start: number, end: number): Buffer;
  /** What was held back waiting for more. */
  end(): Buffer;
  /**
   * How many octets of the last result belong to the decoded body. Fewer than its length only when base64 goes on behind its padding:
   * the standard has it end there, some mail programs read on, and a URI there must not stay unseen.
   */
  readonly counted: number;
}

const nothing = Buffer.alloc(0);

/** 0 to 63, or 64 for the padding, or 128 for everything else. */
const base64Values = new Uint8Array(256).fill(128);
for (const [value, character] of [
  ...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=',
].entries())
  base64Values[character.charCodeAt(0)] = value;

export class Base64Decoder implements Decoder {
  #out: Buffer = nothing;
  /** The sextets of an unfinished group of four. */
  #bits = 0;
  #sextets = 0;
  #padded = false;
  counted = 0;
  /** Octets that are neither of the alphabet nor blanks. */
  foreign = false;
  /** More of it behind the padding. */
  behindPadding = false;

  push(source: Buffer, start: number, end: number): Buffer {
    const room = end - start + 3;
    if (this.#out.length < room) this.#out = Buffer.allocUnsafe(room);
    const out = this.#out;
    let length = 0;
    let i = start;
    this.counted = 0;
    let ended = this.#padded;
    const wasEnded = ended;
    while (i < end) {
      if (this.#sextets === 0) {
        for (; i + 4 <= end; i += 4) {
          const a = base64Values[source[i] as number] as number;
          const b = base64Values[source[i + 1] as number] as number;
          const c = base64Values[source[i + 2] as number] as number;
          const d = base64Values[source[i + 3] as number] as number;
          if ((a | b | c | d) > 63) break;
          out[length] = (a << 2) | (b >> 4);
          out[length + 1] = (b << 4) | (c >> 2);
          out[length + 2] = (c << 6) | d;
          length += 3;
        }
        if (i >= end) break;
      }
      const value = base64Values[source[i++] as number] as number;
      if (value > 64 && (source[i - 1] as number) > 32) this.foreign = true;
      if (value < 64) {
        this.#bits = (this.#bits << 6) | value;
        if (++this.#sextets === 4) length = this.#flush(out, length);
      } else if (value === 64) {
        length = this.#flush(out, length);
        if (!ended) {
          this.counted = length;
          this.#padded = ended = true;
        }
      }
    }
    if (!ended) this.counted = length;
    else if (length > (wasEnded ? 0 : this.counted)) this.behindPadding = true;
    return out.subarray(0, length);
  }

  end(): Buffer {
    const out = Buffer.allocUnsafe(3);
    const length = this.#flush(out, 0);
    this.counted = this.#padded ? 0 : length;
    return out.subarray(0, length);
  }

  /** Writes the whole octets of the group begun: 4 sextets are 3, 3 are 2, 2 are 1, 1 is none. */
  #flush(out: Buffer, at: number): number {
    const octets = this.#sextets === 0 ? 0 : this.#sextets - 1;
    const bits = this.#bits << (6 * (4 - this.#sextets));
    if (octets > 0) out[at] = (bits >> 16) & 255;
    if (octets > 1) out[at + 1] = (bits >> 8) & 255;
    if (octets > 2) out[at + 2] = bits & 255;
    this.#bits = 0;
    this.#sextets = 0;
    return at + octets;
  }
}

const EQUALS = 61;
const CR = 13;
const LF = 10;
/** Blanks between the equal sign of a soft line break and the line end that are waited for. */
const maxPadding = 1000;

const hexValues = new Int8Array(256).fill(-1);
for (let i = 0; i < 16; i++) {
  hexValues[i.toString(16).charCodeAt(0)] = i;
  hexValues[i.toString(16).toUpperCase().charCodeAt(0)] = i;
}

export class QuotedPrintableDecoder implements Decoder {
  #held: Buffer = nothing;
  #out: Buffer = nothing;
  counted = 0;

  push(chunk: Buffer, from: number, to: number): Buffer {
    const held = this.#held.length > 0;
    const source = held ? Buffer.concat([this.#held, chunk.subarray(from, to)]) : chunk;
    const end = held ? source.length : to;
    const start = held ? 0 : from;
    this.#held = nothing;
    if (this.#out.length < end - start) this.#out = Buffer.allocUnsafe(end - start);
    const out = this.#out;
    let length = 0;
    let i = start;
    while (i < end) {
      const byte = source[i] as number;
      if (byte !== EQUALS) {
        out[length++] = byte;
        i++;
        continue;
      }
      const high = i + 1 < end ? (hexValues[source[i + 1] as number] as number) : -1;
      const low = i + 2 < end ? (hexValues[source[i + 2] as number] as number) : -1;
      if (high >= 0 && low >= 0) {
        out[length++] = high * 16 + low;
        i += 3;
        continue;
      }
      const next = afterSoftBreak(source, i + 1, end);
      if (next > 0) {
        i = next;
      } else if (next === incomplete || (high >= 0 && i + 2 >= end)) {
        this.#held = Buffer.from(source.subarray(i, end));
        break;
      } else {
        out[length++] = EQUALS;
        i++;
      }
    }
    this.counted = length;
    return out.subarray(0, length);
  }

  end(): Buffer {
    const held = this.#held;
    this.#held = nothing;
    // A soft line break at the very end joins nothing; half an escape is kept as it is.
    const result = /^=[ \t]*\r?$/.test(held.toString('latin1')) ? nothing : held;
    this.counted = result.length;
    return result;
  }
}

const incomplete = -1;
const noBreak = 0;

/** Behind `=`: where the next line begins, or `incomplete` when the source ends first, or `noBreak`. */
function afterSoftBreak(source: Buffer, start: number, end: number): number {
  let i = start;
  while (i < end && (source[i] === 32 || source[i] === 9)) {
    if (i - start >= maxPadding) return noBreak;
    i++;
  }
  if (i < end && source[i] === CR) i++;
  if (i >= end) return incomplete;
  return source[i] === LF ? i + 1 : noBreak;
}

/** undefined for the encodings that leave the octets as they are. */
export function createDecoder(encoding: Encoding): Decoder | undefined {
  if (encoding === 'base64') return new Base64Decoder();
  return encoding === 'quoted-printable' ? new QuotedPrintableDecoder() : undefined;
}
