// The patterns of text.find: what one octet may be (elements), and the runs of elements between asterisks (segments).
// `*` any run, `?` any octet, blank one white-space octet, `[...]` a class, `\X` the octet X. Parsing takes linear time.

/** An octet that must be there, or a set of them: bit n of word n/32 for octet n. */
export type Element = number | Uint32Array;

export interface Pattern {
  readonly segments: readonly (readonly Element[])[];
  /** False: the match begins where the text begins. */
  readonly leadingStar: boolean;
  /** False: the match ends where the text ends. */
  readonly trailingStar: boolean;
}

const BACKSLASH = 0x5c;
const CLOSE = 0x5d;
const HYPHEN = 0x2d;

function setOf(...octets: readonly number[]): Uint32Array {
  const set = new Uint32Array(8);
  for (const octet of octets) add(set, octet);
  return set;
}

function add(set: Uint32Array, octet: number): void {
  set[octet >> 5] = (set[octet >> 5] ?? 0) | (1 << (octet & 31));
}

export function elementMatches(element: Element, octet: number): boolean {
  return typeof element === 'number'
    ? element === octet
    : (((element[octet >> 5] ?? 0) >>> (octet & 31)) & 1) === 1;
}

const anyOctet: Uint32Array = new Uint32Array(8).fill(0xffff_ffff);
const whiteSpace = setOf(0x20, 0x09, 0x0a, 0x0b, 0x0c, 0x0d);

function isLetter(octet: number): boolean {
  return (octet | 0x20) >= 0x61 && (octet | 0x20) <= 0x7a;
}

/** `at` is behind the `[`. Undefined when there is no closing `]`. */
function parseClass(
  pattern: string,
  at: number,
  caseless: boolean,
): { readonly element: Element; readonly end: number } | undefined {
  let i = at;
  const negated = pattern[i] === '^' || pattern[i] === '!';
  if (negated) i++;
  const set = new Uint32Array(8);
  if (pattern.charCodeAt(i) === CLOSE) {
    add(set, CLOSE);
    i++;
  }
  if (pattern.charCodeAt(i) === HYPHEN) {
    add(set, HYPHEN);
    i++;
  }
  for (;;) {
    if (i >= pattern.length) return undefined;
    if (pattern.charCodeAt(i) === CLOSE) break;
    i = skipEscape(pattern, i);
    const first = pattern.charCodeAt(i++);
    if (pattern.charCodeAt(i) !== HYPHEN || i + 1 >= pattern.length || pattern.charCodeAt(i + 1) === CLOSE) {
      add(set, first);
      continue;
    }
    i = skipEscape(pattern, i + 1);
    const last = pattern.charCodeAt(i++);
    for (let octet = first; octet <= last; octet++) add(set, octet);
  }
  if (caseless) for (let octet = 0x41; octet <= 0x5a; octet++) foldInto(set, octet);
  if (negated) for (let word = 0; word < 8; word++) set[word] = ~(set[word] ?? 0);
  return { element: set, end: i + 1 };
}

/** A backslash in a class stands for what follows it, but does not protect the closing `]`. */
function skipEscape(pattern: string, i: number): number {
  const escapes =
    pattern.charCodeAt(i) === BACKSLASH && i + 1 < pattern.length && pattern.charCodeAt(i + 1) !== CLOSE;
  return escapes ? i + 1 : i;
}

function foldInto(set: Uint32Array, upper: number): void {
  if (elementMatches(set, upper) || elementMatches(set, upper | 0x20)) {
    add(set, upper);
    add(set, upper | 0x20);
  }
}

/** Undefined for a pattern with an unclosed class: it matches nothing. */
export function parsePattern(pattern: string, caseless: boolean): Pattern | undefined {
  const segments: Element[][] = [];
  let segment: Element[] = [];
  let star = false;
  for (let i = 0; i < pattern.length; ) {
    const octet = pattern.charCodeAt(i);
    star = false;
    if (octet === 0x2a) {
      if (segment.length > 0) segments.push(segment);
      segment = [];
      star = true;
      i++;
    } else if (octet === 0x5b) {
      const read = parseClass(pattern, i + 1, caseless);
      if (read === undefined) return undefined;
      segment.push(read.element);
      i = read.end;
    } else if (octet === BACKSLASH && i + 1 < pattern.length) {
      segment.push(pattern.charCodeAt(i + 1));
      i += 2;
    } else {
      if (octet === 0x3f) segment.push(anyOctet);
      else if (octet === 0x20) segment.push(whiteSpace);
      else if (caseless && isLetter(octet)) segment.push(setOf(octet, octet ^ 0x20));
      else segment.push(octet);
      i++;
    }
  }
  if (segment.length > 0) segments.push(segment);
  return { segments, leadingStar: pattern.startsWith('*'), trailingStar: star };
}
