// The octets of the headers of a message, each with a number that it keeps. Tens of thousands of tiny headers cost about what their octets cost:
// beyond the first ones they are slices of one buffer, and become strings when somebody asks. Used by header-list.ts.
import { ByteAccumulator } from '../../base/byte-accumulator.ts';

const CR = 13;
const LF = 10;
const SPACE = 32;
const TAB = 9;

/** So many are kept as strings: ordinary messages have no more. */
const few = 200;
const nothing = new Uint32Array(0);

export class HeaderLines {
  readonly #strings: string[] = [];
  #octets: ByteAccumulator | undefined;
  #starts = nothing;
  #ends = nothing;
  #count = 0;

  /** Headers so far; the next one gets this number. */
  get count(): number {
    return this.#count;
  }

  add(header: string): number {
    if (this.#count < few) {
      this.#strings.push(header);
      return this.#count++;
    }
    const octets = Buffer.from(header, 'latin1');
    return this.#note(octets, 0, octets.length);
  }

  /** A header block (CRLF line ends, without the empty line); continuation lines stay with their header. Calls `each` with their numbers. */
  addBlock(block: Buffer, each: (id: number) => void): void {
    let start = 0;
    for (let from = 0; start < block.length; ) {
      const lineFeed = block.indexOf(LF, from);
      if (lineFeed < 0) {
        each(this.#slice(block, start, block.length));
        return;
      }
      from = lineFeed + 1;
      const next = block[from];
      if (next === SPACE || next === TAB) continue;
      const end = lineFeed > start && block[lineFeed - 1] === CR ? lineFeed - 1 : lineFeed;
      each(this.#slice(block, start, end));
      start = from;
    }
  }

  /** Latin1, with its folding, without its final line end. */
  text(id: number): string {
    if (id < few) return this.#strings[id] ?? '';
    return this.#octets?.view().toString('latin1', this.#starts[id - few], this.#ends[id - few]) ?? '';
  }

  #slice(block: Buffer, start: number, end: number): number {
    return this.#count < few ? this.add(block.toString('latin1', start, end)) : this.#note(block, start, end);
  }

  #note(source: Buffer, start: number, end: number): number {
    this.#octets ??= new ByteAccumulator();
    const at = this.#count - few;
    if (at >= this.#starts.length) {
      this.#starts = doubled(this.#starts);
      this.#ends = doubled(this.#ends);
    }
    this.#starts[at] = this.#octets.length;
    this.#octets.append(source, start, end);
    this.#ends[at] = this.#octets.length;
    return this.#count++;
  }
}

function doubled(array: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(Math.max(64, array.length * 2));
  larger.set(array);
  return larger;
}
