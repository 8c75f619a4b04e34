// Natural order of strings: runs of digits compare as numbers, a run that begins with 0 as a fraction; white space does not count.
// Behind text.natcmp. A total order (of texts without their white space); linear time.

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d);
}

function skipSpace(text: string, at: number): number {
  let i = at;
  while (isSpace(text.charCodeAt(i))) i++;
  return i;
}

function digitsEnd(text: string, at: number): number {
  let i = at;
  while (isDigit(text.charCodeAt(i))) i++;
  return i;
}

/** The octet as it compares; the end of the text is before every octet. */
function rank(text: string, at: number, caseless: boolean): number {
  if (at >= text.length) return -1;
  const code = text.charCodeAt(at);
  return caseless && code >= 0x61 && code <= 0x7a ? code - 0x20 : code;
}

export type Order = -1 | 0 | 1;

function order(a: number, b: number): Order {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Runs of digits a[i..aEnd) and b[j..bEnd). */
function compareRuns(a: string, i: number, aEnd: number, b: string, j: number, bEnd: number): Order {
  const length = order(aEnd - i, bEnd - j);
  const fraction = a[i] === '0' || b[j] === '0';
  if (!fraction && length !== 0) return length;
  for (let k = 0; i + k < aEnd && j + k < bEnd; k++) {
    const difference = order(a.charCodeAt(i + k), b.charCodeAt(j + k));
    if (difference !== 0) return difference;
  }
  return length;
}

export function compareNatural(a: string, b: string, caseless: boolean): Order {
  let i = 0;
  let j = 0;
  for (;;) {
    i = skipSpace(a, i);
    j = skipSpace(b, j);
    if (isDigit(a.charCodeAt(i)) && isDigit(b.charCodeAt(j))) {
      const aEnd = digitsEnd(a, i);
      const bEnd = digitsEnd(b, j);
      const difference = compareRuns(a, i, aEnd, b, j, bEnd);
      if (difference !== 0) return difference;
      i = aEnd;
      j = bEnd;
      continue;
    }
    const difference = order(rank(a, i, caseless), rank(b, j, caseless));
    if (difference !== 0) return difference;
    if (i >= a.length) return 0;
    i++;
    j++;
  }
}
