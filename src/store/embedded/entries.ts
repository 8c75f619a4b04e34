// The entries of the embedded store as transactions see them: looked up, put, removed and thrown out, with their expiry, their items and the
// tally always in step. Everything but `find` is called in a write. Knows no outcomes of the port.
import { MAX_ITEMS } from '../store.ts';
import type { Environment } from './environment.ts';
import {
  costOf,
  type Entry,
  type EntryClass,
  expiryKey,
  expiryRange,
  readExpiryKey,
  readRecord,
  type SetHead,
  writeRecord,
} from './record.ts';
import { Tally } from './tally.ts';

/** What lies under a key, alive or not. */
export interface Found {
  readonly cost: number;
  readonly class: EntryClass;
  /** -1: not known. */
  readonly expiry: number;
  /** Its items, alive or not. */
  readonly set: SetHead | undefined;
  /** Undefined when it has expired, is damaged or of another version: as good as not there. */
  readonly entry: Entry | undefined;
}

export interface EntryLimits {
  readonly entries: number;
  readonly octets: number;
}

/** Most entries that are thrown out for one. */
const MOST_OUT = 1000;
/** When there is no room, it is made for the next ones too. */
const OUT_AT_LEAST = 32;
const SET_NUMBER = 6;
const TALLY = Buffer.from('tally');
const MARK = Buffer.from([0]);

export const setKey = (id: number, item: Uint8Array): Buffer => {
  const key = Buffer.allocUnsafe(SET_NUMBER + item.length);
  key.writeUIntBE(id, 0, SET_NUMBER);
  key.set(item, SET_NUMBER);
  return key;
};
const setNumber = (id: number): Buffer => setKey(id, Buffer.alloc(0));

export class Entries {
  readonly #environment: Environment;
  readonly #limits: EntryLimits;
  readonly #onDamaged: () => void;
  readonly #onThrownOut: (entries: number) => void;

  constructor(
    environment: Environment,
    limits: EntryLimits,
    onDamaged: () => void,
    onThrownOut: (entries: number) => void,
  ) {
    this.#environment = environment;
    this.#limits = limits;
    this.#onDamaged = onDamaged;
    this.#onThrownOut = onThrownOut;
  }

  /** The entry, unless it has expired. */
  find(key: Uint8Array, now: number): Entry | undefined {
    const record = this.#environment.values.get(key);
    return record === undefined ? undefined : this.#read(key, record, now).entry;
  }

  /** Also what has expired, for who is going to replace it. */
  look(key: Uint8Array, now: number): Found | undefined {
    const record = this.#environment.values.get(key);
    return record === undefined ? undefined : this.#read(key, record, now);
  }

  #read(key: Uint8Array, record: Buffer, now: number): Found {
    const cost = costOf(key.length, record.length);
    const read = readRecord(key, record);
    if (read.kind !== 'entry') {
      if (read.kind === 'damaged') this.#onDamaged();
      // What it says of itself may be wrong: its row in `expiry` is found out when its time comes.
      const isLong = ((record[1] ?? 0) & 2) !== 0;
      return { cost, class: isLong ? 'long' : 'short', expiry: -1, set: undefined, entry: undefined };
    }
    const { entry } = read;
    const { class: its, expiry, set } = entry;
    return { cost, class: its, expiry, set, entry: expiry > now ? entry : undefined };
  }

  tally(): Tally {
    return Tally.read(this.#environment.state.get(TALLY));
  }

  /** In a transaction of its own: `action` changes what it wants by the other methods. */
  change<T>(action: (tally: Tally) => T): T {
    const tally = this.tally();
    const result = action(tally);
    if (tally.isChanged) this.#environment.state.put(TALLY, tally.write());
    return result;
  }

  /**
   * Puts an entry where `before` was, as look gave it in this transaction; false when there is no room. A set keeps its items when it has
   * the same number.
   */
  put(tally: Tally, key: Uint8Array, before: Found | undefined, entry: Entry, now: number): boolean {
    const record = writeRecord(key, entry);
    const { cost = 0, items = 0 } = entry.set ?? {};
    const isSameClass = before?.class === entry.class;
    const entries = 1 + items - (isSameClass ? 1 + (before.set?.items ?? 0) : 0);
    const octets =
      costOf(key.length, record.length) + cost - (isSameClass ? before.cost + (before.set?.cost ?? 0) : 0);
    if (entries <= 0 && octets <= 0) this.#put(tally, key, before, entry, record);
    else {
      if (!this.#makeRoom(tally, entry.class, entries, octets, now)) return false;
      // What was there may have had to go itself, a set with its items.
      const still = before && this.look(key, now);
      if (entry.set !== undefined && before?.set?.id === entry.set.id && still?.set?.id !== entry.set.id)
        return false;
      this.#put(tally, key, still, entry, record);
    }
    return true;
  }

  #put(tally: Tally, key: Uint8Array, before: Found | undefined, entry: Entry, record: Buffer): void {
    const { expiry, values } = this.#environment;
    const isSameTime = before?.expiry === entry.expiry && before.class === entry.class;
    if (before !== undefined) this.#forget(tally, key, before, isSameTime, entry.set?.id);
    values.put(key, record);
    if (!isSameTime) expiry.put(expiryKey(entry, key), MARK);
    const { cost = 0, items = 0 } = entry.set ?? {};
    tally.add(entry.class, 1 + items, costOf(key.length, record.length) + cost);
  }

  remove(tally: Tally, key: Uint8Array, before: Found): void {
    this.#forget(tally, key, before, false, undefined);
    this.#environment.values.remove(key);
  }

  /** Everything of an entry but its record. */
  #forget(
    tally: Tally,
    key: Uint8Array,
    before: Found,
    keepsTime: boolean,
    keepsSet: number | undefined,
  ): void {
    const { expiry, garbage } = this.#environment;
    if (!keepsTime && before.expiry >= 0) expiry.remove(expiryKey(before, key));
    const { set } = before;
    if (set !== undefined && set.id !== keepsSet) garbage.put(setNumber(set.id), MARK);
    tally.add(before.class, -1 - (set?.items ?? 0), -before.cost - (set?.cost ?? 0));
  }

  hasItem(set: number, item: Uint8Array): boolean {
    return this.#environment.sets.get(setKey(set, item)) !== undefined;
  }

  items(set: number): readonly Buffer[] {
    const { sets } = this.#environment;
    return sets
      .keys({ start: setNumber(set), end: setNumber(set + 1), limit: MAX_ITEMS })
      .map((key) => key.subarray(SET_NUMBER));
  }

  /** Before it the head of its set is put, which counts it. */
  putItem(set: number, item: Uint8Array): void {
    this.#environment.sets.put(setKey(set, item), MARK);
  }

  /**
   * Makes room for so much more in a class; false when there is none. What expires soonest goes first: of the class itself when it has its
   * half or is `long`, else of the other one, which has more than its half.
   */
  #makeRoom(tally: Tally, its: EntryClass, entries: number, octets: number, now: number): boolean {
    const { entries: most, octets: mostOctets } = this.#limits;
    const isFull = (): boolean => tally.entries + entries > most || tally.octets + octets > mostOctets;
    const hasHalf = (): boolean =>
      its === 'short' &&
      (tally.entriesOf('short') + entries > most / 2 || tally.octetsOf('short') + octets > mostOctets / 2);
    if (!isFull() && !hasHalf()) return true;
    let out = 0;
    while (out < MOST_OUT && (isFull() || hasHalf())) {
      const victims = its === 'long' || hasHalf() ? its : 'long';
      const gone = this.#throwOut(tally, victims, now);
      if (gone === 0) break;
      out += gone;
    }
    return !isFull() && !hasHalf();
  }

  /** Gives how many rows of `expiry` are gone. */
  #throwOut(tally: Tally, its: EntryClass, now: number): number {
    const rows = this.#environment.expiry.keys({ ...expiryRange(its), limit: OUT_AT_LEAST });
    let alive = 0;
    for (const row of rows) alive += this.#removeRow(tally, row, now) ? 1 : 0;
    if (alive > 0) this.#onThrownOut(alive);
    return rows.length;
  }

  /** True when what went with it had time left. */
  #removeRow(tally: Tally, row: Buffer, now: number): boolean {
    const { expiry, key } = readExpiryKey(row);
    const found = this.look(key, -1);
    const isItsOwn = found !== undefined && found.expiry === expiry && expiryKey(found, key).equals(row);
    if (isItsOwn || found?.expiry === -1) this.remove(tally, key, found);
    // Of an entry that has moved on, or was damaged.
    this.#environment.expiry.remove(row);
    return isItsOwn && expiry > now;
  }

  /** Is there anything to sweep? Reads only. */
  isDue(now: number): boolean {
    const { expiry, garbage } = this.#environment;
    if (garbage.keys({ start: MARK, limit: 1 }).length > 0) return true;
    return (['short', 'long'] as const).some((its) => {
      const [row] = expiry.keys({ ...expiryRange(its), limit: 1 });
      return row !== undefined && readExpiryKey(row).expiry <= now;
    });
  }

  /** Removes at most `most` of what has expired, and items of removed sets, while `goesOn`; gives how many. */
  sweep(tally: Tally, now: number, most: number, goesOn: () => boolean): number {
    const { expiry, garbage, sets } = this.#environment;
    let gone = 0;
    for (const its of ['short', 'long'] as const) {
      const rows = expiry.keys({ ...expiryRange(its), limit: most });
      for (const row of rows) {
        if (gone >= most || readExpiryKey(row).expiry > now || !goesOn()) break;
        this.#removeRow(tally, row, now);
        gone++;
      }
    }
    const [id] = gone < most ? garbage.keys({ start: MARK, limit: 1 }) : [];
    if (id === undefined) return gone;
    const end = setNumber(id.readUIntBE(0, SET_NUMBER) + 1);
    const items = sets.keys({ start: id, end, limit: most });
    for (const item of items) {
      if (!goesOn()) return gone;
      sets.remove(item);
      gone++;
    }
    if (items.length < most) garbage.remove(id);
    return gone + 1;
  }
}
