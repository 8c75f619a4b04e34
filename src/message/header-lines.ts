// The octets of the headers of a message, each with a number that it keeps. Tens of thousands of tiny headers cost about what their octets cost:
// they are slices of one buffer, and become strings when somebody asks. Used by header-list.ts.
import { ByteAccumulator } from './mime-bytes.ts';

const CR = 13;
const LF = 10;
const SPACE = 32;
const TAB = 9;

export class HeaderLines {
  readonly #octets = new ByteAccumulator();
  #starts = new Uint32Array(32);
  #ends = new Uint32Array(32);
  #count = 0;

  /** Headers so far; the next one gets this number. */
  get count(): number {
    return this.#count;
  }

  add(header: string): number {
    const octets = Buffer.from(header, 'latin1');
    const start = this.#octets.length;
    this.#octets.append(octets, 0, octets.length);
    return this.#note(start, start + octets.length);
  }

  /** A header block (CRLF line ends, without the empty line); continuation lines stay with their header. Calls `each` with their numbers. */
  addBlock(block: Buffer, each: (id: number) => void): void {
    const base = this.#octets.length;
    this.#octets.append(block, 0, block.length);
    let start = 0;
    for (let from = 0; start < block.length; ) {
      const lineFeed = block.indexOf(LF, from);
      if (lineFeed < 0) {
        each(this.#note(base + start, base + block.length));
        return;
      }
      from = lineFeed + 1;
      const next = block[from];
      if (next === SPACE || next === TAB) continue;
      const end = lineFeed > start && block[lineFeed - 1] === CR ? lineFeed - 1 : lineFeed;
      each(this.#note(base + start, base + end));
      start = from;
    }
  }

  /** Latin1, with its folding, without its final line end. */
  text(id: number): string {
    return this.#octets.view().toString('latin1', this.#starts[id], this.#ends[id]);
  }

  #note(start: number, end: number): number {
    const id = this.#count++;
    if (id >= this.#starts.length) {
      this.#starts = doubled(this.#starts);
      this.#ends = doubled(this.#ends);
    }
    this.#starts[id] = start;
    this.#ends[id] = end;
    return id;
  }
}

function doubled(array: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(array.length * 2);
  larger.set(array);
  return larger;
}
