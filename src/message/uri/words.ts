// Words with a full stop or a colon that surely are no URIs: `end.`, `e.g.`, `3.14`, `12:30`, `Subject:`. Prose is full of them, and telling them
// apart by their octets is much cheaper than by a string. Says no more than token.ts would; called by finder.ts before it.

const other = 0;
const letter = 1;
const digit = 2;
const dot = 3;
const colon = 4;
const hyphen = 5;

const kinds = new Uint8Array(256).fill(other);
kinds.fill(digit, 48, 58);
kinds.fill(letter, 65, 91);
kinds.fill(letter, 97, 123);
kinds[46] = dot;
kinds[58] = colon;
kinds[45] = hyphen;

const CR = 13;
const DOT = 46;
const COLON = 58;
const AMPERSAND = 38;

const HYPHEN = 45;
const isTrailing = (byte: number): boolean => byte === DOT || byte === COLON || byte === CR;
const isLeading = (byte: number): boolean => byte === DOT || byte === HYPHEN;

/** `bytes` from `start` to `end` have dots or colons, but no `%`, `&` or octets above 127. */
export function isOrdinaryWord(bytes: Buffer, start: number, end: number): boolean {
  // Full stops and colons at the end, full stops and hyphens in front are no part of it, however many there are.
  let bare = end;
  while (bare > start && isTrailing(bytes[bare - 1] as number)) bare--;
  let first = start;
  while (first < bare && isLeading(bytes[first] as number)) first++;
  let dots = 0;
  let colons = 0;
  let anyLetter = false;
  /** Letters and digits behind the last dot. */
  let letters = 0;
  let digits = 0;
  for (let i = first; i < bare; i++) {
    switch (kinds[bytes[i] as number]) {
      case letter:
        letters++;
        anyLetter = true;
        break;
      case digit:
        digits++;
        break;
      case dot:
        dots++;
        letters = 0;
        digits = 0;
        break;
      case colon:
        if (i > first && bytes[i - 1] === COLON) return false;
        colons++;
        break;
      case hyphen:
        if (dots > 0) return false;
        break;
      default:
        return false;
    }
  }
  if (colons > 0) return !anyLetter && colons < 6;
  if (digits === 0) return dots === 0 || letters < 2;
  return dots !== 3 || anyLetter;
}

/** `&nbsp;`, `R&D`: `bytes` have ampersands but no dot, colon or `%`, and none of the references is for one of these. */
export function isOrdinaryReference(bytes: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    if (bytes[i] !== AMPERSAND) continue;
    const next = bytes[i + 1];
    // &#46; &period; &colon; &percnt;
    if (i + 1 < end && (next === 35 || next === 99 || next === 112)) return false;
  }
  return true;
}
