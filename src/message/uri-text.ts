// Text as it is read before URIs are looked for in it: UTF-16 becomes UTF-8, and the line breaks that format=flowed; delsp=yes put into long
// URIs vanish (RFC 3676 4.1). Wraps a UriFinder; called by observer.ts. The same for any split of the text.
import { TextDecoder } from 'node:util';
import type { PartFacts } from './mime-content-type.ts';
import type { BodyReader } from './mime-part.ts';
import type { UriCollector } from './uri-collector.ts';
import { UriFinder } from './uri-finder.ts';

const SPACE = 32;
const CR = 13;
const LF = 10;

/** UTF-16, by charset or by its byte order mark, as UTF-8; anything else as it is. */
class Utf16Reader implements BodyReader {
  readonly #reader: BodyReader;
  readonly #declared: boolean;
  /** undefined until the first two octets are there, null when the text is not UTF-16. */
  #decoder: TextDecoder | null | undefined;
  #first: Buffer = Buffer.alloc(0);

  constructor(reader: BodyReader, declared: boolean) {
    this.#reader = reader;
    this.#declared = declared;
  }

  feed(bytes: Buffer): void {
    if (this.#decoder === null) {
      this.#reader.feed(bytes);
      return;
    }
    if (this.#decoder !== undefined) {
      this.#reader.feed(Buffer.from(this.#decoder.decode(bytes, { stream: true }), 'utf8'));
      return;
    }
    this.#first = Buffer.concat([this.#first, bytes]);
    if (this.#first.length < 2) return;
    const encoding = utf16(this.#first[0], this.#first[1], this.#declared);
    this.#decoder = encoding === undefined ? null : new TextDecoder(encoding);
    const first = this.#first;
    this.#first = Buffer.alloc(0);
    this.feed(first);
  }

  end(): void {
    if (this.#first.length > 0) this.#reader.feed(this.#first);
    this.#reader.end();
  }
}

function utf16(first = 0, second = 0, declared = false): 'utf-16le' | 'utf-16be' | undefined {
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  if (!declared || (first !== 0 && second !== 0)) return undefined;
  // Without a mark: text in Latin script begins with an octet 0 in one of the two places.
  return first === 0 ? 'utf-16be' : 'utf-16le';
}

/** Takes out the sequences blank, line end: the text goes on as if it had never been broken. */
class DelSpReader implements BodyReader {
  readonly #reader: BodyReader;
  /** What of ` \r\n` came at the end of the octets before. */
  #pending = '';

  constructor(reader: BodyReader) {
    this.#reader = reader;
  }

  feed(chunk: Buffer): void {
    const bytes = this.#pending === '' ? chunk : Buffer.concat([Buffer.from(this.#pending, 'latin1'), chunk]);
    this.#pending = '';
    let start = 0;
    for (let i = bytes.indexOf(SPACE); i >= 0; i = bytes.indexOf(SPACE, i + 1)) {
      let next = i + 1;
      if (bytes[next] === CR) next++;
      if (next >= bytes.length) {
        this.#pending = bytes.toString('latin1', i);
        if (i > start) this.#reader.feed(bytes.subarray(start, i));
        return;
      }
      if (bytes[next] !== LF) continue;
      if (i > start) this.#reader.feed(bytes.subarray(start, i));
      start = next + 1;
    }
    if (start < bytes.length) this.#reader.feed(bytes.subarray(start));
  }

  end(): void {
    this.#reader.end();
  }
}

type Facts = Pick<PartFacts, 'html' | 'charset' | 'delSp'>;

/** What reads the decoded text of a part and offers the URIs in it to `collector`. */
export function uriReader(collector: UriCollector, part: number, facts: Facts): BodyReader {
  const finder = new UriFinder(collector, part, facts);
  const text = facts.delSp ? new DelSpReader(finder) : finder;
  return new Utf16Reader(text, facts.charset.startsWith('utf-16') || facts.charset.startsWith('ucs-2'));
}

/** The same for another way to decode the part, whose URIs follow those of the first one. */
export function secondUriReader(collector: UriCollector, part: number, facts: Facts): BodyReader {
  const fork = collector.fork();
  const reader = uriReader(fork.collector, part, facts);
  return {
    feed: (bytes) => reader.feed(bytes),
    end() {
      reader.end();
      fork.join();
    },
  };
}
