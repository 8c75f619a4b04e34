// The entries of a tar archive (POSIX pax, GNU and old ones), header by header. Reads no data but long names.
import type { Listing } from './listing.ts';
import { Cursor, type Source } from './source.ts';

export interface TarEntry {
  readonly number: number;
  readonly dataAt: number;
  readonly size: number;
}

const block = 512;
const maxName = 65_536;

const textOf = (octets: Buffer): string => {
  const end = octets.indexOf(0);
  return octets.toString('utf8', 0, end < 0 ? octets.length : end);
};

/** Octal digits, or with the highest bit the number itself (GNU). */
function numberOf(octets: Buffer): number {
  if ((octets[0] ?? 0) & 0x80) return octets.readUIntBE(octets.length - 6, 6);
  return Number.parseInt(octets.toString('latin1').replace(/\0.*$/s, '').trim() || '0', 8);
}

/** The records of a pax header: `length name=value`, and the length counts all of it, so that a value may have line ends. */
function paxRecords(octets: Buffer): ReadonlyMap<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < octets.length; ) {
    const length = Number(/^\d{1,6}(?= )/.exec(octets.toString('latin1', at, at + 7))?.[0] ?? 0);
    const record = octets.toString('utf8', octets.indexOf(32, at) + 1, at + length - 1);
    const equal = record.indexOf('=');
    if (length < 5 || equal < 0) break;
    records.set(record.slice(0, equal), record.slice(equal + 1));
    at += length;
  }
  return records;
}

const isEmpty = (octets: Buffer): boolean => octets.every((octet) => octet === 0);

/** Two empty blocks end it, and more fill the record. */
async function behindZeros(source: Source, cursor: Cursor): Promise<number> {
  while (cursor.at < source.size && isEmpty(await cursor.peek(block))) cursor.at += block;
  return cursor.at;
}

export interface TarList {
  readonly entries: readonly TarEntry[];
  /** Where it ends, as far as that is known. */
  readonly end: number;
}

export async function readTar(
  source: Source,
  listing: Listing,
  within: number | undefined,
  depth: number,
): Promise<TarList> {
  const entries: TarEntry[] = [];
  const cursor = new Cursor(source, 0);
  let longName: string | undefined;
  let pax: ReadonlyMap<string, string> | undefined;
  for (;;) {
    const head = await cursor.take(block);
    if (head === undefined) return { entries, end: source.size };
    if (isEmpty(head)) return { entries, end: await behindZeros(source, cursor) };
    const kind = String.fromCharCode(head[156] ?? 0);
    // What a pax header says of the size counts for what follows it: where the next header is.
    const isHeader = kind === 'x' || kind === 'L' || kind === 'g' || kind === 'K';
    const said = isHeader ? undefined : pax?.get('size');
    const size = said === undefined ? numberOf(head.subarray(124, 136)) : Number(said);
    if (!Number.isSafeInteger(size) || size < 0) {
      listing.defects.add('damaged');
      listing.truncated.add('damaged');
      return { entries, end: source.size };
    }
    const dataAt = cursor.at;
    cursor.at += Math.ceil(size / block) * block;
    if (kind === 'L' || kind === 'x') {
      const data = await source.read(dataAt, Math.min(size, maxName));
      if (kind === 'L') longName = textOf(data);
      else pax = paxRecords(data);
      continue;
    }
    if (kind === 'g' || kind === 'K') continue;
    const prefix = head.toString('latin1', 257, 262) === 'ustar' ? textOf(head.subarray(345, 500)) : '';
    const plain = textOf(head.subarray(0, 100));
    const short = prefix === '' ? plain : `${prefix}/${plain}`;
    const name = pax?.get('path') ?? longName ?? short;
    const sparse = pax?.get('GNU.sparse.name');
    longName = pax = undefined;
    const number = listing.add({
      name,
      size,
      encrypted: false,
      type: undefined,
      ext: undefined,
      within,
      depth,
    });
    if (number === undefined) return { entries, end: source.size };
    if (sparse !== undefined) listing.also(number, sparse);
    // Links lead somewhere: out of the directory, too.
    if (kind === '1' || kind === '2') {
      const target = textOf(head.subarray(157, 257));
      if (target.startsWith('/') || target.split('/').includes('..')) listing.defects.add('path_outside');
    }
    if (dataAt + size > source.size) {
      listing.defects.add('damaged');
      listing.truncated.add('damaged');
    }
    if (kind === '0' || kind === '\0' || kind === '7') entries.push({ number, dataAt, size });
  }
}
