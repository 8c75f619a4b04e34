// The text of a part in UTF-8: its charset undone as for the search for URIs, of HTML what somebody sees. Bounded; the same for any split.
import { TextDecoder } from 'node:util';
import type { BodyReader, PartPlace } from '../mime/part.ts';
import { SingleOctetReader } from '../mime/single-octet-reader.ts';
import { textReader } from '../mime/text-readings.ts';
import { HtmlText } from './html-text.ts';
import type { Pace } from './pace.ts';
import { type IndexedMessage, readPart } from './part-octets.ts';

const nobody: BodyReader = { feed: () => undefined, end: () => undefined };

/** Octets that no charset was declared for, or UTF-8: what is not UTF-8 is taken for windows-1252. */
const undeclared = 'windows-1252';

/** Takes UTF-8 that may have faults, and gives it without. */
class Utf8Out {
  readonly #limit: number;
  readonly #html: HtmlText | undefined;
  readonly #decoder = new TextDecoder('utf-8');
  readonly #pieces: Buffer[] = [];
  #left: number;
  more = false;

  constructor(limit: number, isHtml: boolean) {
    this.#limit = limit;
    this.#left = limit;
    this.#html = isHtml ? new HtmlText() : undefined;
  }

  feed(octets: Buffer): void {
    if (!this.more) this.#write(this.#decoder.decode(octets, { stream: true }));
  }

  end(): void {
    this.#write(this.#decoder.decode());
    if (this.#html !== undefined) this.#keep(Buffer.from(this.#html.end(), 'latin1'));
  }

  /** No character is cut. */
  get octets(): Buffer {
    const all = Buffer.concat(this.#pieces);
    if (!this.more) return all;
    let end = Math.min(all.length, this.#limit);
    while (end > 0 && ((all[end] ?? 0) & 0xc0) === 0x80) end--;
    return all.subarray(0, end);
  }

  #write(text: string): void {
    const octets = Buffer.from(text, 'utf8');
    this.#keep(
      this.#html === undefined ? octets : Buffer.from(this.#html.push(octets.toString('latin1')), 'latin1'),
    );
  }

  #keep(octets: Buffer): void {
    if (this.more || octets.length === 0) return;
    this.#pieces.push(octets);
    this.#left -= octets.length;
    if (this.#left < 0) this.more = true;
  }
}

/** At most `limit` octets of it, and whether there is more. */
export async function partText(
  indexed: IndexedMessage,
  place: PartPlace,
  pace: Pace,
  limit: number,
): Promise<{ readonly text: Buffer; readonly more: boolean }> {
  const { charset, html } = place.facts;
  const out = new Utf8Out(limit, html);
  // Of several readings the first one is the declared charset's; the others are for who looks for something hidden.
  const reader = textReader(charset, (octets, isDoubtful) => {
    if (isDoubtful) return { reader: nobody, join: () => undefined };
    const plain = { feed: (piece: Buffer) => out.feed(piece), end: () => undefined };
    return {
      reader: octets === 'utf-8' && charset !== 'utf-8' ? plain : new SingleOctetReader(plain, undeclared),
      join: () => undefined,
    };
  });
  for await (const piece of readPart(indexed, place, pace)) {
    reader.feed(piece);
    if (out.more) break;
  }
  reader.end();
  out.end();
  return { text: out.octets, more: out.more };
}
