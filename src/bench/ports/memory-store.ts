// The port of what policies remember (store/store.ts) in the memory of a test: everything at once, nothing is ever down before it is closed, time
// is that of the test's clock. It is held against the same table of cases as the stores in service.
import type { Clock } from '../../base/clock.ts';
import { failed, fitsKey, fitsKeys, fitsRates, fitsTtl } from '../../store/bounds.ts';
import { rateStep } from '../../store/rate-step.ts';
import {
  type AddOutcome,
  type DeleteOutcome,
  type ExpireOutcome,
  type Failed,
  type GetManyOutcome,
  type GetOutcome,
  type ListOutcome,
  MAX_ITEMS,
  MAX_LISTED,
  type MemberOutcome,
  type NumberOutcome,
  type Rate,
  type RateOutcome,
  type ReplaceOutcome,
  type SetOutcome,
  type Store,
  type StoreState,
  type TtlOutcome,
} from '../../store/store.ts';

/** A text, which a limit is too, or a set. */
interface Entry {
  readonly content: Buffer | Set<string>;
  /** Milliseconds since the Epoch. */
  readonly until: number;
}

const MISSING = { kind: 'missing' } as const;
const DONE = { kind: 'done' } as const;
const CHANGED = { kind: 'changed' } as const;
const WRONG_TYPE = failed('type');
const LIMIT = failed('limit');
const DOWN = failed('down');

const WHOLE = /^-?(?:0|[1-9]\d{0,15})$/;

const nameOf = (key: Buffer): string => key.toString('latin1');

export class MemoryStore implements Store {
  readonly #clock: Pick<Clock, 'now'>;
  /** Octets. */
  readonly #mostValue: number;
  readonly #entries = new Map<string, Entry>();
  #isClosed = false;

  constructor(clock: Pick<Clock, 'now'>, mostValue: number) {
    this.#clock = clock;
    this.#mostValue = mostValue;
  }

  get(key: Buffer): GetOutcome {
    const content = this.#look(fitsKey(key), key);
    if (content === undefined) return MISSING;
    if ('cause' in content) return content;
    return Buffer.isBuffer(content) ? { kind: 'value', value: content } : WRONG_TYPE;
  }

  getMany(keys: readonly Buffer[]): GetManyOutcome {
    if (!fitsKeys(keys)) return LIMIT;
    if (this.#isClosed) return DOWN;
    const found = keys.map((key) => this.#find(key)?.content);
    return { kind: 'values', values: found.map((content) => (content instanceof Set ? undefined : content)) };
  }

  set(key: Buffer, value: Buffer, ttl: number): SetOutcome {
    if (!this.#fits(key, value, ttl)) return LIMIT;
    if (this.#isClosed) return DOWN;
    this.#put(key, Buffer.from(value), this.#in(ttl));
    return DONE;
  }

  add(key: Buffer, value: Buffer, ttl: number): AddOutcome {
    const content = this.#look(this.#fits(key, value, ttl), key);
    if (content === undefined) return this.set(key, value, ttl);
    return 'cause' in content ? content : { kind: 'exists' };
  }

  replace(key: Buffer, old: Buffer, value: Buffer, ttl: number): ReplaceOutcome {
    const content = this.#look(this.#fits(key, value, ttl), key);
    if (content === undefined) return CHANGED;
    if ('cause' in content) return content;
    if (!Buffer.isBuffer(content)) return WRONG_TYPE;
    return content.equals(old) ? this.set(key, value, ttl) : CHANGED;
  }

  incr(key: Buffer, by: number, ttl: number): NumberOutcome {
    const content = this.#look(fitsKey(key) && fitsTtl(ttl), key);
    if (content !== undefined && 'cause' in content) return content;
    const text = content === undefined ? '0' : Buffer.isBuffer(content) ? nameOf(content) : '';
    const value = WHOLE.test(text) ? Number(text) + by : Number.NaN;
    const isWhole = [by, value, Number(text)].every(Number.isSafeInteger);
    if (!isWhole) return WRONG_TYPE;
    this.#put(key, Buffer.from(String(value)), this.#find(key)?.until ?? this.#in(ttl));
    return { kind: 'number', value };
  }

  expire(key: Buffer, ttl: number): ExpireOutcome {
    const content = this.#look(fitsKey(key) && fitsTtl(ttl), key);
    if (content === undefined) return MISSING;
    if ('cause' in content) return content;
    this.#put(key, content, this.#in(ttl));
    return DONE;
  }

  ttl(key: Buffer): TtlOutcome {
    const content = this.#look(fitsKey(key), key);
    if (content !== undefined && 'cause' in content) return content;
    const until = this.#find(key)?.until;
    if (until === undefined) return MISSING;
    return { kind: 'number', value: Math.ceil((until - this.#clock.now()) / 1000) };
  }

  delete(key: Buffer): DeleteOutcome {
    const content = this.#look(fitsKey(key), key);
    if (content === undefined) return MISSING;
    if ('cause' in content) return content;
    this.#entries.delete(nameOf(key));
    return DONE;
  }

  member(set: Buffer, item: Buffer, ttl: number): MemberOutcome {
    const content = this.#look(fitsKey(set) && fitsKey(item) && fitsTtl(ttl), set);
    if (content !== undefined && 'cause' in content) return content;
    if (Buffer.isBuffer(content)) return WRONG_TYPE;
    const items = content ?? new Set<string>();
    if (items.has(nameOf(item))) return { kind: 'present' };
    if (items.size >= MAX_ITEMS) return LIMIT;
    items.add(nameOf(item));
    if (content === undefined) this.#put(set, items, this.#in(ttl));
    return { kind: 'added' };
  }

  count(set: Buffer): NumberOutcome {
    const content = this.#look(fitsKey(set), set);
    if (content === undefined) return { kind: 'number', value: 0 };
    if ('cause' in content) return content;
    return content instanceof Set ? { kind: 'number', value: content.size } : WRONG_TYPE;
  }

  list(prefix: Buffer, limit: number): ListOutcome {
    if (prefix.length > 0 && !fitsKey(prefix)) return LIMIT;
    if (this.#isClosed) return DOWN;
    const wanted = nameOf(prefix);
    const keys = [...this.#entries.keys()]
      .filter((name) => name.startsWith(wanted))
      .map((name) => Buffer.from(name, 'latin1'))
      .filter((key) => this.#find(key) !== undefined);
    return { kind: 'keys', keys: keys.slice(0, Math.min(Math.max(0, limit), MAX_LISTED)) };
  }

  rate(rates: readonly Rate[], isCounted: boolean): RateOutcome {
    if (!fitsRates(rates)) return LIMIT;
    if (this.#isClosed) return DOWN;
    const counted = this.#steps(rates, isCounted);
    if ('cause' in counted) return counted;
    const isAllowed = counted.every((step) => step.isAllowed);
    if (!isCounted || !isAllowed) {
      const looked = isCounted ? this.#steps(rates, false) : counted;
      return 'cause' in looked ? looked : { kind: 'rates', rates: looked.map(stateOf) };
    }
    const now = this.#clock.now();
    for (const [index, { cost, key }] of rates.entries()) {
      const stamp = counted[index]?.stamp ?? now;
      if (cost > 0) this.#put(key, Buffer.from(stamp.toFixed(3)), Math.max(now + 1000, stamp));
    }
    return { kind: 'rates', rates: counted.map(stateOf) };
  }

  #steps(rates: readonly Rate[], isCounted: boolean): readonly ReturnType<typeof rateStep>[] | Failed {
    const now = this.#clock.now();
    const steps: ReturnType<typeof rateStep>[] = [];
    for (const rate of rates) {
      const content = this.#find(rate.key)?.content;
      const stamp =
        content === undefined ? undefined : Number(Buffer.isBuffer(content) ? nameOf(content) || 'x' : 'x');
      if (Number.isNaN(stamp)) return WRONG_TYPE;
      steps.push(rateStep(rate, stamp, now, isCounted));
    }
    return steps;
  }

  state(): StoreState {
    return this.#isClosed ? 'down' : 'up';
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#entries.clear();
    return Promise.resolve();
  }

  /** What is there, if what was asked fits. */
  #look(fits: boolean, key: Buffer): Entry['content'] | Failed | undefined {
    if (!fits) return LIMIT;
    return this.#isClosed ? DOWN : this.#find(key)?.content;
  }

  #find(key: Buffer): Entry | undefined {
    const name = nameOf(key);
    const entry = this.#entries.get(name);
    if (entry === undefined || entry.until > this.#clock.now()) return entry;
    this.#entries.delete(name);
    return undefined;
  }

  #fits(key: Buffer, value: Buffer, ttl: number): boolean {
    return fitsKey(key) && value.length <= this.#mostValue && fitsTtl(ttl);
  }

  /** When what lives so many seconds ends. */
  #in(ttl: number): number {
    return this.#clock.now() + ttl * 1000;
  }

  #put(key: Buffer, content: Entry['content'], until: number): void {
    this.#entries.set(nameOf(key), { content, until });
  }
}

const stateOf = ({ isAllowed, remaining, retryAfter }: ReturnType<typeof rateStep>) => ({
  isAllowed,
  remaining,
  retryAfter,
});
