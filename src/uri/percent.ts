// Percent-encoding of octets, RFC 3986 section 2.1. Behind uri.encode and uri.decode and the URI parser.

const unreserved = /[^A-Za-z0-9\-_.~]/g;
const hexOf: readonly string[] = Array.from(
  { length: 256 },
  (_, octet) => `%${octet.toString(16).toUpperCase().padStart(2, '0')}`,
);

/** Everything but letters, digits and `- _ . ~` becomes `%HH`. */
export function encodePercent(text: string): string {
  return text.replace(unreserved, (char) => hexOf[char.charCodeAt(0)] ?? char);
}

/** `%HH` becomes the octet; a `%` without two hexadecimal digits stays. */
export function decodePercent(text: string): string {
  if (!text.includes('%')) return text;
  return text.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** As decodePercent, and `+` becomes a blank, as in forms. */
export function decodeForm(text: string): string {
  return decodePercent(text.includes('+') ? text.replaceAll('+', ' ') : text);
}
