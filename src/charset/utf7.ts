// UTF-7 (RFC 2152) as text. Lenient: `+` begins Base64 of UTF-16 wherever it stands, and anything else than Base64 ends it.
import type { Decoding } from './decoding.ts';

const PLUS = 43;
const MINUS = 45;

const values = new Int8Array(128).fill(-1);
for (const [value, character] of [
  ...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
].entries())
  values[character.charCodeAt(0)] = value;

export class Utf7Decoding implements Decoding {
  broken = false;
  #shifted = false;
  /** Nothing came yet behind the `+`. */
  #empty = false;
  #bits = 0;
  #count = 0;

  push(bytes: Buffer): string {
    const out = new Uint16Array(bytes.length);
    let length = 0;
    for (const byte of bytes) {
      if (!this.#shifted) {
        if (byte === PLUS) {
          this.#shifted = this.#empty = true;
          this.#bits = this.#count = 0;
        } else out[length++] = byte;
        continue;
      }
      const value = byte < 128 ? (values[byte] as number) : -1;
      if (value >= 0) {
        this.#empty = false;
        this.#bits = ((this.#bits << 6) | value) & 0x3fffff;
        this.#count += 6;
        if (this.#count >= 16) {
          this.#count -= 16;
          out[length++] = (this.#bits >> this.#count) & 0xffff;
        }
        continue;
      }
      this.#shifted = false;
      if (byte !== MINUS) out[length++] = byte;
      else if (this.#empty) out[length++] = PLUS;
    }
    return Buffer.from(out.buffer, 0, length * 2).toString('utf16le');
  }

  end(): string {
    return '';
  }
}
