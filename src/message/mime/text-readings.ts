// The text of a part in UTF-8 as URIs are looked for in it: the declared charset undone, a byte order mark heeded. Where mail programs may
// read the octets in more than one way (no byte order, octets that are no text in the charset, UTF-7) every reading counts.
// Called by message/uri/text.ts. The same for any split of the text; holds a few octets, and 1 KiB of characters beyond ASCII.
import { isAscii } from 'node:buffer';
import { TextDecoder } from 'node:util';
import { createDecoding, type Decoding } from '../../charset/decoding.ts';
import { type Charset, charsetOf } from '../../charset/label.ts';
import type { BodyReader } from './part.ts';
import { SingleOctetReader } from './single-octet-reader.ts';

/** A reader of text, and what makes what it found count. */
export interface OpenReading {
  readonly reader: BodyReader;
  join(): void;
}

/**
 * Opens what looks for URIs in one reading. `charset` is that of the octets it will get, 'utf-8' for decoded ones. What a doubtful reading
 * finds counts only when it is joined.
 */
export type CreateReading = (charset: string, doubtful: boolean) => OpenReading;

/** Reads octets declared to be in `charset` (as the header says it, '' when it says nothing). */
export function textReader(charset: string, create: CreateReading): BodyReader {
  return new MarkReader(charset, create);
}

/** The longest byte order mark. */
const markLength = 4;

/** Waits for the first octets: a byte order mark says more than a header. */
class MarkReader implements BodyReader {
  readonly #charset: string;
  readonly #create: CreateReading;
  #first: Buffer | undefined = Buffer.alloc(0);
  #reader: BodyReader | undefined;

  constructor(charset: string, create: CreateReading) {
    this.#charset = charset;
    this.#create = create;
  }

  feed(bytes: Buffer): void {
    if (this.#reader !== undefined) {
      this.#reader.feed(bytes);
      return;
    }
    const first =
      this.#first === undefined || this.#first.length === 0 ? bytes : Buffer.concat([this.#first, bytes]);
    if (first.length < markLength) this.#first = Buffer.from(first);
    else this.#begin(first);
  }

  end(): void {
    if (this.#reader === undefined) this.#begin(this.#first ?? Buffer.alloc(0));
    this.#reader?.end();
  }

  #begin(first: Buffer): void {
    this.#first = undefined;
    this.#reader = readings(this.#charset, first, this.#create);
    if (first.length > 0) this.#reader.feed(first);
  }
}

function readings(declared: string, first: Buffer, create: CreateReading): BodyReader {
  const charset = marked(first) ?? charsetOf(declared);
  switch (charset.kind) {
    case 'octets':
      return create(declared, false).reader;
    case 'single':
      return new SingleOctetReader(create('utf-8', false).reader, charset.label);
    case 'multiple':
    case 'shifted':
      return all([new DecodedReading(charset, create, false), new RawReading(declared, create, 'doubt')]);
    case 'utf-7':
    case 'ebcdic':
      return all([new DecodedReading(charset, create, false), new RawReading(declared, create, 'always')]);
    case 'utf-16':
    case 'utf-32':
      return all([
        new DecodedReading(charset, create, false),
        new DecodedReading({ ...charset, order: charset.order === 'le' ? 'be' : 'le' }, create, true),
        new RawReading(declared, create, 'no zeros'),
      ]);
  }
}

function marked(first: Buffer): Charset | undefined {
  const mark = first.toString('latin1', 0, markLength);
  if (mark === '\xff\xfe\0\0') return { kind: 'utf-32', order: 'le' };
  if (mark === '\0\0\xfe\xff') return { kind: 'utf-32', order: 'be' };
  if (mark.startsWith('\xff\xfe')) return { kind: 'utf-16', order: 'le' };
  return mark.startsWith('\xfe\xff') ? { kind: 'utf-16', order: 'be' } : undefined;
}

/** What the readings tell each other when the text is over. */
interface Verdict {
  broken: boolean;
}

interface Reading {
  feed(bytes: Buffer): void;
  /** Called in order; the first one says what the others may count on. */
  end(verdict: Verdict): void;
}

function all(list: readonly Reading[]): BodyReader {
  return {
    feed(bytes) {
      for (const reading of list) reading.feed(bytes);
    },
    end() {
      const verdict: Verdict = { broken: false };
      for (const reading of list) reading.end(verdict);
    },
  };
}

/** How much is decoded at once: the text takes several times the memory of the octets. */
const turn = 16_384;

class DecodedReading implements Reading {
  readonly #decoding: Decoding;
  readonly #open: OpenReading;
  /** The first half of a pair of surrogates. */
  #half = '';

  constructor(charset: Charset, create: CreateReading, doubtful: boolean) {
    const decoding = createDecoding(charset);
    if (decoding === undefined) throw new Error(`nothing to decode in ${charset.kind}`);
    this.#decoding = decoding;
    this.#open = create('utf-8', doubtful);
  }

  feed(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; at += turn)
      this.#give(this.#decoding.push(bytes.subarray(at, at + turn)), false);
  }

  end(verdict: Verdict): void {
    this.#give(this.#decoding.end(), true);
    if (this.#decoding.broken) verdict.broken = true;
    this.#open.reader.end();
    this.#open.join();
  }

  #give(text: string, last: boolean): void {
    const whole = this.#half + text;
    const end = whole.charCodeAt(whole.length - 1);
    const cut = !last && end >= 0xd800 && end < 0xdc00 ? whole.length - 1 : whole.length;
    this.#half = whole.slice(cut);
    if (cut > 0) this.#open.reader.feed(Buffer.from(whole.slice(0, cut), 'utf8'));
  }
}

/** When the octets as they are count as well: always, when there is no zero among them, or when they are no text of the charset or are UTF-8. */
type When = 'always' | 'no zeros' | 'doubt';

class RawReading implements Reading {
  readonly #open: OpenReading;
  readonly #when: When;
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true });
  #isUtf8 = true;
  #ascii = true;
  #zeros = false;

  constructor(declared: string, create: CreateReading, when: When) {
    this.#when = when;
    this.#open = create(declared, true);
  }

  feed(bytes: Buffer): void {
    if (this.#when === 'no zeros') {
      this.#zeros ||= bytes.includes(0);
      if (this.#zeros) return;
    } else if (this.#when === 'doubt') this.#check(bytes);
    this.#open.reader.feed(bytes);
  }

  end(verdict: Verdict): void {
    this.#open.reader.end();
    const counts =
      this.#when === 'always' ||
      (this.#when === 'no zeros' ? !this.#zeros : verdict.broken || (!this.#ascii && this.#isUtf8));
    if (counts) this.#open.join();
  }

  #check(bytes: Buffer): void {
    if (!this.#isUtf8 || (this.#ascii && isAscii(bytes))) return;
    this.#ascii = false;
    try {
      this.#utf8.decode(bytes, { stream: true });
    } catch {
      this.#isUtf8 = false;
    }
  }
}
