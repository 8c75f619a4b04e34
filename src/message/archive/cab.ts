// The names in a cabinet (MS-CAB 2.3): a row of entries of which the header says where it begins and how many there are. Nothing is unpacked.
import type { Listing } from './listing.ts';
import { Cursor, type Source } from './source.ts';

const longestName = 257;

/** Gives where it ends, as it says. */
export async function readCab(
  source: Source,
  listing: Listing,
  within: number | undefined,
  depth: number,
): Promise<number> {
  const head = await source.read(0, 36);
  const count = head.length < 36 ? 0 : head.readUInt16LE(28);
  const end = head.length < 36 ? source.size : head.readUInt32LE(8);
  const cursor = new Cursor(source, head.length < 36 ? 0 : head.readUInt32LE(16));
  for (let i = 0; i < count; i++) {
    const entry = await cursor.take(16);
    const rest = await cursor.peek(longestName);
    const nul = rest.indexOf(0);
    if (entry === undefined || nul < 0) {
      listing.defects.add('damaged');
      listing.truncated.add('damaged');
      return source.size;
    }
    const isUtf8 = (entry.readUInt16LE(14) & 0x80) !== 0;
    const name = rest.toString(isUtf8 ? 'utf8' : 'latin1', 0, nul).replaceAll('\\', '/');
    cursor.at += nul + 1;
    const size = entry.readUInt32LE(0);
    if (listing.addUnread({ name, size, encrypted: false }, within, depth) === undefined) return source.size;
  }
  return end;
}
