// One line of a list: `key value`, `key`, or nothing. A comment has a line of its own, which begins with #. Offsets only: nothing is copied.

export const longestLine = 4096;
export const longestKey = 512;

const CR = 0x0d;
const HASH = 0x23;
export const isBlank = (octet: number | undefined): boolean => octet === 0x20 || octet === 0x09;

export type Line =
  | { readonly kind: 'empty' }
  | { readonly kind: 'entry'; readonly key: number; readonly keyEnd: number }
  /** What is wrong, and what would be right. */
  | { readonly kind: 'wrong'; readonly cause: string };

const EMPTY: Line = { kind: 'empty' };
const wrong = (cause: string): Line => ({ kind: 'wrong', cause });

/** The end of the text of a line that ends at `end`: blanks and CR behind it are left out. */
function trimmedEnd(bytes: Buffer, start: number, end: number): number {
  let at = end;
  while (at > start && (isBlank(bytes[at - 1]) || bytes[at - 1] === CR)) at--;
  return at;
}

/** Reads the line from `start` to `end`, its line end left out. */
export function readLine(bytes: Buffer, start: number, end: number): Line {
  const last = trimmedEnd(bytes, start, end);
  let key = start;
  while (key < last && isBlank(bytes[key])) key++;
  if (key === last || bytes[key] === HASH) return EMPTY;
  if (last - start > longestLine) return wrong(`the line has more than ${longestLine} octets`);
  for (let i = key; i < last; i++) {
    const octet = bytes[i] ?? 0;
    if ((octet < 0x20 && octet !== 0x09) || octet === 0x7f)
      return wrong(`there is a control character (${octet}): the file is no text of lines`);
  }
  let keyEnd = key;
  while (keyEnd < last && !isBlank(bytes[keyEnd])) keyEnd++;
  if (keyEnd - key > longestKey) return wrong(`the key has more than ${longestKey} octets`);
  let value = keyEnd;
  while (value < last && isBlank(bytes[value])) value++;
  if (bytes[value] === HASH && value < last)
    return wrong('a comment has to stand in a line of its own, which begins with #');
  return { kind: 'entry', key, keyEnd };
}

/** The value behind a key that ends at `keyEnd`: where it begins and ends. */
export function valueBehind(bytes: Buffer, keyEnd: number): { readonly start: number; readonly end: number } {
  const lineEnd = bytes.indexOf(0x0a, keyEnd);
  const end = trimmedEnd(bytes, keyEnd, lineEnd < 0 ? bytes.length : lineEnd);
  let start = keyEnd;
  while (start < end && isBlank(bytes[start])) start++;
  return { start, end };
}
