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
/** Of a page, what is not its head. */
const ROOM = 4072;
/** Head of a node, and its place in the list of its page. */
const NODE = 8 + 2;
/** A node that is larger than this is in pages of its own, and a reference of 24 octets in its place. */
const LARGEST_NODE = 2034;
const REFERENCE = 24;
const PAGE_HEAD = 24;
/** How full pages of a tree are when keys come in random order. */
const FILL = 0.65;
/** Pages that were given up and not yet used again, when entries come and go all the time. */
const FREE = 1.25;
/** Of `expiry` before each key, of `sets` before each item; both have values of one octet. */
const INDEX = 7 + 1;
const ITEM = 6 + 1;

const perPage = (node: number): number => FILL * Math.floor(ROOM / (node + (node & 1)));

/** Octets of pages that one of many such nodes takes, with its part of the pages that lead to it. */
function share(keyLength: number, dataLength: number): number {
  const inLeaf = Math.max(1, perPage(NODE + keyLength + dataLength));
  const inBranch = Math.max(2, perPage(NODE + keyLength));
  return (PAGE / inLeaf) * (1 + 1 / (inBranch - 1));
}

/**
 * Octets that an entry with a record of this length takes in the file, with its row in `expiry`. Held against files of 10,000 entries with
 * keys of 20 to 512 and values of 2 to 20,000 octets, filled in random order and then all replaced (spec/unit/store/cost.spec.ts has fewer): the file
 * has 0.8 to 1.0 times as much as this says.
 */
export function costOf(keyLength: number, recordLength: number): number {
  const isInside = NODE - 2 + keyLength + recordLength <= LARGEST_NODE;
  const own = isInside ? 0 : PAGE * Math.ceil((recordLength + PAGE_HEAD) / PAGE);
  const nodes = share(keyLength, isInside ? recordLength : REFERENCE) + share(keyLength, INDEX);
  return Math.ceil(nodes * FREE) + own;
}

/** Of an item of a set. */
export const itemCost = (length: number): number => Math.ceil(share(length, ITEM) * FREE);
