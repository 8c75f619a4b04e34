// The one rule for what a header line is and what name a header has (RFC 5322 2.2 and 4.5, RFC 822 3.1). Header list, hooks and MIME parser
// all go by it. A header is a latin1 string with its folding, or the octets of it.
//
// A header begins with a line that does not begin with a blank, and the lines behind it that do are its continuation. Its name is what stands before
// the first colon, without blanks, line ends, control and invisible characters around it and comments behind; upper and lower case are the same.
// Programs that read names leniently strip one or the other of these, so a header that is to be found or deleted cannot hide behind any.
// Without a colon, or with nothing before it, a header has no name; nor has the `From ` line of a mailbox. All of them are headers: only the
// empty line ends the block, or a delimiter of a multipart (header-block.ts).

import { lowerAscii } from '../../base/ascii.ts';

const COLON = 58;
const SPACE = 32;
const TAB = 9;
const OPEN = 40;
const CLOSE = 41;

export interface Field {
  /** Lower case (ASCII only: header names have no other letters). */
  readonly name: string;
  /** Where the value begins, right behind the colon. */
  readonly valueAt: number;
}

/** Where the colon stands behind a name as nearly every header has it: no blanks, no comments to look at. -1 for any other. */
function plainColon(header: string): number {
  for (let i = 0; i < header.length; i++) {
    const code = header.charCodeAt(i);
    if (code === COLON) return i === 0 ? -1 : i;
    if (code <= SPACE || code >= 127 || code === OPEN || code === CLOSE) return -1;
  }
  return -1;
}

/** Undefined for a header that has no name. */
export function fieldOf(header: string): Field | undefined {
  const plain = plainColon(header);
  // All of ASCII, as plainColon says.
  if (plain > 0) return { name: header.slice(0, plain).toLowerCase(), valueAt: plain + 1 };
  const colon = colonOf(header);
  if (colon < 0 || isEnvelopeLine(header)) return undefined;
  const name = lowerAscii(bareName(header.slice(0, colon)));
  return name === '' ? undefined : { name, valueAt: colon + 1 };
}

/** The value without the blanks in front; folding is kept. */
export function fieldValue(header: string, field: Field): string {
  let start = field.valueAt;
  for (let code = header.charCodeAt(start); code === SPACE || code === TAB; )
    code = header.charCodeAt(++start);
  return header.slice(start);
}

/** A name as a policy gives it, without colon: what counts is the same as in the header itself. '' when it is none. */
export function lookUpName(name: string): string {
  const field = fieldOf(`${name}:`);
  return field?.valueAt === name.length + 1 ? field.name : '';
}

/** The colon that ends the name: one inside a comment behind the name does not. */
function colonOf(header: string): number {
  const colon = header.indexOf(':');
  const comment = header.indexOf('(');
  if (comment < 0 || comment > colon) return colon;
  const end = commentEnd(header, comment);
  return end > colon && header[end] === ':' ? end : colon;
}

/** Behind the comments that begin at `start` and the blanks between and behind them; -1 when one of them is not closed. */
function commentEnd(text: string, start: number): number {
  let depth = 0;
  for (let i = start; i < text.length; i++) {
    const character = text[i];
    if (character === '\\' && depth > 0) i++;
    else if (character === '(') depth++;
    else if (character === ')' && depth > 0) depth--;
    else if (depth === 0 && !isBlank(character)) return i;
  }
  return depth === 0 ? text.length : -1;
}

/** No-break space, soft hyphen, zero-width and direction marks, byte order mark, as UTF-8. */
const unseenAtStart =
  /^(?:[\0-\x20\x7f]|\xc2[\xa0\xad]|\xe2\x80[\x8b-\x8f\xa8-\xaf]|\xe2\x81\xa0|\xef\xbb\xbf)+/;
const unseenPair = /^\xc2[\xa0\xad]$/;
const unseenTriple = /^(?:\xe2\x80[\x8b-\x8f\xa8-\xaf]|\xe2\x81\xa0|\xef\xbb\xbf)$/;

function bareName(text: string): string {
  const comment = text.indexOf('(');
  const bare = comment >= 0 && commentEnd(text, comment) === text.length ? text.slice(0, comment) : text;
  const start = unseenAtStart.exec(bare)?.[0].length ?? 0;
  let end = bare.length;
  while (end > start) {
    const code = bare.charCodeAt(end - 1);
    if (code <= SPACE || code === 127) end--;
    else if (unseenPair.test(bare.slice(end - 2, end))) end -= 2;
    else if (unseenTriple.test(bare.slice(end - 3, end))) end -= 3;
    else break;
  }
  const name = bare.slice(start, Math.max(start, end));
  return name.includes('\0') ? name.replaceAll('\0', '') : name;
}

const isBlank = (character: string | undefined): boolean =>
  character === ' ' || character === '\t' || character === '\r' || character === '\n';

/** The line that stands before each message of a mailbox file, also quoted. Only as the first line of a message. */
export function isEnvelopeLine(line: string): boolean {
  return /^>?From (?![ \t]*:)/.test(line);
}

/** A line behind which some programs see the body already. 'odd' lines are no header for them; 'blanks' are allowed, but not known to all. */
export type LineShape = 'field' | 'blanks' | 'odd';

/** A first line of a header, octets from `start` to `end`. */
export function lineShape(line: Buffer, start: number, end: number): LineShape {
  let i = start;
  while (i < end) {
    const byte = line[i] as number;
    if (byte === COLON) return i === start ? 'odd' : 'field';
    if (byte <= SPACE || byte >= 127) break;
    i++;
  }
  if (i === start) return 'odd';
  while (i < end && (line[i] === SPACE || line[i] === TAB)) i++;
  return i < end && line[i] === COLON ? 'blanks' : 'odd';
}

/** A continuation with nothing in it: some programs take it for the empty line. */
export function isBlankLine(line: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (line[i] !== SPACE && line[i] !== TAB) return false;
  return true;
}

/** A header, folding included, that every program takes for one, so that what follows is in the header block for all. */
export function isSafe(header: string): boolean {
  if (header.includes('\n') && /\n[ \t]*(?:\r|\n|$)/.test(header)) return false;
  return /^[!-9;-~]+:/.test(header);
}
