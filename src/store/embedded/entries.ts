// The entries of the embedded store as transactions see them: looked up, put and removed, with their expiry, their items and the
// tally always in step. Everything but `find` is called in a write. Knows no outcomes of the port.
import { MAX_ITEMS } from '../store.ts';
import type { Environment } from './environment.ts';
import {
  costOf,
  type Entry,
  type EntryClass,
  expiryKey,
  FARTHEST,
  readRecord,
  type SetHead,
  writeRecord,
} from './record.ts';
import { Room, type RoomLimits } from './room.ts';
import { Tally } from './tally.ts';

/** What lies under a key, alive or not. */
export interface Found {
  readonly cost: number;
  readonly class: EntryClass;
  /** -1: not known. */
  readonly expiry: number;
  readonly isDamaged: boolean;
  /** Its items, alive or not. */
  readonly set: SetHead | undefined;
  /** Undefined when it has expired, is damaged or of another version: as good as not there. */
  readonly entry: Entry | undefined;
}

/** `more`: some room was made, but not enough; another transaction will find more to throw out. `full`: there is nothing. */
export type PutOutcome = 'put' | 'more' | 'full';

const SET_NUMBER = 6;
const TALLY = Buffer.from('tally');
const MARK = Buffer.from([0]);
/** Behind every number of a set. */
const LAST = Buffer.alloc(SET_NUMBER, 255);

export const setKey = (id: number, item: Uint8Array): Buffer => {
  const key = Buffer.allocUnsafe(SET_NUMBER + item.length);
  key.writeUIntBE(id, 0, SET_NUMBER);
  key.set(item, SET_NUMBER);
  return key;
};
export const setNumber = (id: number): Buffer => setKey(id, Buffer.alloc(0));
/** Of a key that begins with one. */
export const readSetNumber = (key: Buffer): number => key.readUIntBE(0, SET_NUMBER);

export interface EntryEvents {
  /** An entry is damaged. */
  damaged(): void;
  /** So many that had time left were thrown out. */
  thrownOut(entries: number): void;
  /** The tally is damaged, and counted anew. */
  recount(): void;
}

/** Milliseconds: the latest time of a write is noted at least so often, for who finds out that the clock was set back by an hour. */
const LATEST_EVERY = 60_000;

export class Entries {
  readonly #environment: Environment;
  readonly #on: EntryEvents;
  readonly room: Room;

  constructor(environment: Environment, limits: RoomLimits, on: EntryEvents) {
    this.#environment = environment;
    this.#on = on;
    this.room = new Room(environment.expiry, limits, this, (entries) => on.thrownOut(entries));
  }

  /** The entry, unless it has expired. */
  find(key: Uint8Array, now: number): Entry | undefined {
    return this.entryOf(key, this.#environment.values.get(key), now);
  }

  /** That of a record, as the table `values` gave it. */
  entryOf(key: Uint8Array, record: Buffer | undefined, now: number): Entry | undefined {
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
      if (read.kind === 'damaged') this.#on.damaged();
      // What it says of itself may be wrong: its row in `expiry` is found out when its time comes.
      const isLong = ((record[1] ?? 0) & 2) !== 0;
      return {
        ...{ cost, class: isLong ? 'long' : 'short', expiry: -1, isDamaged: read.kind === 'damaged' },
        ...{ set: undefined, entry: undefined },
      };
    }
    const { entry } = read;
    const { class: its, expiry, set } = entry;
    const isAlive = expiry > now && expiry <= now + FARTHEST;
    return { cost, class: its, expiry, isDamaged: false, set, entry: isAlive ? entry : undefined };
  }

  /** Undefined when there is none yet, or it is damaged. */
  tally(): Tally | undefined {
    const record = this.#environment.state.get(TALLY);
    return record && Tally.read(record);
  }

  /** In a transaction of its own: `action` changes what it wants by the other methods. */
  change<T>(now: number, action: (tally: Tally) => T): T {
    const tally = this.tally() ?? this.#newTally();
    const result = action(tally);
    if (tally.isDifferent || now - tally.latest > LATEST_EVERY) {
      tally.latest = Math.max(tally.latest, now);
      this.#environment.state.put(TALLY, tally.write());
    }
    return result;
  }

  /** Of an empty store, or of one whose tally is damaged: that is counted anew. */
  #newTally(): Tally {
    const { garbage, sets, state, values } = this.#environment;
    if (state.get(TALLY) === undefined && values.keys({ start: MARK, limit: 1 }).length === 0)
      return new Tally();
    this.#on.recount();
    const last = [sets, garbage].flatMap((table) => table.keys({ start: LAST, limit: 1, isBackward: true }));
    return Tally.uncounted(1 + Math.max(0, ...last.map(readSetNumber)));
  }

  /**
   * Puts an entry where `before` was, as look gave it in this transaction, when there is room. A set keeps its items when it has the same
   * number.
   */
  put(tally: Tally, key: Uint8Array, before: Found | undefined, entry: Entry, now: number): PutOutcome {
    const record = writeRecord(key, entry);
    const { cost = 0, items = 0 } = entry.set ?? {};
    const isSameClass = before?.class === entry.class;
    const entries = 1 + items - (isSameClass ? 1 + (before.set?.items ?? 0) : 0);
    const octets =
      costOf(key.length, record.length) + cost - (isSameClass ? before.cost + (before.set?.cost ?? 0) : 0);
    if (entries <= 0 && octets <= 0) this.#put(tally, key, before, entry, record);
    else {
      const room = this.room.make(tally, entry.class, entries, octets, now);
      if (room !== 'room') return room;
      // What was there may have had to go itself, a set with its items: then it begins anew in another transaction.
      const still = before && this.look(key, now);
      if (entry.set !== undefined && before?.set?.id === entry.set.id && still?.set?.id !== entry.set.id)
        return 'more';
      this.#put(tally, key, still, entry, record);
    }
    return 'put';
  }

  #put(tally: Tally, key: Uint8Array, before: Found | undefined, entry: Entry, record: Buffer): void {
    const { expiry, values } = this.#environment;
    const isSameTime = before?.expiry === entry.expiry && before.class === entry.class;
    if (before !== undefined) this.#forget(tally, key, before, isSameTime, entry.set?.id);
    values.put(key, record);
    if (!isSameTime) expiry.put(expiryKey(entry, key), MARK);
    const { cost = 0, items = 0 } = entry.set ?? {};
    tally.add(key, entry.class, 1 + items, costOf(key.length, record.length) + cost);
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
    // It may have been a set, whose items nobody knows any more.
    if (before.isDamaged) tally.countAnew();
    const { set } = before;
    if (set !== undefined && set.id !== keepsSet) garbage.put(setNumber(set.id), MARK);
    tally.add(key, before.class, -1 - (set?.items ?? 0), -before.cost - (set?.cost ?? 0));
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
}
