// Text of strangers for a terminal, and for JSON that somebody may print: nothing but printable ASCII, so that no control sequence, no 8-bit
// control and no character that turns the direction of writing gets through. Pure.

const OTHER = /[^\x20-\x7e]/;
const OTHERS = new RegExp(OTHER, 'g');

const hex = (octet: string): string => (octet.codePointAt(0) ?? 0).toString(16).toUpperCase();

/** Other characters as `\x1B`; those beyond latin1 as `\u{2028}`. */
export const printable = (text: string): string =>
  text.replace(/[^\x20-\x7e]/gu, (c) => {
    const code = hex(c);
    return code.length > 2 ? `\\u{${code}}` : `\\x${code.padStart(2, '0')}`;
  });

/** JSON in ASCII: a reader has the same values. */
export function asciiJson(value: object): string {
  const json = JSON.stringify(value);
  return OTHER.test(json) ? json.replaceAll(OTHERS, (c) => `\\u${hex(c).padStart(4, '0')}`) : json;
}
