// The base64 of crypt(3): an alphabet of its own, the lowest six bits first. Pure.

const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Three octets of `digest`, by their places, as four characters; -1 is no octet, `characters` fewer than four where the digest ends. */
export function group(digest: Buffer, high: number, middle: number, low: number, characters = 4): string {
  const at = (place: number): number => (place < 0 ? 0 : (digest[place] ?? 0));
  let bits = (at(high) << 16) | (at(middle) << 8) | at(low);
  let text = '';
  for (let n = 0; n < characters; n++) {
    text += ALPHABET[bits & 63];
    bits >>= 6;
  }
  return text;
}
