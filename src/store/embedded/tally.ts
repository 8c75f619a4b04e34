// What the embedded store holds, counted in the same transactions that change it, so that the sums are right for all workers and after any
// death. Lies as one record beside the entries, with a checksum: a flipped bit in it would drive everything out, or let the store grow without
// end. One that is damaged is counted anew, a slice at a time and while the store is used: what stands behind the place where the count has got to
// is not in the sums yet.
import { crc32c } from '../../base/crc32c.ts';
import type { EntryClass } from './record.ts';

const NUMBERS = 7;
/** Where the checksum stands: behind the numbers. */
const CRC = NUMBERS * 8;
const FLAG = CRC + 4;
/** Behind it the key that the count has got to. */
const LENGTH = FLAG + 1;

const sumOf = (record: Uint8Array): number => crc32c(record, crc32c(record, 0, 0, CRC), FLAG);

export class Tally {
  readonly #entries: Record<EntryClass, number> = { short: 0, long: 0 };
  readonly #octets: Record<EntryClass, number> = { short: 0, long: 0 };
  /** The number of the next set. */
  nextSet = 1;
  /** When the store was last swept, Unix ms. */
  sweptAt = 0;
  /** The latest time that any process has written here, Unix ms. */
  latest = 0;
  /** Entries up to this key are in the sums, and a count goes on behind it. Undefined: all are. */
  countedTo: Buffer | undefined;
  /** Something besides the sums is another than it was. */
  isChanged = false;
  /** The sums as they were read. */
  readonly #before: Record<EntryClass, readonly [entries: number, octets: number]> = {
    short: [0, 0],
    long: [0, 0],
  };

  /** Undefined when it is damaged. */
  static read(record: Buffer): Tally | undefined {
    if (record.length < LENGTH || record.readUInt32BE(CRC) !== sumOf(record)) return undefined;
    const tally = new Tally();
    const at = (index: number): number => record.readDoubleBE(index * 8);
    tally.#entries.short = at(0);
    tally.#entries.long = at(1);
    tally.#octets.short = at(2);
    tally.#octets.long = at(3);
    tally.nextSet = at(4);
    tally.sweptAt = at(5);
    tally.latest = at(6);
    for (const its of ['short', 'long'] as const)
      tally.#before[its] = [tally.#entries[its], tally.#octets[its]];
    if (record[FLAG] === 1) tally.countedTo = Buffer.from(record.subarray(LENGTH));
    return tally;
  }

  /** One that is to be counted from the first entry on; `nextSet` is a number that no set has had. */
  static uncounted(nextSet: number): Tally {
    const tally = new Tally();
    tally.nextSet = nextSet;
    tally.countAnew();
    return tally;
  }

  /** The sums are not to be believed. */
  countAnew(): void {
    for (const sums of [this.#entries, this.#octets]) sums.short = sums.long = 0;
    this.countedTo = Buffer.alloc(0);
    this.isChanged = true;
  }

  write(): Buffer {
    const { short, long } = this.#entries;
    const numbers = [
      ...[short, long, this.#octets.short, this.#octets.long],
      ...[this.nextSet, this.sweptAt, this.latest],
    ];
    const key = this.countedTo;
    const record = Buffer.allocUnsafe(LENGTH + (key?.length ?? 0));
    for (const [index, one] of numbers.entries()) record.writeDoubleBE(one, index * 8);
    record[FLAG] = key === undefined ? 0 : 1;
    key?.copy(record, LENGTH);
    record.writeUInt32BE(sumOf(record), CRC);
    return record;
  }

  /** Adds what lies under `key`, unless the count will come to it. A damaged entry may have taken more than is known of it. */
  add(key: Uint8Array, its: EntryClass, entries: number, octets: number): void {
    if (entries === 0 && octets === 0) return;
    if (this.countedTo !== undefined && Buffer.compare(key, this.countedTo) > 0) return;
    this.#entries[its] = Math.max(0, this.#entries[its] + entries);
    this.#octets[its] = Math.max(0, this.#octets[its] + octets);
  }

  /** Must it be written? A counter that only gets another value changes no sum, and then a transaction is a third cheaper. */
  get isDifferent(): boolean {
    return (
      this.isChanged ||
      (['short', 'long'] as const).some((its) => {
        const [entries, octets] = this.#before[its];
        return entries !== this.#entries[its] || octets !== this.#octets[its];
      })
    );
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
