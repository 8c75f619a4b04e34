// Text of ASCII and a table for the octets above it (iso-8859, windows-125x, koi8) as UTF-8. Mail that declares such a charset and is UTF-8 is
// frequent: characters that stand together and are valid UTF-8 stay as they are. Called by text-readings.ts. The same for any split.
import { isAscii, isUtf8 } from 'node:buffer';
import { TextDecoder } from 'node:util';
import { ByteAccumulator } from '../../base/byte-accumulator.ts';
import type { BodyReader } from './part.ts';

/** After so many octets above ASCII it is known what they are; those that follow without ASCII between are the same. */
const decided = 1024;
const nothing = Buffer.alloc(0);

/** The UTF-8 of each octet of a charset. */
const tables = new Map<string, readonly Buffer[]>();

function tableOf(label: string): readonly Buffer[] {
  const known = tables.get(label);
  if (known !== undefined) return known;
  const decoder = new TextDecoder(label);
  const table = Array.from({ length: 256 }, (_, octet) => Buffer.from(decoder.decode(Buffer.from([octet]))));
  tables.set(label, table);
  return table;
}

export class SingleOctetReader implements BodyReader {
  readonly #reader: BodyReader;
  readonly #table: readonly Buffer[];
  readonly #out = new ByteAccumulator();
  /** The octets above ASCII since the last one of ASCII, while it is not known what they are. */
  #run: Buffer = nothing;
  #kind: 'unknown' | 'utf-8' | 'table' = 'unknown';

  constructor(reader: BodyReader, label: string) {
    this.#reader = reader;
    this.#table = tableOf(label);
  }

  feed(bytes: Buffer): void {
    if (this.#run.length === 0 && isAscii(bytes)) {
      this.#kind = 'unknown';
      this.#reader.feed(bytes);
      return;
    }
    let at = 0;
    while (at < bytes.length) {
      let high = at;
      while (high < bytes.length && (bytes[high] as number) < 128) high++;
      if (high > at) {
        this.#endRun();
        this.#out.append(bytes, at, high);
      }
      at = high;
      while (at < bytes.length && (bytes[at] as number) >= 128) at++;
      if (at > high) this.#extend(bytes, high, at);
    }
    this.#give();
  }

  end(): void {
    this.#endRun();
    this.#give();
    this.#reader.end();
  }

  #give(): void {
    if (this.#out.length > 0) this.#reader.feed(Buffer.from(this.#out.view()));
    this.#out.clear();
  }

  /** More octets above ASCII, the last ones of `source` if the run may go on. */
  #extend(source: Buffer, start: number, end: number): void {
    let from = start;
    if (this.#kind === 'unknown') {
      if (this.#run.length === 0 && end < source.length && end - start < decided) {
        // The usual case: all of it is here.
        this.#kind = end - start > 1 && isUtf8(source.subarray(start, end)) ? 'utf-8' : 'table';
      } else {
        from = Math.min(end, start + decided - this.#run.length);
        this.#run = Buffer.concat([this.#run, source.subarray(start, from)]);
        if (this.#run.length < decided) return;
        this.#kind = isUtf8(withoutUnfinished(this.#run)) ? 'utf-8' : 'table';
        this.#write(this.#run, 0, this.#run.length);
        this.#run = nothing;
      }
    }
    if (from < end) this.#write(source, from, end);
  }

  #endRun(): void {
    if (this.#run.length > 0) {
      this.#kind = isUtf8(this.#run) ? 'utf-8' : 'table';
      this.#write(this.#run, 0, this.#run.length);
      this.#run = nothing;
    }
    this.#kind = 'unknown';
  }

  #write(source: Buffer, start: number, end: number): void {
    if (this.#kind === 'utf-8') this.#out.append(source, start, end);
    else {
      for (let i = start; i < end; i++) {
        const text = this.#table[source[i] as number] as Buffer;
        this.#out.append(text, 0, text.length);
      }
    }
  }
}

/** Without the first octets of a character whose last ones are not there yet. */
function withoutUnfinished(octets: Buffer): Buffer {
  for (let back = 1; back <= 3 && back <= octets.length; back++) {
    const byte = octets[octets.length - back] as number;
    if (byte < 0xc0) continue;
    const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return needed > back ? octets.subarray(0, octets.length - back) : octets;
  }
  return octets;
}
