// The store over Redis or Valkey: each call is one command or one script on keys below the prefix, and its reply read back.
//
// Must never make text of octets, or take a reply of another shape for an answer.
import { chain, type Maybe } from '../../base/maybe.ts';
import { failed, fitsKey, fitsKeys, fitsRates, fitsTtl } from '../bounds.ts';
import {
  type AddOutcome,
  type DeleteOutcome,
  type ExpireOutcome,
  type Failed,
  type GetManyOutcome,
  type GetOutcome,
  type ListOutcome,
  MAX_KEY,
  MAX_LISTED,
  type MemberOutcome,
  type NumberOutcome,
  type Rate,
  type RateOutcome,
  type RateState,
  type ReplaceOutcome,
  type SetOutcome,
  type Store,
  type StoreState,
  type TtlOutcome,
} from '../store.ts';
import type { CallOutcome, RedisCaller } from './caller.ts';
import type { RedisValue } from './link.ts';
import { incrScript, memberScript, rateScript, replaceScript, VERSION } from './scripts.ts';

const LIMIT = failed('limit');
const TYPE = failed('type');
const DOWN = failed('down');
const MISSING = { kind: 'missing' } as const;
const DONE = { kind: 'done' } as const;
const EXISTS = { kind: 'exists' } as const;
const CHANGED = { kind: 'changed' } as const;

/** Keys that Redis looks at in one step of a walk. */
const SCAN_STEP = 1000;
/** Steps of one walk. */
const SCAN_STEPS = 10_000;

const version = Buffer.of(VERSION);
const entryOf = (value: Buffer): Buffer => Buffer.concat([version, value]);

/** What `read` makes of the value; a reply that it does not know is a server that is none of ours. */
function then<T>(outcome: Maybe<CallOutcome>, read: (value: RedisValue) => T | undefined): Maybe<T | Failed> {
  return chain(outcome, (answer): T | Failed => {
    if (answer.kind === 'failed') return answer;
    return read(answer.value) ?? DOWN;
  });
}

/** With `*`, `?`, `[` and `\` as they are. */
function globOf(prefix: Buffer): Buffer {
  const text = prefix.toString('latin1').replace(/[*?[\]\\]/g, '\\$&');
  return Buffer.from(`${text}*`, 'latin1');
}

export interface RedisStoreParts {
  readonly caller: RedisCaller;
  /** What all keys begin with. */
  readonly prefix: string;
  /** Octets. */
  readonly maxValue: number;
}

export class RedisStore implements Store {
  readonly #caller: RedisCaller;
  readonly #prefix: Buffer;
  readonly #maxValue: number;

  constructor({ caller, prefix, maxValue }: RedisStoreParts) {
    this.#caller = caller;
    this.#prefix = Buffer.from(prefix, 'utf8');
    this.#maxValue = maxValue;
  }

  #key(key: Buffer): Buffer {
    return Buffer.concat([this.#prefix, key]);
  }

  #fits(key: Buffer, value: Buffer, ttl: number): boolean {
    return fitsKey(key) && value.length <= this.#maxValue && fitsTtl(ttl);
  }

  /** The value of an entry; undefined when it is none of this version. */
  #valueOf(entry: Buffer): Buffer | undefined {
    return entry[0] === VERSION ? entry.subarray(1) : undefined;
  }

  #tooLong(entry: Buffer): boolean {
    return entry.length > this.#maxValue + 1;
  }

  get(key: Buffer): Maybe<GetOutcome> {
    if (!fitsKey(key)) return LIMIT;
    return then(this.#caller.call(['GET', this.#key(key)]), (entry): GetOutcome | undefined => {
      if (entry === null) return MISSING;
      if (!Buffer.isBuffer(entry)) return undefined;
      if (this.#tooLong(entry)) return LIMIT;
      const value = this.#valueOf(entry);
      return value === undefined ? MISSING : { kind: 'value', value };
    });
  }

  getMany(keys: readonly Buffer[]): Maybe<GetManyOutcome> {
    if (!fitsKeys(keys)) return LIMIT;
    if (keys.length === 0) return { kind: 'values', values: [] };
    const outcome = this.#caller.call(['MGET', ...keys.map((key) => this.#key(key))]);
    return then(outcome, (entries): GetManyOutcome | undefined => {
      if (!Array.isArray(entries) || entries.length !== keys.length) return undefined;
      const values: (Buffer | undefined)[] = [];
      for (const entry of entries as readonly RedisValue[]) {
        if (entry !== null && !Buffer.isBuffer(entry)) return undefined;
        if (entry !== null && this.#tooLong(entry)) return LIMIT;
        values.push(entry === null ? undefined : this.#valueOf(entry));
      }
      return { kind: 'values', values };
    });
  }

  set(key: Buffer, value: Buffer, ttl: number): Maybe<SetOutcome> {
    if (!this.#fits(key, value, ttl)) return LIMIT;
    const outcome = this.#caller.call(['SET', this.#key(key), entryOf(value), 'EX', String(ttl)]);
    return then(outcome, (reply) => (reply === null ? undefined : DONE));
  }

  add(key: Buffer, value: Buffer, ttl: number): Maybe<AddOutcome> {
    if (!this.#fits(key, value, ttl)) return LIMIT;
    const outcome = this.#caller.call(['SET', this.#key(key), entryOf(value), 'EX', String(ttl), 'NX']);
    return then<AddOutcome>(outcome, (reply) => (reply === null ? EXISTS : DONE));
  }

  replace(key: Buffer, old: Buffer, value: Buffer, ttl: number): Maybe<ReplaceOutcome> {
    if (!this.#fits(key, value, ttl)) return LIMIT;
    const args = [entryOf(old), entryOf(value), String(ttl)];
    return then<ReplaceOutcome>(this.#caller.script(replaceScript, [this.#key(key)], args), (reply) => {
      if (reply === 1) return DONE;
      return reply === 0 ? CHANGED : undefined;
    });
  }

  incr(key: Buffer, by: number, ttl: number): Maybe<NumberOutcome> {
    if (!fitsKey(key) || !fitsTtl(ttl)) return LIMIT;
    if (!Number.isSafeInteger(by)) return TYPE;
    const outcome = this.#caller.script(incrScript, [this.#key(key)], [String(by), String(ttl)]);
    return then(outcome, (reply): NumberOutcome | undefined => {
      if (!Buffer.isBuffer(reply)) return undefined;
      const text = reply.toString('latin1');
      return text === 'type' ? TYPE : { kind: 'number', value: Number(text) };
    });
  }

  expire(key: Buffer, ttl: number): Maybe<ExpireOutcome> {
    if (!fitsKey(key) || !fitsTtl(ttl)) return LIMIT;
    return then<ExpireOutcome>(this.#caller.call(['EXPIRE', this.#key(key), String(ttl)]), (reply) =>
      reply === 1 ? DONE : MISSING,
    );
  }

  ttl(key: Buffer): Maybe<TtlOutcome> {
    if (!fitsKey(key)) return LIMIT;
    return then(this.#caller.call(['PTTL', this.#key(key)]), (left): TtlOutcome | undefined => {
      if (typeof left !== 'number') return undefined;
      // -2: there is none; -1: it has no end, so that it is none of ours.
      return left < 0 ? MISSING : { kind: 'number', value: Math.max(1, Math.ceil(left / 1000)) };
    });
  }

  delete(key: Buffer): Maybe<DeleteOutcome> {
    if (!fitsKey(key)) return LIMIT;
    return then<DeleteOutcome>(this.#caller.call(['DEL', this.#key(key)]), (reply) =>
      reply === 1 ? DONE : MISSING,
    );
  }

  member(set: Buffer, item: Buffer, ttl: number): Maybe<MemberOutcome> {
    if (!fitsKey(set) || !fitsKey(item) || !fitsTtl(ttl)) return LIMIT;
    const outcome = this.#caller.script(memberScript, [this.#key(set)], [item, String(ttl)]);
    return then<MemberOutcome>(outcome, (reply) => {
      switch (reply) {
        case 0:
          return { kind: 'present' };
        case 1:
          return { kind: 'added' };
        case 2:
          return LIMIT;
        default:
          return undefined;
      }
    });
  }

  count(set: Buffer): Maybe<NumberOutcome> {
    if (!fitsKey(set)) return LIMIT;
    return then(this.#caller.call(['SCARD', this.#key(set)]), (reply): NumberOutcome | undefined =>
      typeof reply === 'number' ? { kind: 'number', value: reply } : undefined,
    );
  }

  async list(prefix: Buffer, limit: number): Promise<ListOutcome> {
    if (prefix.length > MAX_KEY) return LIMIT;
    const most = Math.min(limit, MAX_LISTED);
    const pattern = globOf(this.#key(prefix));
    // A walk may come by a key twice.
    const seen = new Map<string, Buffer>();
    let cursor = '0';
    for (let step = 0; step < SCAN_STEPS && seen.size < most; step++) {
      const outcome = await this.#caller.call(['SCAN', cursor, 'MATCH', pattern, 'COUNT', String(SCAN_STEP)]);
      if (outcome.kind === 'failed') return outcome;
      const [next, keys] = Array.isArray(outcome.value) ? (outcome.value as readonly RedisValue[]) : [];
      if (!Buffer.isBuffer(next) || !Array.isArray(keys)) return DOWN;
      for (const key of keys as readonly RedisValue[]) {
        if (!Buffer.isBuffer(key) || seen.size >= most) continue;
        const own = key.subarray(this.#prefix.length);
        seen.set(own.toString('latin1'), own);
      }
      cursor = next.toString('latin1');
      if (cursor === '0') break;
    }
    return { kind: 'keys', keys: [...seen.values()] };
  }

  rate(rates: readonly Rate[], isCounted: boolean): Maybe<RateOutcome> {
    if (!fitsRates(rates)) return LIMIT;
    if (rates.length === 0) return { kind: 'rates', rates: [] };
    const outcome = this.#caller.script(
      rateScript,
      rates.map(({ key }) => this.#key(key)),
      [
        isCounted ? '1' : '0',
        ...rates.flatMap(({ interval, burst, cost }) => [String(interval), String(burst), String(cost)]),
      ],
    );
    return then(outcome, (reply): RateOutcome | undefined => {
      if (Buffer.isBuffer(reply)) return reply.toString('latin1') === 'type' ? TYPE : undefined;
      if (!Array.isArray(reply) || reply.length !== 3 * rates.length) return undefined;
      const numbers = (reply as readonly RedisValue[]).map((one) =>
        Buffer.isBuffer(one) ? Number(one.toString('latin1')) : Number.NaN,
      );
      if (numbers.some(Number.isNaN)) return undefined;
      const states: RateState[] = [];
      for (let i = 0; i < numbers.length; i += 3) {
        const [allowed = 0, remaining = 0, wait = 0] = numbers.slice(i, i + 3);
        states.push({
          isAllowed: allowed === 1,
          remaining,
          retryAfter: wait < 0 ? Number.POSITIVE_INFINITY : wait,
        });
      }
      return { kind: 'rates', rates: states };
    });
  }

  state(): StoreState {
    return this.#caller.state;
  }

  close(): Promise<void> {
    return this.#caller.close();
  }
}
