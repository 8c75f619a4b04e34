// The entries of a zip archive (APPNOTE 6.3.10): by the directory at its end, held against what stands before the data of each entry, since programs
// read one or the other. Reads no data. Bounded by the names that the listing takes.
import type { Listing } from './listing.ts';
import type { Source } from './source.ts';
import { zipName } from './zip-name.ts';

export interface ZipEntry {
  /** In the listing. */
  readonly number: number;
  readonly method: number;
  readonly encrypted: boolean;
  readonly packed: number;
  readonly size: number;
  /** Where its data begin; undefined when that is not known. */
  dataAt: number | undefined;
}

interface Listed extends ZipEntry {
  readonly headerAt: number;
  readonly rawName: Buffer;
  readonly hasDescriptor: boolean;
}

const endLength = 22;
const tailOctets = 65_535 + endLength;
const END = Buffer.from('PK\x05\x06', 'latin1');
const LOCAL = Buffer.from('PK\x03\x04', 'latin1');

interface Directory {
  readonly start: number;
  readonly size: number;
  readonly end: number;
  readonly entries: number;
  /** How much later everything stands than it says. */
  readonly shift: number;
  /** Where the archive ends, its comment included. */
  readonly behind: number;
}

const u64 = (octets: Buffer, at: number): number => Number(octets.readBigUInt64LE(at));

async function findDirectory(source: Source, listing: Listing): Promise<Directory | undefined> {
  const from = Math.max(0, source.size - tailOctets);
  const tail = await source.read(from, source.size - from);
  const at = tail.lastIndexOf(END);
  if (at < 0 || at + endLength > tail.length) return undefined;
  if (tail.subarray(0, at).includes(END)) listing.defects.add('several_directories');
  if (at + endLength + tail.readUInt16LE(at + 20) !== tail.length) listing.defects.add('octets_behind');
  let entries = tail.readUInt16LE(at + 10);
  let size = tail.readUInt32LE(at + 12);
  let offset = tail.readUInt32LE(at + 16);
  let end = from + at;
  const locator = at - 20;
  if (locator >= 0 && tail.readUInt32LE(locator) === 0x07064b50) {
    const head = await source.read(Math.min(u64(tail, locator + 8), source.size), 56);
    if (head.length === 56 && head.readUInt32LE(0) === 0x06064b50) {
      entries = u64(head, 32);
      size = u64(head, 40);
      offset = u64(head, 48);
      end = u64(tail, locator + 8);
    } else listing.defects.add('damaged');
  }
  const start = end - size;
  if (!Number.isSafeInteger(start) || start < 0) {
    listing.defects.add('damaged');
    return undefined;
  }
  const shift = start - offset;
  if (shift !== 0) listing.defects.add('octets_before');
  const behind = from + at + endLength + tail.readUInt16LE(at + 20);
  return { start, size, end, entries, shift, behind };
}

export interface ZipList {
  readonly entries: readonly ZipEntry[];
  /** Where the archive ends. */
  readonly end: number;
}

/** Fills the listing with the entries of the archive, and gives where they are. */
export async function readZip(
  source: Source,
  listing: Listing,
  within: number | undefined,
  depth: number,
): Promise<ZipList> {
  const directory = await findDirectory(source, listing);
  if (directory === undefined) {
    listing.defects.add('no_directory');
    const found = await scanLocal(source, listing, within, depth, 0, source.size);
    return { entries: found, end: source.size };
  }
  const entries: Listed[] = [];
  const end = directory.start + directory.size;
  for (let at = directory.start; at < end; ) {
    const head = await source.read(at, 46);
    if (head.length < 46 || head.readUInt32LE(0) !== 0x02014b50) {
      listing.defects.add('damaged');
      listing.truncated.add('damaged');
      break;
    }
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((i) => head.readUInt16LE(i)) as [
      number,
      number,
      number,
    ];
    const rest = await source.read(at + 46, nameLength + extraLength);
    const entry = listed(head, rest, nameLength, directory.shift, listing, within, depth);
    if (entry === undefined) break;
    entries.push(entry);
    at += 46 + nameLength + extraLength + commentLength;
  }
  if (entries.length !== directory.entries && !listing.full) listing.defects.add('damaged');
  const hidden = await compareLocal(source, listing, entries, within, depth, directory.start);
  return { entries: [...entries, ...hidden], end: directory.behind };
}

function listed(
  head: Buffer,
  rest: Buffer,
  nameLength: number,
  shift: number,
  listing: Listing,
  within: number | undefined,
  depth: number,
): Listed | undefined {
  const flags = head.readUInt16LE(8);
  let packed = head.readUInt32LE(20);
  let size = head.readUInt32LE(24);
  let headerAt = head.readUInt32LE(42);
  const rawName = Buffer.from(rest.subarray(0, nameLength));
  const extra = extraFields(rest.subarray(nameLength));
  const wide = extra.get(0x0001);
  if (wide !== undefined) {
    let i = 0;
    const next = (value: number): number => {
      if (value !== 0xffffffff || i + 8 > wide.length) return value;
      i += 8;
      return u64(wide, i - 8);
    };
    size = next(size);
    packed = next(packed);
    headerAt = next(headerAt);
  }
  const encrypted = (flags & 1) !== 0 || head.readUInt16LE(10) === 99;
  const name = zipName(rawName, (flags & 0x800) !== 0);
  const number = listing.add({ name, size, encrypted, type: undefined, ext: undefined, within, depth });
  if (number === undefined) return undefined;
  const unicode = extra.get(0x7075)?.subarray(5).toString('utf8');
  if (unicode !== undefined && unicode !== name) {
    if (/[\x80-\xff]/.test(rawName.toString('latin1')) === false) listing.defects.add('names_differ');
    listing.also(number, unicode);
  }
  const method = head.readUInt16LE(10);
  return {
    number,
    method,
    encrypted,
    packed,
    size,
    dataAt: undefined,
    headerAt: headerAt + shift,
    rawName,
    hasDescriptor: (flags & 8) !== 0,
  };
}

function extraFields(octets: Buffer): ReadonlyMap<number, Buffer> {
  const fields = new Map<number, Buffer>();
  for (let at = 0; at + 4 <= octets.length; ) {
    const length = octets.readUInt16LE(at + 2);
    if (!fields.has(octets.readUInt16LE(at)))
      fields.set(octets.readUInt16LE(at), octets.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return fields;
}

/** The headers before the data, in the order in which they stand there. Gives entries that stand in between. */
async function compareLocal(
  source: Source,
  listing: Listing,
  entries: readonly Listed[],
  within: number | undefined,
  depth: number,
  end: number,
): Promise<readonly ZipEntry[]> {
  const hidden: ZipEntry[] = [];
  let behind = 0;
  let first = true;
  for (const entry of [...entries].sort((a, b) => a.headerAt - b.headerAt)) {
    const head = entry.headerAt >= 0 ? await source.read(entry.headerAt, 30) : Buffer.alloc(0);
    if (head.length < 30 || head.readUInt32LE(0) !== 0x04034b50) {
      listing.defects.add('missing_entries');
      continue;
    }
    if (entry.headerAt < behind) listing.defects.add('overlapping_entries');
    if (first && entry.headerAt > 0) listing.defects.add('octets_before');
    if (entry.headerAt > behind)
      hidden.push(...(await gap(source, listing, within, depth, behind, entry.headerAt)));
    first = false;
    const nameLength = head.readUInt16LE(26);
    const name = await source.read(entry.headerAt + 30, nameLength);
    if (!name.equals(entry.rawName)) {
      listing.defects.add('names_differ');
      listing.also(entry.number, zipName(name, (head.readUInt16LE(6) & 0x800) !== 0));
    }
    if (contradicts(head, entry)) listing.defects.add('damaged');
    entry.dataAt = entry.headerAt + 30 + nameLength + head.readUInt16LE(28);
    behind = Math.max(behind, entry.dataAt + entry.packed);
  }
  if (behind > end) listing.defects.add('overlapping_entries');
  if (behind < end) hidden.push(...(await gap(source, listing, within, depth, behind, end)));
  return hidden;
}

/** What stands before the data packs or encrypts them in another way than the directory says, or ends them elsewhere. */
function contradicts(head: Buffer, { encrypted, method, packed }: Listed): boolean {
  const flags = head.readUInt16LE(6);
  const said = head.readUInt32LE(18);
  const known = (flags & 8) === 0 && said !== 0xffffffff;
  return (
    head.readUInt16LE(8) !== method ||
    (((flags & 1) !== 0) !== encrypted && method !== 99) ||
    (known && said !== packed)
  );
}

/** A descriptor stands behind data; more, or a header in between, is what the directory does not have. */
async function gap(
  source: Source,
  listing: Listing,
  within: number | undefined,
  depth: number,
  from: number,
  to: number,
): Promise<readonly ZipEntry[]> {
  if (to - from <= 24) return [];
  // All of it: whoever hides something puts it behind much that is nothing.
  for (let at = from; at < to; at += gapOctets) {
    // A mark may stand in two pieces.
    const octets = await source.read(at, Math.min(to - at, gapOctets + LOCAL.length - 1));
    const found = octets.indexOf(LOCAL);
    if (found < 0) continue;
    listing.defects.add('hidden_entries');
    return scanLocal(source, listing, within, depth, at + found, to);
  }
  return [];
}

const gapOctets = 65_536;

/** Entries by the headers before their data only. */
async function scanLocal(
  source: Source,
  listing: Listing,
  within: number | undefined,
  depth: number,
  from: number,
  to: number,
): Promise<readonly ZipEntry[]> {
  const entries: ZipEntry[] = [];
  for (let at = from; at + 30 <= to; ) {
    const piece = await source.read(at, Math.min(to - at, gapOctets));
    const found = piece.indexOf(LOCAL);
    if (found < 0) {
      at += Math.max(1, piece.length - 3);
      continue;
    }
    at += found;
    const head = await source.read(at, 30);
    if (head.length < 30) break;
    const nameLength = head.readUInt16LE(26);
    const flags = head.readUInt16LE(6);
    const packed = head.readUInt32LE(18);
    const size = head.readUInt32LE(22);
    const name = zipName(Buffer.from(await source.read(at + 30, nameLength)), (flags & 0x800) !== 0);
    const method = head.readUInt16LE(8);
    const encrypted = (flags & 1) !== 0;
    const number = listing.add({ name, size, encrypted, type: undefined, ext: undefined, within, depth });
    if (number === undefined) break;
    const dataAt = at + 30 + nameLength + head.readUInt16LE(28);
    entries.push({
      number,
      method,
      encrypted,
      packed: (flags & 8) !== 0 ? to - dataAt : packed,
      size,
      dataAt,
    });
    at = dataAt + ((flags & 8) !== 0 ? 0 : packed);
  }
  return entries;
}
