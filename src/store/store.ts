// The port of what policies remember: a store of octets under keys, each with a time to live, that all connections, workers and, with Redis,
// machines share. Every call is atomic. It knows nothing of Lua or SMTP. A call never throws and never rejects for what happens
// outside (a server, a disk): that is an outcome. A failure must never look like "not there". Nothing is retried by itself: a write whose
// answer was lost may have happened.
import type { Maybe } from '../base/maybe.ts';

/** Longest key, and longest item of a set, in octets. The shortest key has 1. */
export const MAX_KEY = 512;
/** Seconds; the least is 1. Every entry has a time to live: nothing grows for ever. */
export const MAX_TTL = 31_536_000;
/** Most keys of one getMany. */
export const MAX_KEYS = 100;
/** Most items of one set. */
export const MAX_ITEMS = 10_000;
/** Most keys that list gives. */
export const MAX_LISTED = 1_000;
/** Most limits of one rate. */
export const MAX_RATES = 16;

/** What `store.cause` of policies has: why there is no value, or why nothing was done. */
export const storeCauses = ['missing', 'exists', 'changed', 'type', 'limit', 'down', 'timeout'] as const;
export type StoreCause = (typeof storeCauses)[number];

/**
 * `type`: the entry is of another kind (incr on a text or on a set, member on a value), or the sum has more than 53 bits. `limit`: key,
 * value, time to live, set or store would be too large, or too much is under way. `down`: there is no connection, or the breaker is
 * open. `timeout`: no answer in time; a write may have happened.
 */
export interface Failed {
  readonly kind: 'failed';
  readonly cause: 'type' | 'limit' | 'down' | 'timeout';
}
export interface Missing {
  readonly kind: 'missing';
}
export interface Done {
  readonly kind: 'done';
}

export type GetOutcome = { readonly kind: 'value'; readonly value: Buffer } | Missing | Failed;
/** In the order of the keys; undefined: missing. */
export type GetManyOutcome =
  | { readonly kind: 'values'; readonly values: readonly (Buffer | undefined)[] }
  | Failed;
export type SetOutcome = Done | Failed;
export type AddOutcome = Done | { readonly kind: 'exists' } | Failed;
/** `changed`: the value is another one, or there is none. */
export type ReplaceOutcome = Done | { readonly kind: 'changed' } | Failed;
export type NumberOutcome = { readonly kind: 'number'; readonly value: number } | Failed;
export type TtlOutcome = { readonly kind: 'number'; readonly value: number } | Missing | Failed;
export type ExpireOutcome = Done | Missing | Failed;
export type DeleteOutcome = Done | Missing | Failed;
/** `added`: it was not in the set before. */
export type MemberOutcome = { readonly kind: 'added' } | { readonly kind: 'present' } | Failed;
export type ListOutcome = { readonly kind: 'keys'; readonly keys: readonly Buffer[] } | Failed;

/**
 * A limit by the generic cell rate algorithm: the entry is the time stamp (ms) when the last of what was counted will have been worked off.
 * `cost` units fit when max(stamp, now) + cost * interval - now <= burst * interval.
 */
export interface Rate {
  readonly key: Buffer;
  /** Milliseconds for one unit, more than 0; may have a fraction. */
  readonly interval: number;
  /** Units that may come at once, at least 1. */
  readonly burst: number;
  /** Units of this call, 0 or more. */
  readonly cost: number;
}
export interface RateState {
  readonly isAllowed: boolean;
  /** Whole units that would still fit now: behind this call when it was counted. */
  readonly remaining: number;
  /** Milliseconds until `cost` units fit; 0 when they do, Infinity when they never will (`cost` more than `burst`). */
  readonly retryAfter: number;
}
/** In the order of the limits. When one refuses, nothing was counted for any. */
export type RateOutcome = { readonly kind: 'rates'; readonly rates: readonly RateState[] } | Failed;

/** `trying`: it was down, and one call is finding out whether it still is. */
export type StoreState = 'up' | 'down' | 'trying';

/** Keys, values and items are octets that the store must not change; who calls must not change them either. `ttl` is whole seconds. */
export interface Store {
  get(key: Buffer): Maybe<GetOutcome>;
  /** One round trip, at most MAX_KEYS. */
  getMany(keys: readonly Buffer[]): Maybe<GetManyOutcome>;
  set(key: Buffer, value: Buffer, ttl: number): Maybe<SetOutcome>;
  /** Only what is not there: one winner among all workers and machines. */
  add(key: Buffer, value: Buffer, ttl: number): Maybe<AddOutcome>;
  /** Compare and set. */
  replace(key: Buffer, old: Buffer, value: Buffer, ttl: number): Maybe<ReplaceOutcome>;
  /** Adds a whole number to a decimal text; makes it with `ttl` when there is none, and does not prolong one that is there. */
  incr(key: Buffer, by: number, ttl: number): Maybe<NumberOutcome>;
  expire(key: Buffer, ttl: number): Maybe<ExpireOutcome>;
  /** Seconds that are left, rounded up: never 0. */
  ttl(key: Buffer): Maybe<TtlOutcome>;
  delete(key: Buffer): Maybe<DeleteOutcome>;
  /** A set with one lifetime, which begins with its first item and is not prolonged; `limit` beyond MAX_ITEMS. */
  member(set: Buffer, item: Buffer, ttl: number): Maybe<MemberOutcome>;
  /** Items of the set; 0 when there is none. */
  count(set: Buffer): Maybe<NumberOutcome>;
  /** At most `limit` keys that begin with `prefix`, values and sets, in no promised order. */
  list(prefix: Buffer, limit: number): Maybe<ListOutcome>;
  /** Counts when `isCounted` and all allow; else only looks. At most MAX_RATES. */
  rate(rates: readonly Rate[], isCounted: boolean): Maybe<RateOutcome>;
  state(): StoreState;
  /** Calls that are under way end with `down`. */
  close(): Promise<void>;
}
