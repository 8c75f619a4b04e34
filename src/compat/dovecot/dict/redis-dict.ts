// A dict on a Redis server, with Dovecot's names for keys: PREFIX and what is behind `shared/`; PREFIX, the user, `/` and what is behind
// `priv/`. One connection for all who ask in this process, with the breaker and the time-outs of stores (store/redis).
import { createHash } from 'node:crypto';
import type { CallOutcome, RedisCaller } from '../../../store/redis/caller.ts';
import type { RedisValue } from '../../../store/redis/link.ts';
import type { Script } from '../../../store/redis/scripts.ts';
import {
  type Asking,
  type Change,
  type CommitOutcome,
  type Dict,
  type Failure,
  failure,
  type LookUpOutcome,
  MOST_ROWS,
  noNumber,
  type Row,
  type RowsOutcome,
} from './dict.ts';

/** Rounds of SCAN, of about SCAN_COUNT keys of the server each. */
const MOST_ROUNDS = 500;
const SCAN_COUNT = 1000;
/** Values in one command. */
const VALUES_AT_ONCE = 200;

const script = (text: string): Script => ({ text, digest: createHash('sha1').update(text).digest('hex') });

/** Seconds, then of each key what is done and with what: 'ok', or the number of the key that is no number. All is looked at before any is written. */
const commitScript = script(`
local seconds, new, order = ARGV[1], {}, {}
for i, key in ipairs(KEYS) do
  local what, value = ARGV[2 * i], ARGV[2 * i + 1]
  if new[key] == nil then order[#order + 1] = key end
  if what == 'set' then new[key] = value
  elseif what == 'unset' then new[key] = false
  else
    local present = new[key]
    if present == nil then present = redis.call('GET', key) end
    local text = present or '0'
    local number, most = tonumber(text), 9007199254740991
    if not string.find(text, '^[+-]?%d+$') or #text > 17 or number > most or number < -most then return i end
    local sum = number + tonumber(value)
    if sum > most or sum < -most then return i end
    new[key] = string.format('%.0f', sum)
  end
end
for _, key in ipairs(order) do
  local value = new[key]
  if not value then redis.call('DEL', key)
  elseif seconds == '0' then redis.call('SET', key, value)
  else redis.call('SET', key, value, 'EX', seconds) end
end
return 'ok'`);

const octets = (text: string): Buffer => Buffer.from(text, 'latin1');
/** A slash in the name of a user must not lead into the keys of another one. */
const escapedUser = (user: string): string => user.replace(/[\\/]/g, (one) => (one === '/' ? '\\-' : '\\\\'));
const pattern = (text: string): string => text.replace(/[*?[\]\\^-]/g, '\\$&');

export interface RedisDictParts {
  readonly caller: RedisCaller;
  /** What is loaded for it: the deadline of a call begins behind that. */
  readonly loaded: Promise<unknown>;
  readonly prefix: string;
  /** 0: they stay. */
  readonly expireSeconds: number;
}

export class RedisDict implements Dict {
  readonly #parts: RedisDictParts;

  constructor(parts: RedisDictParts) {
    this.#parts = parts;
  }

  async lookUp(key: string, { user }: Asking): Promise<LookUpOutcome> {
    await this.#parts.loaded;
    const reply = await this.#parts.caller.call(['GET', octets(this.#name(key, user))]);
    if (reply.kind === 'failed') return this.#failed(reply);
    if (reply.value === null) return { kind: 'found', value: undefined };
    return Buffer.isBuffer(reply.value) ? { kind: 'found', value: reply.value.toString('latin1') } : odd();
  }

  async rows(prefix: string, { user, signal }: Asking): Promise<RowsOutcome> {
    await this.#parts.loaded;
    const keys = await this.#keys(prefix, user, signal);
    if ('kind' in keys) return keys;
    const rows: Row[] = [];
    const from = this.#name(prefix, user).length;
    for (let at = 0; at < keys.length; at += VALUES_AT_ONCE) {
      if (signal.aborted) return failure('cancelled');
      const some = keys.slice(at, at + VALUES_AT_ONCE);
      const reply = await this.#parts.caller.call(['MGET', ...some.map(octets)]);
      if (reply.kind === 'failed') return this.#failed(reply);
      if (!Array.isArray(reply.value)) return odd();
      for (const [n, value] of (reply.value as readonly RedisValue[]).entries()) {
        // One that is gone meanwhile, or is of another kind.
        if (Buffer.isBuffer(value)) rows.push([`${prefix}${some[n]?.slice(from)}`, value.toString('latin1')]);
      }
    }
    return { kind: 'rows', rows };
  }

  async #keys(
    prefix: string,
    user: string | undefined,
    signal: AbortSignal,
  ): Promise<readonly string[] | Failure> {
    const match = octets(`${pattern(this.#name(prefix, user))}*`);
    const found = new Set<string>();
    let cursor = '0';
    for (let round = 0; round < MOST_ROUNDS; round++) {
      if (signal.aborted) return failure('cancelled');
      const reply = await this.#parts.caller.call([
        'SCAN',
        cursor,
        'MATCH',
        match,
        'COUNT',
        String(SCAN_COUNT),
      ]);
      if (reply.kind === 'failed') return this.#failed(reply);
      const [next, keys] = Array.isArray(reply.value) ? (reply.value as readonly RedisValue[]) : [];
      if (!Buffer.isBuffer(next) || !Array.isArray(keys)) return odd();
      for (const key of keys as readonly RedisValue[])
        if (Buffer.isBuffer(key)) found.add(key.toString('latin1'));
      if (found.size > MOST_ROWS) return failure(`more than ${MOST_ROWS} keys begin with ${prefix}`);
      cursor = next.toString('latin1');
      if (cursor === '0') return [...found];
    }
    return failure(`the server has more keys than ${MOST_ROUNDS} rounds of ${SCAN_COUNT} show`);
  }

  async commit(changes: readonly Change[], { user }: Asking): Promise<CommitOutcome> {
    if (changes.length === 0) return { kind: 'done' };
    const { caller, expireSeconds, loaded } = this.#parts;
    await loaded;
    const args = changes.flatMap((change): readonly Buffer[] => {
      const value = change.kind === 'set' ? change.value : change.kind === 'add' ? String(change.by) : '';
      return [Buffer.from(change.kind), octets(value)];
    });
    const reply = await caller.script(
      commitScript,
      changes.map(({ key }) => octets(this.#name(key, user))),
      [String(expireSeconds), ...args],
    );
    if (reply.kind === 'failed') return this.#failed(reply);
    if (typeof reply.value === 'number') return noNumber(changes[reply.value - 1]?.key ?? 'a key');
    return { kind: 'done' };
  }

  close(): Promise<void> {
    return this.#parts.caller.close();
  }

  #name(key: string, user: string | undefined): string {
    const { prefix } = this.#parts;
    if (key.startsWith('shared/')) return `${prefix}${key.slice('shared/'.length)}`;
    return `${prefix}${escapedUser(user ?? '')}/${key.slice('priv/'.length)}`;
  }

  #failed({ cause }: Extract<CallOutcome, { readonly kind: 'failed' }>): Failure {
    switch (cause) {
      case 'timeout':
        return failure('the server has not answered in time; what was asked may have been done');
      case 'type':
        return failure('the key is of another type than a text');
      case 'limit':
        return failure('the server has no room, or too many wait for it');
      default:
        return failure(
          this.#parts.caller.cause === ''
            ? 'the server cannot be reached'
            : `the server cannot be reached: ${this.#parts.caller.cause}`,
        );
    }
  }
}

const odd = (): Failure => failure('the server has answered something that is no answer');
