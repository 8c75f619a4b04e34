// The port over an environment of LMDB: every call is one look or one transaction.
import type { Clock } from '../../base/clock.ts';
import { codeOf, textOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { Maybe } from '../../base/maybe.ts';
import { failed, fitsKey, fitsKeys, fitsRates, fitsTtl } from '../bounds.ts';
import type {
  AddOutcome,
  DeleteOutcome,
  ExpireOutcome,
  Failed,
  GetManyOutcome,
  GetOutcome,
  ListOutcome,
  MemberOutcome,
  NumberOutcome,
  Rate,
  RateOutcome,
  ReplaceOutcome,
  SetOutcome,
  Store,
  StoreState,
  TtlOutcome,
} from '../store.ts';
import { MAX_ITEMS, MAX_LISTED } from '../store.ts';
import { type Again, again, putResult, turn } from './again.ts';
import { Entries } from './entries.ts';
import type { Environment } from './environment.ts';
import { behind, Listing } from './listing.ts';
import { Minutely } from './minutely.ts';
import { countRates, lookAtRates } from './rates.ts';
import { classOf, type Entry, itemCost } from './record.ts';
import type { RoomLimits } from './room.ts';
import { Sweeper } from './sweeper.ts';
import type { Tally } from './tally.ts';
import { Upkeep } from './upkeep.ts';

export interface EmbeddedParts {
  readonly environment: Environment;
  readonly clock: Clock;
  readonly log: Log;
  /** `store`, or `store.NAME`. */
  readonly name: string;
  readonly limits: RoomLimits;
  readonly maxValue: number;
}

const missing = { kind: 'missing' } as const;
const done = { kind: 'done' } as const;
const exists = { kind: 'exists' } as const;
const changed = { kind: 'changed' } as const;
const added = { kind: 'added' } as const;
const present = { kind: 'present' } as const;
const noType = failed('type');
const noRoom = failed('limit');
const down = failed('down');
const none = { kind: 'number', value: 0 } as const;

/** After so many times there is no room. */
const MOST_TIMES = 20;

const WHOLE = /^-?(?:0|[1-9]\d{0,15})$/;
/** A disk that is full is not asked again for so long. */
const UNWRITABLE_MS = 1000;
/** Of the values of one getMany, looked at in one turn of the loop. */
const MANY_OCTETS = 524_288;

const valueEntry = (value: Buffer, ttl: number, now: number): Entry => ({
  class: classOf(ttl),
  expiry: now + ttl * 1000,
  value,
  set: undefined,
});

export class EmbeddedStore implements Store {
  readonly #parts: EmbeddedParts;
  readonly #entries: Entries;
  readonly #sweeper: Sweeper;
  readonly #unwritten: Minutely;
  #cause = '';
  /** Monotonic: until then nothing is written, because the system did not let us. */
  #writesFrom = Number.NEGATIVE_INFINITY;
  #unwritable: Failed = noRoom;
  #closed: Promise<void> | undefined;

  constructor(parts: EmbeddedParts) {
    this.#parts = parts;
    const { clock, environment, limits, log, name: store } = parts;
    const damaged = new Minutely(clock, (times) => log.emit('store-damaged-value', { store, times }));
    const full = new Minutely(clock, (entries) => log.emit('store-full', { store, entries }));
    this.#unwritten = new Minutely(clock, (times) =>
      log.emit('store-write-failed', { store, cause: this.#cause, times }),
    );
    this.#entries = new Entries(environment, limits, {
      damaged: () => damaged.happened(),
      thrownOut: (entries) => full.happened(entries),
      recount: () => log.emit('store-recount', { store }),
    });
    this.#sweeper = new Sweeper({
      ...{ clock, log, store, entries: this.#entries },
      upkeep: new Upkeep(environment, this.#entries),
      change: (action) => this.#change(action),
    });
  }

  get(key: Buffer): Maybe<GetOutcome> {
    if (!fitsKey(key)) return noRoom;
    const entry = this.#find(key);
    if (entry === undefined || 'kind' in entry) return entry ?? missing;
    return entry.value === undefined ? noType : { kind: 'value', value: entry.value };
  }

  getMany(keys: readonly Buffer[]): Maybe<GetManyOutcome> {
    if (!fitsKeys(keys)) return noRoom;
    const found = this.#read((now) => ({
      now,
      records: keys.map((key) => this.#parts.environment.values.get(key)),
    }));
    if ('kind' in found) return found;
    const { now, records } = found;
    const values: (Buffer | undefined)[] = [];
    // All are of one moment; but to look whether they are whole takes its time.
    return this.#inTurns(() => {
      for (let octets = 0; octets <= MANY_OCTETS && values.length < keys.length; ) {
        const [key, record] = [keys[values.length], records[values.length]];
        octets += record?.length ?? 0;
        // A set has no value: as in Redis it is not there for who asks for values.
        values.push(key && this.#entries.entryOf(key, record, now)?.value);
      }
      return values.length < keys.length ? undefined : { kind: 'values', values };
    });
  }

  set(key: Buffer, value: Buffer, ttl: number): Maybe<SetOutcome> {
    if (!this.#fits(key, value, ttl)) return noRoom;
    return this.#change((tally, now) => {
      const entry = valueEntry(value, ttl, now);
      return putResult(this.#entries.put(tally, key, this.#entries.look(key, now), entry, now), done);
    });
  }

  add(key: Buffer, value: Buffer, ttl: number): Maybe<AddOutcome> {
    if (!this.#fits(key, value, ttl)) return noRoom;
    return this.#change((tally, now) => {
      const before = this.#entries.look(key, now);
      if (before?.entry !== undefined) return exists;
      return putResult(this.#entries.put(tally, key, before, valueEntry(value, ttl, now), now), done);
    });
  }

  replace(key: Buffer, old: Buffer, value: Buffer, ttl: number): Maybe<ReplaceOutcome> {
    if (!this.#fits(key, value, ttl)) return noRoom;
    return this.#change((tally, now) => {
      const before = this.#entries.look(key, now);
      if (before?.entry?.set !== undefined) return noType;
      if (before?.entry?.value?.equals(old) !== true) return changed;
      return putResult(this.#entries.put(tally, key, before, valueEntry(value, ttl, now), now), done);
    });
  }

  incr(key: Buffer, by: number, ttl: number): Maybe<NumberOutcome> {
    if (!fitsKey(key) || !fitsTtl(ttl)) return noRoom;
    if (!Number.isSafeInteger(by)) return noType;
    return this.#change((tally, now) => {
      const before = this.#entries.look(key, now);
      const text = before?.entry === undefined ? '0' : before.entry.value?.toString('latin1');
      if (text === undefined || !WHOLE.test(text)) return noType;
      const value = Number(text) + by;
      if (!Number.isSafeInteger(value)) return noType;
      const octets = Buffer.from(String(value), 'latin1');
      const entry =
        before?.entry === undefined ? valueEntry(octets, ttl, now) : { ...before.entry, value: octets };
      return putResult(this.#entries.put(tally, key, before, entry, now), { kind: 'number', value });
    });
  }

  expire(key: Buffer, ttl: number): Maybe<ExpireOutcome> {
    if (!fitsKey(key) || !fitsTtl(ttl)) return noRoom;
    return this.#change((tally, now) => {
      const before = this.#entries.look(key, now);
      if (before?.entry === undefined) return missing;
      const entry: Entry = { ...before.entry, class: classOf(ttl), expiry: now + ttl * 1000 };
      return putResult(this.#entries.put(tally, key, before, entry, now), done);
    });
  }

  ttl(key: Buffer): Maybe<TtlOutcome> {
    if (!fitsKey(key)) return noRoom;
    const entry = this.#find(key);
    if (entry === undefined || 'kind' in entry) return entry ?? missing;
    return { kind: 'number', value: Math.ceil((entry.expiry - this.#parts.clock.now()) / 1000) };
  }

  delete(key: Buffer): Maybe<DeleteOutcome> {
    if (!fitsKey(key)) return noRoom;
    return this.#change((tally, now) => {
      const before = this.#entries.look(key, now);
      if (before === undefined) return missing;
      this.#entries.remove(tally, key, before);
      return before.entry === undefined ? missing : done;
    });
  }

  member(set: Buffer, item: Buffer, ttl: number): Maybe<MemberOutcome> {
    if (!fitsKey(set) || !fitsKey(item) || !fitsTtl(ttl)) return noRoom;
    // Most are there already, which costs no transaction.
    const there = this.#read((now) => {
      const known = this.#entries.find(set, now)?.set;
      return known !== undefined && this.#entries.hasItem(known.id, item);
    });
    if (there !== false) return there === true ? present : there;
    return this.#change((tally, now) => {
      const before = this.#entries.look(set, now);
      if (before?.entry !== undefined && before.entry.set === undefined) return noType;
      const head = before?.entry?.set ?? { id: tally.nextSet, items: 0, cost: 0 };
      if (this.#entries.hasItem(head.id, item)) return present;
      if (head.items >= MAX_ITEMS) return noRoom;
      const next = { id: head.id, items: head.items + 1, cost: head.cost + itemCost(item.length) };
      const alive = before?.entry ?? valueEntry(Buffer.alloc(0), ttl, now);
      const entry: Entry = { class: alive.class, expiry: alive.expiry, value: undefined, set: next };
      const put = this.#entries.put(tally, set, before, entry, now);
      if (put !== 'put') return putResult(put, added);
      this.#entries.putItem(head.id, item);
      if (before?.entry === undefined) tally.takeSet();
      return added;
    });
  }

  count(set: Buffer): Maybe<NumberOutcome> {
    if (!fitsKey(set)) return noRoom;
    const entry = this.#find(set);
    if (entry === undefined || 'kind' in entry) return entry ?? none;
    return entry.set === undefined ? noType : { kind: 'number', value: entry.set.items };
  }

  list(prefix: Buffer, limit: number): Maybe<ListOutcome> {
    if (prefix.length > 0 && !fitsKey(prefix)) return noRoom;
    if (this.#closed !== undefined) return down;
    const wanted = Math.min(Math.max(0, limit), MAX_LISTED);
    const { values } = this.#parts.environment;
    const listing = new Listing(values, (key) => this.#find(key), prefix, wanted);
    return this.#inTurns(() => listing.turn());
  }

  /** Reads on until there is an outcome, each time in another turn of the loop. */
  #inTurns<T>(read: () => T | undefined): Maybe<T | Failed> {
    return this.#read(read) ?? this.#readOn(read);
  }

  async #readOn<T>(read: () => T | undefined): Promise<T | Failed> {
    for (;;) {
      await turn();
      const outcome = this.#read(read);
      if (outcome !== undefined) return outcome;
    }
  }

  rate(rates: readonly Rate[], isCounted: boolean): Maybe<RateOutcome> {
    if (!fitsRates(rates)) return noRoom;
    if (isCounted) return this.#change((tally, now) => countRates(this.#entries, tally, rates, now));
    return this.#read((now) => lookAtRates(this.#entries, rates, now, false));
  }

  /** Entries behind a key, in order, at most `most`: for who looks through all of them. */
  page(after: Buffer, most: number): readonly WholeEntry[] {
    const { clock, environment } = this.#parts;
    const now = clock.now();
    const start = behind(after);
    return environment.values.keys({ start, limit: most }).map((key) => {
      const entry = this.#entries.find(key, now);
      const ttl = entry === undefined ? 0 : Math.ceil((entry.expiry - now) / 1000);
      const items = entry?.set && this.#entries.items(entry.set.id);
      return { key, ttl, ...(entry?.value && { value: entry.value }), ...(items && { items }) };
    });
  }

  /** A copy of the whole store into an empty directory, while it is used. */
  backup(directory: string): Promise<void> {
    return this.#parts.environment.backup(directory);
  }

  state(): StoreState {
    return this.#closed === undefined ? 'up' : 'down';
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#sweeper.stop();
    await this.#parts.environment.close();
  }

  #fits(key: Buffer, value: Buffer, ttl: number): boolean {
    return fitsKey(key) && value.length <= this.#parts.maxValue && fitsTtl(ttl);
  }

  #read<T>(look: (now: number) => T): T | Failed {
    if (this.#closed !== undefined) return down;
    try {
      return look(this.#parts.clock.now());
    } catch (error) {
      return this.#fault(error);
    }
  }

  /** A look outside of a transaction. */
  #find(key: Buffer): Entry | Failed | undefined {
    return this.#read((now) => this.#entries.find(key, now));
  }

  /** A transaction, or several until there is room for it. */
  #change<T>(action: (tally: Tally, now: number) => T | Again): Maybe<T | Failed> {
    const first = this.#changeOnce(action);
    if (first instanceof Promise) return first.then((outcome) => this.#changeOn(outcome, action));
    return first === again ? this.#changeOn(first, action) : first;
  }

  async #changeOn<T>(
    first: T | Failed | Again,
    action: (tally: Tally, now: number) => T | Again,
  ): Promise<T | Failed> {
    let outcome = first;
    for (let times = 1; outcome === again && times < MOST_TIMES; times++) {
      await turn();
      outcome = await this.#changeOnce(action);
    }
    return outcome === again ? noRoom : (outcome as T | Failed);
  }

  #changeOnce<T>(action: (tally: Tally, now: number) => T): Maybe<T | Failed> {
    if (this.#closed !== undefined) return down;
    const { clock, environment } = this.#parts;
    if (clock.monotonic() < this.#writesFrom) return this.#unwritable;
    try {
      const written: Maybe<T> = environment.write(() => {
        const now = clock.now();
        return this.#entries.change(now, (tally) => action(tally, now));
      });
      return written instanceof Promise ? this.#settle(written) : written;
    } catch (error) {
      return this.#fault(error);
    }
  }

  async #settle<T>(written: Promise<T>): Promise<T | Failed> {
    try {
      return await written;
    } catch (error) {
      return this.#fault(error);
    }
  }

  /** What the system said, or a bug of ours. */
  #fault(error: unknown): Failed {
    if (this.#closed !== undefined) return down;
    this.#cause = textOf(error);
    this.#unwritten.happened();
    this.#writesFrom = this.#parts.clock.monotonic() + UNWRITABLE_MS;
    this.#unwritable = /no space|quota|ENOSPC|EDQUOT|MAP_FULL/i.test(`${this.#cause} ${codeOf(error)}`)
      ? noRoom
      : down;
    return this.#unwritable;
  }
}

/** With neither value nor items it has expired, or is damaged. */
export interface WholeEntry {
  readonly key: Buffer;
  readonly ttl: number;
  readonly value?: Buffer;
  readonly items?: readonly Buffer[];
}
