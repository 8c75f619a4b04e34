// The names in a RAR archive (versions 4 and 5, by the notes on the format that its author publishes), block by block. Nothing is unpacked.
import type { Listing } from './listing.ts';
import { Cursor, type Source } from './source.ts';

/** Gives where it ends, as far as that is known. */
export async function readRar(
  source: Source,
  listing: Listing,
  within: number | undefined,
  depth: number,
): Promise<number> {
  const head = await source.read(0, 8);
  const read = head[6] === 1 ? readRar5 : readRar4;
  return (await read(source, listing, within, depth)) ?? source.size;
}

async function readRar4(
  source: Source,
  listing: Listing,
  within: number | undefined,
  depth: number,
): Promise<number | undefined> {
  const cursor = new Cursor(source, 7);
  for (;;) {
    const start = cursor.at;
    if (start >= source.size) return undefined;
    const head = await cursor.take(7);
    if (head === undefined) return damaged(listing);
    const kind = head[2];
    const flags = head.readUInt16LE(3);
    const length = head.readUInt16LE(5);
    if (kind === undefined || kind < 0x72 || kind > 0x7b || length < 7) return damaged(listing);
    const rest = await cursor.take(length - 7);
    if (rest === undefined) return damaged(listing);
    let data = (flags & 0x8000) !== 0 && rest.length >= 4 ? rest.readUInt32LE(0) : 0;
    if (kind === 0x73 && (flags & 0x80) !== 0) {
      listing.truncated.add('encrypted');
      return undefined;
    }
    if (kind === 0x7b) return start + length + data;
    if (kind === 0x74 && rest.length >= 25) {
      const wide = (flags & 0x100) !== 0 && rest.length >= 33;
      if (wide) data += rest.readUInt32LE(25) * 0x1_0000_0000;
      const size = rest.readUInt32LE(4) + (wide ? rest.readUInt32LE(29) * 0x1_0000_0000 : 0);
      const nameAt = wide ? 33 : 25;
      const octets = rest.subarray(nameAt, nameAt + rest.readUInt16LE(19));
      // In Unicode: the name in plain characters, NUL, and how it differs.
      const end = (flags & 0x200) !== 0 ? octets.indexOf(0) : -1;
      const name = octets.toString('utf8', 0, end < 0 ? octets.length : end).replaceAll('\\', '/');
      const encrypted = (flags & 4) !== 0;
      if (listing.addUnread({ name, size, encrypted }, within, depth) === undefined) return undefined;
    }
    cursor.at = start + length + data;
    if (!Number.isSafeInteger(cursor.at)) return damaged(listing);
  }
}

/** A number in groups of seven bits, the lowest first. */
class Numbers {
  readonly #octets: Buffer;
  at: number;

  constructor(octets: Buffer, at = 0) {
    this.#octets = octets;
    this.at = at;
  }

  next(): number {
    let value = 0;
    for (let factor = 1; factor < 2 ** 50; factor *= 128) {
      const octet = this.#octets[this.at++];
      if (octet === undefined) return Number.NaN;
      value += (octet & 127) * factor;
      if (octet < 128) return value;
    }
    return Number.NaN;
  }
}

const maxHeader = 2_097_152;

async function readRar5(
  source: Source,
  listing: Listing,
  within: number | undefined,
  depth: number,
): Promise<number | undefined> {
  const cursor = new Cursor(source, 8);
  while (cursor.at < source.size) {
    const start = cursor.at + 4;
    cursor.at = start;
    const sizes = new Numbers(await cursor.peek(10));
    const length = sizes.next();
    if (!(length > 0 && length <= maxHeader)) return damaged(listing);
    cursor.at = start + sizes.at;
    const header = await cursor.take(length);
    if (header === undefined) return damaged(listing);
    const numbers = new Numbers(header);
    const kind = numbers.next();
    const flags = numbers.next();
    const extra = (flags & 1) !== 0 ? numbers.next() : 0;
    const data = (flags & 2) !== 0 ? numbers.next() : 0;
    if (kind === 4) {
      listing.truncated.add('encrypted');
      return undefined;
    }
    if (kind === 5) return cursor.at + data;
    if (kind === 2) {
      const fileFlags = numbers.next();
      const size = numbers.next();
      numbers.next();
      numbers.at += ((fileFlags & 2) !== 0 ? 4 : 0) + ((fileFlags & 4) !== 0 ? 4 : 0);
      numbers.next();
      numbers.next();
      const nameLength = numbers.next();
      if (Number.isNaN(nameLength)) return damaged(listing);
      const name = header.toString('utf8', numbers.at, numbers.at + nameLength);
      const encrypted = isEncrypted(header.subarray(Math.max(0, header.length - extra)));
      if (listing.addUnread({ name, size, encrypted }, within, depth) === undefined) return undefined;
    }
    cursor.at += data;
    if (!Number.isSafeInteger(cursor.at)) return damaged(listing);
  }
  return undefined;
}

/** A record of the extra area that is about encryption. */
function isEncrypted(extra: Buffer): boolean {
  const numbers = new Numbers(extra);
  while (numbers.at < extra.length) {
    const length = numbers.next();
    const start = numbers.at;
    if (numbers.next() === 1) return true;
    if (!(length > 0)) return false;
    numbers.at = start + length;
  }
  return false;
}

function damaged(listing: Listing): undefined {
  listing.defects.add('damaged');
  listing.truncated.add('damaged');
  return undefined;
}
