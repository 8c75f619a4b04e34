// CRC-32C (Castagnoli; RFC 3720 section 12.1), as headers of the PROXY protocol and the values of the store have it. Eight octets at a time
// (slicing): values of the store may be long. Pure.

/** Reversed polynomial. */
const POLYNOMIAL = 0x82f63b78;
const SIZE = 256;
const AT_ONCE = 8;

/** Eight tables, one behind the other: what an octet does to the sum when 0, 1 ... 7 others follow. */
const table = new Uint32Array(AT_ONCE * SIZE);
for (let octet = 0; octet < SIZE; octet++) {
  let value = octet;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
  table[octet] = value;
}
for (let i = SIZE; i < table.length; i++) {
  const before = table[i - SIZE] as number;
  table[i] = (before >>> 8) ^ (table[before & 0xff] as number);
}

/** The sum, unsigned, of octets `start` to `end`; `before` is that of what stands before them. */
export function crc32c(bytes: Uint8Array, before = 0, start = 0, end = bytes.length): number {
  let crc = ~before;
  let i = start;
  for (const last = end - AT_ONCE; i <= last; i += AT_ONCE) {
    const low =
      crc ^
      ((bytes[i] as number) |
        ((bytes[i + 1] as number) << 8) |
        ((bytes[i + 2] as number) << 16) |
        ((bytes[i + 3] as number) << 24));
    crc =
      (table[7 * SIZE + (low & 0xff)] as number) ^
      (table[6 * SIZE + ((low >>> 8) & 0xff)] as number) ^
      (table[5 * SIZE + ((low >>> 16) & 0xff)] as number) ^
      (table[4 * SIZE + (low >>> 24)] as number) ^
      (table[3 * SIZE + (bytes[i + 4] as number)] as number) ^
      (table[2 * SIZE + (bytes[i + 5] as number)] as number) ^
      (table[SIZE + (bytes[i + 6] as number)] as number) ^
      (table[bytes[i + 7] as number] as number);
  }
  for (; i < end; i++) crc = (crc >>> 8) ^ (table[(crc ^ (bytes[i] as number)) & 0xff] as number);
  return ~crc >>> 0;
}
