// Text as it is read before URIs are looked for in it: its charset becomes UTF-8 (text-readings.ts), and the line breaks that format=flowed;
// delsp=yes put into long URIs vanish (RFC 3676 4.1). Wraps a UriFinder; called by mime-reader.ts. The same for any split of the text.
import type { PartFacts } from '../mime/content-type.ts';
import type { BodyReader } from '../mime/part.ts';
import { type CreateReading, textReader } from '../mime/text-readings.ts';
import type { UriCollector } from './collector.ts';
import { UriFinder } from './finder.ts';
import { ShownText } from './shown-text.ts';

const TAB = 9;
const SPACE = 32;
const CR = 13;
const LF = 10;

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

/** Takes out the sequences line end, blank. */
class UnfoldReader implements BodyReader {
  readonly #reader: BodyReader;
  /** The line end that ended the octets before. */
  #pending = '';

  constructor(reader: BodyReader) {
    this.#reader = reader;
  }

  feed(chunk: Buffer): void {
    const bytes = this.#pending === '' ? chunk : Buffer.concat([Buffer.from(this.#pending, 'latin1'), chunk]);
    this.#pending = '';
    let start = 0;
    for (let i = bytes.indexOf(LF); i >= 0; i = bytes.indexOf(LF, i + 1)) {
      if (i + 1 < bytes.length && bytes[i + 1] !== SPACE && bytes[i + 1] !== TAB) continue;
      const end = i > 0 && bytes[i - 1] === CR ? i - 1 : i;
      if (end > start) this.#reader.feed(bytes.subarray(start, end));
      start = i + 2;
      if (i + 1 === bytes.length) this.#pending = bytes.toString('latin1', end);
    }
    if (start >= bytes.length) return;
    // A CR at the end may be half of a line end.
    const end = bytes[bytes.length - 1] === CR ? bytes.length - 1 : bytes.length;
    if (end > start) this.#reader.feed(bytes.subarray(start, end));
    if (end < bytes.length) this.#pending = '\r';
  }

  end(): void {
    if (this.#pending !== '') this.#reader.feed(Buffer.from(this.#pending, 'latin1'));
    this.#reader.end();
  }
}

/** Two that read the same octets. */
class Both implements BodyReader {
  readonly #first: BodyReader;
  readonly #second: BodyReader;

  constructor(first: BodyReader, second: BodyReader) {
    this.#first = first;
    this.#second = second;
  }

  feed(bytes: Buffer): void {
    this.#first.feed(bytes);
    this.#second.feed(bytes);
  }

  end(): void {
    this.#first.end();
    this.#second.end();
  }
}

type Facts = Pick<PartFacts, 'html' | 'charset' | 'delSp' | 'folded'>;

/** What reads the decoded text of a part and offers the URIs in it to `collector`. */
export function uriReader(collector: UriCollector, part: number, facts: Facts): BodyReader {
  const create: CreateReading = (charset, doubtful) => {
    const fork = doubtful ? collector.fork() : undefined;
    const taker = fork?.collector ?? collector;
    const finder = new UriFinder(taker, part, { html: facts.html, charset });
    const reader = facts.html ? new Both(finder, new ShownText(taker, part, charset)) : finder;
    const unbroken = facts.delSp ? new DelSpReader(reader) : facts.folded ? new UnfoldReader(reader) : reader;
    return { reader: unbroken, join: () => fork?.join() };
  };
  return textReader(facts.charset, create);
}

/** The text of a page or script that stands in a URI. */
export function searchPage(collector: UriCollector, part: number, text: string): void {
  const finder = new UriFinder(collector, part, { html: true, charset: 'utf-8' });
  finder.feed(Buffer.from(text, 'latin1'));
  finder.end();
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
