// The dicts of a process, by what scripts name them: each opened when it is first asked for, for all scripts. Their number is bounded, as
// scripts may make the name out of anything.
import type { Clock, RandomInteger } from '../../../base/clock.ts';
import type { Log } from '../../../base/log.ts';
import { Dotlocks } from '../../../mailbox/dotlock.ts';
import { ofThisProcess } from '../../../mailbox/parts.ts';
import type { AddressSource } from '../../../net/dial.ts';
import type { Options } from '../../../options/options.ts';
import { RedisCaller } from '../../../store/redis/caller.ts';
import type { Dict } from './dict.ts';
import { type DictPlace, readDictPlace } from './dict-place.ts';
import { FileDict } from './file-dict.ts';
import { octetFiles } from './octet-files.ts';
import { RedisDict } from './redis-dict.ts';

const MOST_DICTS = 64;
/** Milliseconds for each step of making a connection. */
const CONNECT_MS = 500;

export interface DictsParts {
  readonly clock: Clock;
  readonly random: RandomInteger;
  readonly log: Log;
  readonly resolver: AddressSource;
  /** Of the process. */
  readonly options: Options;
  /** Why no server is connected to, and no file changed, by who only tries scripts; undefined: they are. */
  readonly refuse?: { readonly connecting: string; readonly writing: string } | undefined;
}

export type OpenDict =
  | { readonly kind: 'open'; readonly dict: Dict }
  | { readonly kind: 'wrong'; readonly why: string };

type RedisPlace = Extract<DictPlace, { readonly kind: 'redis' }>;

export class Dicts {
  readonly #parts: DictsParts;
  readonly #open = new Map<string, Dict>();
  /** Of all dicts in files: two names may be one file. */
  readonly #locks: Dotlocks;
  #isClosed = false;

  constructor(parts: DictsParts) {
    this.#parts = parts;
    const { clock, random } = parts;
    this.#locks = new Dotlocks({ ...ofThisProcess(), files: octetFiles, clock, random });
  }

  /** What is wrong with the name of a dict, without it; undefined when nothing is. Opens nothing. */
  problem(name: string): string | undefined {
    const read = readDictPlace(name);
    return read.kind === 'wrong' ? read.why : undefined;
  }

  open(name: string): OpenDict {
    const there = this.#open.get(name);
    if (there !== undefined) return { kind: 'open', dict: there };
    const read = readDictPlace(name);
    if (read.kind === 'wrong') return read;
    if (this.#isClosed) return { kind: 'wrong', why: 'the process ends' };
    if (this.#open.size === MOST_DICTS)
      return {
        kind: 'wrong',
        why: `more than ${MOST_DICTS} dicts are open; a name must not be made of what varies`,
      };
    const { place } = read;
    const { refuse } = this.#parts;
    if (place.kind === 'redis' && refuse !== undefined) return { kind: 'wrong', why: refuse.connecting };
    const dict =
      place.kind === 'file' ? new FileDict(place.path, this.#locks, refuse?.writing) : this.#redis(place);
    this.#open.set(name, dict);
    return { kind: 'open', dict };
  }

  #redis(place: RedisPlace): Dict {
    const { clock, log, options, random, resolver } = this.#parts;
    const { database, host, path, port, prefix, expireSeconds, user } = place;
    const password = place.password === undefined ? undefined : Buffer.from(place.password, 'latin1');
    const server = path ?? `${host}:${port}`;
    // With its package, which few need.
    const loaded = import('../../../store/redis/connect.ts');
    const caller = new RedisCaller({
      ...{ clock, random, log, server, name: 'dict' },
      timeoutMs: place.timeoutMs ?? options.values['store-timeout'],
      connect: async (signal) =>
        (await loaded).connectRedis(
          path === undefined
            ? { kind: 'redis', host, port, tls: false, user, database }
            : { kind: 'redis-socket', path },
          { ...{ clock, resolver, signal, password }, timeoutMs: CONNECT_MS, passwordFile: '', caFile: '' },
        ),
    });
    return new RedisDict({ caller, loaded, prefix, expireSeconds });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#open.values()].map((dict) => dict.close()));
  }
}
