// Reads base64 (RFC 4648 4): white space anywhere, as in tag values (RFC 6376 2.6, 2.10), nothing else that is not of the alphabet. Node's decoder alone
// passes over whatever it does not know. Pure.

const alphabet = /^[A-Za-z0-9+/]+={0,2}$/;

/** Undefined when it is none, or nothing. */
export function decodeBase64(value: string): Buffer | undefined {
  const bare = value.replace(/[ \t\r\n]+/g, '');
  const padding = bare.endsWith('==') ? 2 : bare.endsWith('=') ? 1 : 0;
  // One letter left over is no octet; padding that is there has to be right.
  if (!alphabet.test(bare) || (bare.length - padding) % 4 === 1) return undefined;
  if (padding > 0 && bare.length % 4 !== 0) return undefined;
  return Buffer.from(bare, 'base64');
}
