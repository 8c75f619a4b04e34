// Text of ASCII and a table for the octets above it (iso-8859, windows-125x, koi8) as UTF-8. Mail that declares such a charset and is UTF-8 is
// frequent: characters that stand together and are valid UTF-8 stay as they are. Called by text-readings.ts. The same for any split.
import { isAscii, isUtf8 } from 'node:buffer';
import { TextDecoder } from 'node:util';
import type { BodyReader } from './mime-part.ts';

/** After so many octets above ASCII it is known what they are; those that follow without ASCII between are the same. */
const decided = 1024;

export class SingleOctetReader implements BodyReader {
  readonly #reader: BodyReader;
  readonly #decoder: TextDecoder;
  /** The octets above ASCII since the last one of ASCII, while it is not known what they are. */
  #run: Buffer = Buffer.alloc(0);
  #kind: 'unknown' | 'utf-8' | 'table' = 'unknown';

  constructor(reader: BodyReader, label: string) {
    this.#reader = reader;
    this.#decoder = new TextDecoder(label);
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
        this.#reader.feed(bytes.subarray(at, high));
      }
      at = high;
      while (at < bytes.length && (bytes[at] as number) >= 128) at++;
      if (at > high) this.#extend(bytes.subarray(high, at));
    }
  }

  end(): void {
    this.#endRun();
    this.#reader.end();
  }

  #extend(octets: Buffer): void {
    let rest = octets;
    if (this.#kind === 'unknown') {
      const room = decided - this.#run.length;
      this.#run = Buffer.concat([this.#run, rest.subarray(0, room)]);
      rest = rest.subarray(room);
      if (this.#run.length < decided) return;
      this.#kind = isUtf8(withoutUnfinished(this.#run)) ? 'utf-8' : 'table';
      this.#write(this.#run);
      this.#run = Buffer.alloc(0);
    }
    if (rest.length > 0) this.#write(rest);
  }

  #endRun(): void {
    if (this.#run.length > 0) {
      this.#kind = isUtf8(this.#run) ? 'utf-8' : 'table';
      this.#write(this.#run);
      this.#run = Buffer.alloc(0);
    }
    this.#kind = 'unknown';
  }

  #write(octets: Buffer): void {
    this.#reader.feed(this.#kind === 'utf-8' ? octets : Buffer.from(this.#decoder.decode(octets), 'utf8'));
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
