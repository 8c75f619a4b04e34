// Text as it is read before URIs are looked for in it: its charset becomes UTF-8 (text-readings.ts), and the line breaks that format=flowed;
// delsp=yes put into long URIs vanish (RFC 3676 4.1). Wraps a UriFinder; called by observer.ts. The same for any split of the text.
import type { PartFacts } from './mime-content-type.ts';
import type { BodyReader } from './mime-part.ts';
import { type CreateReading, textReader } from './text-readings.ts';
import type { UriCollector } from './uri-collector.ts';
import { UriFinder } from './uri-finder.ts';

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

type Facts = Pick<PartFacts, 'html' | 'charset' | 'delSp'>;

/** What reads the decoded text of a part and offers the URIs in it to `collector`. */
export function uriReader(collector: UriCollector, part: number, facts: Facts): BodyReader {
  const create: CreateReading = (charset, doubtful) => {
    const fork = doubtful ? collector.fork() : undefined;
    const finder = new UriFinder(fork?.collector ?? collector, part, { html: facts.html, charset });
    return { reader: facts.delSp ? new DelSpReader(finder) : finder, join: () => fork?.join() };
  };
  return textReader(facts.charset, create);
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
