// An entry as it lies in the embedded store, and what it is said to cost. Pure.
//
// Octets of a record: version, flags, expiry (6, Unix ms), CRC-32C (4) of the key and all but itself, then the value; of a set its number (6),
// items (4) and what they cost (6). LMDB maps its file: a flipped bit gives a wrong value without an error, so every record is checked
// when it is read. What another version wrote is "not there", never an error.
import { crc32c } from '../../base/crc32c.ts';
import { MAX_TTL } from '../store.ts';

export const RECORD_VERSION = 1;
const IS_SET = 1;
const IS_LONG = 2;
const CRC = 8;
export const HEADER = 12;
const SET_LENGTH = 16;
/** Entries that were made to live longer than this many seconds are of the second class. */
const SHORT_TTL = 300;

/**
 * What would live longer than anything may was written by a clock that was wrong, or is looked at by one: it is as good as not there, and the
 * first to go when there is no room. A clock that is set right brings it back. Days are let pass: clocks are set.
 */
export const FARTHEST = MAX_TTL * 1000 + 7 * 86_400_000;

/** Counters live for minutes and are many; greylists and answers live for hours. Neither is thrown out for the other beyond its half. */
export type EntryClass = 'short' | 'long';
export const classOf = (ttl: number): EntryClass => (ttl <= SHORT_TTL ? 'short' : 'long');

export interface SetHead {
  /** Its items are under this number. */
  readonly id: number;
  readonly items: number;
  /** What they cost, as costOf has it. */
  readonly cost: number;
}

export interface Entry {
  readonly class: EntryClass;
  readonly expiry: number;
  /** Undefined when it is a set. */
  readonly value: Buffer | undefined;
  readonly set: SetHead | undefined;
}

export type ReadRecord =
  | { readonly kind: 'entry'; readonly entry: Entry }
  /** Of another version. */
  | { readonly kind: 'foreign' }
  | { readonly kind: 'damaged' };

/** What the checksum of a record would be. */
function sumOf(key: Uint8Array, record: Uint8Array): number {
  return crc32c(record, crc32c(record, crc32c(key), 0, CRC), HEADER);
}

export function writeRecord(key: Uint8Array, { class: its, expiry, set, value }: Entry): Buffer {
  const length = set === undefined ? (value?.length ?? 0) : SET_LENGTH;
  const record = Buffer.allocUnsafe(HEADER + length);
  record[0] = RECORD_VERSION;
  record[1] = (set === undefined ? 0 : IS_SET) | (its === 'long' ? IS_LONG : 0);
  record.writeUIntBE(expiry, 2, 6);
  if (set === undefined) value?.copy(record, HEADER);
  else {
    record.writeUIntBE(set.id, HEADER, 6);
    record.writeUInt32BE(set.items, HEADER + 6);
    record.writeUIntBE(set.cost, HEADER + 10, 6);
  }
  record.writeUInt32BE(sumOf(key, record), CRC);
  return record;
}

const foreign: ReadRecord = { kind: 'foreign' };
const damaged: ReadRecord = { kind: 'damaged' };

/** The value is a part of `record`, which must not change. */
export function readRecord(key: Uint8Array, record: Buffer): ReadRecord {
  if (record.length < HEADER || record.readUInt32BE(CRC) !== sumOf(key, record)) return damaged;
  if (record[0] !== RECORD_VERSION) return foreign;
  const flags = record[1] ?? 0;
  const isSet = (flags & IS_SET) !== 0;
  if (isSet && record.length !== HEADER + SET_LENGTH) return damaged;
  const set = isSet
    ? {
        id: record.readUIntBE(HEADER, 6),
        items: record.readUInt32BE(HEADER + 6),
        cost: record.readUIntBE(HEADER + 10, 6),
      }
    : undefined;
  const entry: Entry = {
    class: (flags & IS_LONG) === 0 ? 'short' : 'long',
    expiry: record.readUIntBE(2, 6),
    value: isSet ? undefined : record.subarray(HEADER),
    set,
  };
  return { kind: 'entry', entry };
}

/** Expiry, in order, then the key: `expiry` is swept from its beginning. The first octet is the class. */
export function expiryKey({ class: its, expiry }: Pick<Entry, 'class' | 'expiry'>, key: Uint8Array): Buffer {
  const index = Buffer.allocUnsafe(7 + key.length);
  index[0] = its === 'short' ? 0 : 1;
  index.writeUIntBE(expiry, 1, 6);
  index.set(key, 7);
  return index;
}

export interface ExpiryIndex {
  readonly expiry: number;
  readonly key: Buffer;
}
export const readExpiryKey = (index: Buffer): ExpiryIndex => ({
  expiry: index.readUIntBE(1, 6),
  key: index.subarray(7),
});
/** The range of a class in `expiry`. */
export const expiryRange = (its: EntryClass): { readonly start: Buffer; readonly end: Buffer } => {
  const first = its === 'short' ? 0 : 1;
  return { start: Buffer.from([first]), end: Buffer.from([first + 1]) };
};

const PAGE = 4096;
/** What LMDB keeps beside an entry, and pages that are not full: measured with keys of 20 to 200 octets in random order. */
const BESIDE = 60;
const SLACK = 1.5;
/** Longer ones have pages of their own. */
const LARGEST_INSIDE = 2000;

/** Octets that an entry with a record of this length takes, with its expiry. */
export function costOf(keyLength: number, recordLength: number): number {
  const inside = recordLength + keyLength > LARGEST_INSIDE ? 0 : recordLength;
  const own = inside === 0 ? PAGE * Math.ceil((recordLength + 16) / PAGE) : 0;
  return Math.ceil((2 * keyLength + inside + BESIDE) * SLACK) + own;
}

/** Of an item of a set. */
export const itemCost = (length: number): number => Math.ceil((length + 24) * SLACK);
