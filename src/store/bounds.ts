// What every adapter refuses with `limit` before it does anything, so that all refuse the same.
import { type Failed, MAX_KEY, MAX_KEYS, MAX_RATES, MAX_TTL, type Rate } from './store.ts';

export const failed = (cause: Failed['cause']): Failed => ({ kind: 'failed', cause });

/** A key, or an item of a set. */
export const fitsKey = (key: Uint8Array): boolean => key.length > 0 && key.length <= MAX_KEY;
export const fitsKeys = (keys: readonly Uint8Array[]): boolean =>
  keys.length <= MAX_KEYS && keys.every(fitsKey);
export const fitsTtl = (ttl: number): boolean => Number.isInteger(ttl) && ttl >= 1 && ttl <= MAX_TTL;
export const fitsRates = (rates: readonly Rate[]): boolean =>
  rates.length <= MAX_RATES &&
  rates.every(
    ({ key, interval, burst, cost }) =>
      fitsKey(key) && interval > 0 && interval * burst <= MAX_TTL * 1000 && burst >= 1 && cost >= 0,
  );
