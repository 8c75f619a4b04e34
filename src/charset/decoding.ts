// Octets of a charset as text, while they stream in. Node's decoders do most; what they have no name for is done by the small ones beside
// this file. Never throws: what is no text in the charset becomes U+FFFD. The same text for any split of the octets.
import { TextDecoder } from 'node:util';
import { EbcdicDecoding } from './ebcdic.ts';
import type { Charset } from './label.ts';
import { ShiftedDecoding } from './shifted.ts';
import { Utf7Decoding } from './utf7.ts';
import { Utf32Decoding } from './utf32.ts';

export interface Decoding {
  /** Text of the octets so far that are whole characters. */
  push(bytes: Buffer): string;
  /** What was held back waiting for more. */
  end(): string;
  /** Something was no text in this charset. */
  readonly broken: boolean;
}

/** Undefined where the octets are to be taken as they are. UTF-16 and UTF-32 without byte order are read big-endian (RFC 2781 4.3). */
export function createDecoding(charset: Charset): Decoding | undefined {
  switch (charset.kind) {
    case 'octets':
      return undefined;
    case 'single':
    case 'multiple':
      return new NodeDecoding(charset.label);
    case 'shifted':
      return new ShiftedDecoding(charset.label, (label) => new NodeDecoding(label));
    case 'utf-7':
      return new Utf7Decoding();
    case 'utf-16':
      return new NodeDecoding(charset.order === 'le' ? 'utf-16le' : 'utf-16be');
    case 'utf-32':
      return new Utf32Decoding(charset.order ?? 'be');
    case 'ebcdic':
      return new EbcdicDecoding(charset.page);
  }
}

class NodeDecoding implements Decoding {
  readonly #decoder: TextDecoder;
  broken = false;

  constructor(label: string) {
    this.#decoder = new TextDecoder(label);
  }

  push(bytes: Buffer): string {
    return this.#seen(this.#decoder.decode(bytes, { stream: true }));
  }

  end(): string {
    return this.#seen(this.#decoder.decode());
  }

  #seen(text: string): string {
    if (!this.broken && text.includes('\ufffd')) this.broken = true;
    return text;
  }
}

/** A whole value (an encoded word, a parameter) as text; octets that nobody declared are UTF-8 if they can be, else Latin-1. */
export function decodeOctets(bytes: Buffer, charset: Charset): string {
  const decoding = createDecoding(charset);
  if (decoding !== undefined) return decoding.push(bytes) + decoding.end();
  const text = bytes.toString('utf8');
  return text.includes('\ufffd') ? bytes.toString('latin1') : text;
}
