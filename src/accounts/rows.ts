// Rows of the database of accounts: a version octet, the CRC-32C of the key and what follows, and what is kept, as JSON or a number. LMDB maps its
// file: a flipped bit would be a wrong account without an error, so every row is checked when it is read. Pure.
import { crc32c } from '../base/crc32c.ts';

const VERSION = 1;
const HEADER = 5;
export const ID_LENGTH = 6;

/** A row is not what was written: whoever asked gets no answer, and never a wrong one. */
export class DamagedRow extends Error {
  constructor(table: string) {
    super(`a row of ${table} in the database of accounts is damaged`);
  }
}

export function seal(key: Uint8Array, content: Uint8Array): Buffer {
  const row = Buffer.allocUnsafe(HEADER + content.length);
  row[0] = VERSION;
  row.set(content, HEADER);
  row.writeUInt32BE(crc32c(row, crc32c(key), HEADER), 1);
  return row;
}

/** Throws DamagedRow. The content is a part of `row`. */
export function unseal(table: string, key: Uint8Array, row: Buffer): Buffer {
  const isRight =
    row.length >= HEADER && row[0] === VERSION && row.readUInt32BE(1) === crc32c(row, crc32c(key), HEADER);
  if (!isRight) throw new DamagedRow(table);
  return row.subarray(HEADER);
}

/** One number of six octets, in order. */
export function idKey(...ids: readonly number[]): Buffer {
  const key = Buffer.allocUnsafe(ids.length * ID_LENGTH);
  for (let at = 0; at < ids.length; at++) key.writeUIntBE(ids[at] ?? 0, at * ID_LENGTH, ID_LENGTH);
  return key;
}

export const idAt = (key: Buffer, place: number): number => key.readUIntBE(place * ID_LENGTH, ID_LENGTH);

/** Behind every key that begins with `prefix`. */
export function behind(prefix: Uint8Array): Buffer {
  const end = Buffer.from(prefix);
  for (let at = end.length - 1; at >= 0; at--) {
    if (end[at] !== 0xff) {
      end[at] = (end[at] ?? 0) + 1;
      return end.subarray(0, at + 1);
    }
  }
  return Buffer.alloc(256, 0xff);
}
