// UTF-32 as text. What is no code point becomes U+FFFD.
import type { Decoding } from './decoding.ts';

const nothing = Buffer.alloc(0);

export class Utf32Decoding implements Decoding {
  broken = false;
  readonly #little: boolean;
  #held: Buffer = nothing;

  constructor(order: 'le' | 'be') {
    this.#little = order === 'le';
  }

  push(chunk: Buffer): string {
    const bytes = this.#held.length > 0 ? Buffer.concat([this.#held, chunk]) : chunk;
    const whole = bytes.length - (bytes.length % 4);
    this.#held = Buffer.from(bytes.subarray(whole));
    const out = new Uint16Array(whole / 2);
    let length = 0;
    for (let i = 0; i < whole; i += 4) {
      const code = this.#little ? bytes.readUInt32LE(i) : bytes.readUInt32BE(i);
      if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
        this.broken = true;
        out[length++] = 0xfffd;
      } else if (code < 0x10000) out[length++] = code;
      else {
        out[length++] = 0xd800 + ((code - 0x10000) >> 10);
        out[length++] = 0xdc00 + ((code - 0x10000) & 0x3ff);
      }
    }
    return Buffer.from(out.buffer, 0, length * 2).toString('utf16le');
  }

  end(): string {
    if (this.#held.length === 0) return '';
    this.broken = true;
    return '\ufffd';
  }
}
