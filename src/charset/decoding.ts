// Octets of a charset as text, while they stream in. Node's decoders do most; what they have no name for is done by the small ones beside
// this file. Never throws: what is no text in the charset becomes U+FFFD. The same text for any split of the octets.
import { isUtf8 } from 'node:buffer';
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

/** Fewer octets are not given to Node's decoder: it reckons with at most two characters for each, and throws when an error before gives one more. */
const least = 16;
/** Ends what is unfinished in any of the charsets. */
const padding = '\n'.repeat(least);

class NodeDecoding implements Decoding {
  readonly #label: string;
  readonly #wide: boolean;
  #decoder: TextDecoder;
  #held: Buffer = Buffer.alloc(0);
  broken = false;

  constructor(label: string) {
    this.#label = label;
    this.#wide = label.startsWith('utf-16');
    this.#decoder = new TextDecoder(label);
  }

  push(bytes: Buffer): string {
    const octets = this.#held.length > 0 ? Buffer.concat([this.#held, bytes]) : bytes;
    if (octets.length < least) {
      this.#held = Buffer.from(octets);
      return '';
    }
    this.#held = Buffer.alloc(0);
    return this.#decode(octets, false);
  }

  end(): string {
    if (this.#wide) return this.#decode(this.#held, true);
    const text = this.#decode(Buffer.concat([this.#held, Buffer.from(padding)]), false);
    return text.endsWith(padding) ? text.slice(0, -least) : text;
  }

  #decode(octets: Buffer, last: boolean): string {
    let text: string;
    try {
      text = this.#decoder.decode(octets, { stream: !last });
    } catch {
      this.#decoder = new TextDecoder(this.#label);
      text = '\ufffd';
    }
    if (!this.broken && text.includes('\ufffd')) this.broken = true;
    return text;
  }
}

/** A whole value (an encoded word, a parameter) as text; octets that nobody declared are UTF-8 where they can be, each other one is Latin-1. */
export function decodeOctets(bytes: Buffer, charset: Charset): string {
  const decoding = createDecoding(charset);
  if (decoding !== undefined) return decoding.push(bytes) + decoding.end();
  if (isUtf8(bytes)) return bytes.toString('utf8');
  // One stray octet must not make all the others unreadable.
  return bytes
    .toString('latin1')
    .replace(utf8Sequences, (found) => Buffer.from(found, 'latin1').toString('utf8'));
}

/** Well-formed characters beyond ASCII (RFC 3629). */
const utf8Sequences =
  /(?:[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2})+/g;
