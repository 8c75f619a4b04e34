// Lines in the octets of a body, as far as delimiters need them (RFC 2046 5.1.1): a delimiter begins a line with two dashes, and the line end
// in front belongs to it. Called by parts.ts.

const LF = 10;
const CR = 13;
const DASH = 45;
const SPACE = 32;
const TAB = 9;
const delimiterStart = Buffer.from('\n--');

export const isBlank = (byte: number | undefined): boolean =>
  byte === SPACE || byte === TAB || byte === CR || byte === LF;

/** The first line behind `at` that begins with two dashes, or -1. */
export function nextLine(bytes: Buffer, at: number): number {
  const found = bytes.indexOf(delimiterStart, at);
  return found < 0 ? -1 : found + 1;
}

/** Where the line end in front of `line` begins, but not before `floor`. */
export function beforeLineEnd(bytes: Buffer, floor: number, line: number): number {
  let end = line;
  if (end > floor && bytes[end - 1] === LF) end--;
  if (end < line && end > floor && bytes[end - 1] === CR) end--;
  return end;
}

/** From where the octets may still turn out to be a delimiter with the line end before it; bytes.length if none may. */
export function holdFrom(bytes: Buffer, at: number, atLineStart: boolean, maxLine: number): number {
  const lineFeed = bytes.lastIndexOf(LF);
  const lineKnown = lineFeed >= at;
  if (lineKnown || atLineStart) {
    const line = lineKnown ? lineFeed + 1 : at;
    const length = bytes.length - line;
    const dashes = (length < 1 || bytes[line] === DASH) && (length < 2 || bytes[line + 1] === DASH);
    if (dashes && length <= maxLine) return beforeLineEnd(bytes, at, line);
  }
  return bytes[bytes.length - 1] === CR ? bytes.length - 1 : bytes.length;
}
