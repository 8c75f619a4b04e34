// What the embedded store holds, counted in the same transactions that change it, so that the sums are right for all workers and after any
// death. Lies as one record beside the entries.
import type { EntryClass } from './record.ts';

const LENGTH = 7 * 8;

export class Tally {
  readonly #entries: Record<EntryClass, number> = { short: 0, long: 0 };
  readonly #octets: Record<EntryClass, number> = { short: 0, long: 0 };
  /** The number of the next set. */
  nextSet = 1;
  /** When the store was last swept, Unix ms. */
  sweptAt = 0;
  /** The latest time that any process has had here. */
  latest = 0;
  isChanged = false;

  static read(record: Buffer | undefined): Tally {
    const tally = new Tally();
    if (record === undefined || record.length < LENGTH) return tally;
    const at = (index: number): number => record.readDoubleBE(index * 8);
    tally.#entries.short = at(0);
    tally.#entries.long = at(1);
    tally.#octets.short = at(2);
    tally.#octets.long = at(3);
    tally.nextSet = at(4);
    tally.sweptAt = at(5);
    tally.latest = at(6);
    return tally;
  }

  write(): Buffer {
    const record = Buffer.allocUnsafe(LENGTH);
    const { short, long } = this.#entries;
    const numbers = [
      short,
      long,
      this.#octets.short,
      this.#octets.long,
      this.nextSet,
      this.sweptAt,
      this.latest,
    ];
    for (const [index, one] of numbers.entries()) record.writeDoubleBE(one, index * 8);
    return record;
  }

  /** A damaged entry may have taken more than is known of it. */
  add(its: EntryClass, entries: number, octets: number): void {
    if (entries === 0 && octets === 0) return;
    this.#entries[its] = Math.max(0, this.#entries[its] + entries);
    this.#octets[its] = Math.max(0, this.#octets[its] + octets);
    this.isChanged = true;
  }

  /** The number that nextSet was is taken. */
  takeSet(): void {
    this.nextSet += 1;
    this.isChanged = true;
  }

  entriesOf(its: EntryClass): number {
    return this.#entries[its];
  }
  octetsOf(its: EntryClass): number {
    return this.#octets[its];
  }
  get entries(): number {
    return this.#entries.short + this.#entries.long;
  }
  get octets(): number {
    return this.#octets.short + this.#octets.long;
  }
}
