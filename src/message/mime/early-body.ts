// The body as programs see it that end the headers at the first line that is none. It is searched as text beside what we see; and it is the body of
// a part that has no empty line at all. Made and fed by parts.ts.
import type { Encoding, PartFacts } from './content-type.ts';
import type { HeaderBlock } from './header-block.ts';
import type { OpenPart, PartRecord } from './part.ts';

export class EarlyBody {
  readonly header: HeaderBlock;
  readonly #part: OpenPart;
  /** Octets of the headers before it. */
  readonly #headLength: number;
  /** The line end of the last line: it belongs to a delimiter that follows. */
  #lineEnd: Buffer | undefined;
  #taken = false;

  constructor(part: OpenPart, header: HeaderBlock, headLength: number) {
    this.#part = part;
    this.header = header;
    this.#headLength = headLength;
  }

  /** A line that we take for a header. */
  line(source: Buffer, start: number, contentEnd: number, end: number): void {
    this.lastLineEnd();
    this.#part.body(source, start, contentEnd);
    this.#lineEnd = Buffer.from(source.subarray(contentEnd, end));
  }

  /** The headers are over for us, too: from here on it is only text. */
  bodyBegan(): void {
    this.lastLineEnd();
    this.#part.stopDigests();
  }

  body(source: Buffer, start: number, end: number): void {
    this.#part.body(source, start, end);
  }

  /** No delimiter follows the last line. */
  lastLineEnd(): void {
    const lineEnd = this.#lineEnd;
    this.#lineEnd = undefined;
    if (lineEnd !== undefined) this.#part.body(lineEnd, 0, lineEnd.length);
  }

  /** The part consists of the headers before this body, and of it. */
  asPart(header: HeaderBlock, facts: PartFacts, parent: number | undefined): PartRecord {
    this.#taken = true;
    return this.#part.finish(this.#headLength, header, facts, parent);
  }

  get encoding(): Encoding {
    return this.#part.encoding;
  }

  end(): void {
    if (!this.#taken) this.#part.endReaders();
  }
}
