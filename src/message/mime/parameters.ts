// Structured header values: `value; name=value; name="value"` with comments, quoting and the continued and encoded parameters of
// RFC 2231. Reads what mail programs really send: missing semicolons, missing closing quotes, several parameters of a name.
// Called by content-type.ts. Linear in the length of the value.

export interface Parameter {
  /** Lower case, without the asterisks of RFC 2231. */
  readonly name: string;
  readonly value: string;
  /** An unquoted value up to the next semicolon, blanks included, as some programs read it. Equal to `value` otherwise. */
  readonly wide: string;
  /** The charset that RFC 2231 names for the octets of the value; '' when it names none. */
  readonly charset: string;
  /** What else programs may read: with what follows the closing quote, only up to a missing piece, with escapes undone that are none. */
  readonly others: readonly string[];
}

export interface StructuredValue {
  /** What stands before the first semicolon, trimmed. */
  readonly value: string;
  readonly parameters: readonly Parameter[];
}

/** Comments (RFC 5322 3.2.2, nested, outside quotes) become one blank, or `instead`. An unclosed comment runs to the end. */
export function removeComments(text: string, instead = ' '): string {
  let result = '';
  let kept = 0;
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === '\\') {
      i++;
    } else if (depth === 0 && character === '"') {
      quoted = !quoted;
    } else if (!quoted && character === '(') {
      if (depth++ === 0) result += text.slice(kept, i) + instead;
    } else if (depth > 0 && character === ')') {
      if (--depth === 0) kept = i + 1;
    }
  }
  return depth > 0 ? result : result + text.slice(kept);
}

/** Control characters are blanks to many programs. */
const isBlank = (character: string | undefined): boolean => character !== undefined && character <= ' ';

/** What follows a quoted string up to the semicolon; programs that do not know what to do with it may take it for a part of the value. */
function behindQuotes(text: string, start: number, most: number): string {
  if (text[start] === undefined || text[start] === ';') return '';
  const rest = text.slice(start, start + most);
  return rest
    .slice(0, indexOfAny(rest, ';', 0))
    .replaceAll('"', '')
    .trimEnd();
}

/** The quoted string that begins at text[start] === '"'; an unclosed one ends with the text. */
function readQuoted(text: string, start: number): { readonly value: string; readonly end: number } {
  let value = '';
  let kept = start + 1;
  for (let i = start + 1; i < text.length; i++) {
    const character = text[i];
    if (character === '\\') {
      value += text.slice(kept, i);
      kept = ++i;
    } else if (character === '"') {
      return { value: value + text.slice(kept, i), end: i + 1 };
    }
  }
  return { value: value + text.slice(kept), end: text.length };
}

/** How far behind a blank an unquoted value is followed: longer than any boundary that is honoured. */
const maxWide = 1000;

/** The same behind a closing quote, which is rarer still. */
const maxBehind = 256;
/** Where there are more quoted values than this, less is looked at behind each: it costs what it costs for every one of them. */
const manyQuoted = 200;
const maxBehindOfMany = 32;

function lastWord(text: string): string {
  const trimmed = text.trimEnd();
  let start = trimmed.length;
  while (start > 0 && !isBlank(trimmed[start - 1])) start--;
  return trimmed.slice(start);
}

/** The first index of a character of `set` at or after `start`, or the length of the text. */
function indexOfAny(text: string, set: string, start: number): number {
  let i = start;
  while (i < text.length && !set.includes(text[i] as string)) i++;
  return i;
}

/** A segment of a parameter as written: `name*2*=...` has part 2 and is encoded. */
interface Segment {
  readonly name: string;
  readonly part: number;
  readonly encoded: boolean;
  readonly value: string;
  readonly wide: string;
  readonly others: readonly string[];
}

function segment(name: string, value: string, wide: string, others: readonly string[] = []): Segment {
  const lower = name.toLowerCase();
  const encoded = lower.endsWith('*');
  const plain = encoded ? lower.slice(0, -1) : lower;
  const star = plain.lastIndexOf('*');
  const digits = star < 0 ? '' : plain.slice(star + 1);
  if (/^\d{1,6}$/.test(digits))
    return { name: plain.slice(0, star), part: Number(digits), encoded, value, wide, others };
  return { name: plain, part: -1, encoded, value, wide, others };
}

/** A large text costs what its octets cost: a stranger may send a megabyte of escapes. */
export function percentDecode(text: string): string {
  const first = text.indexOf('%');
  if (first < 0) return text;
  const octets = Buffer.from(text, 'latin1');
  let length = first;
  for (let i = first; i < octets.length; length++) {
    const octet = octets[i] as number;
    const value = octet === PERCENT ? (digit(octets[i + 1]) << 4) | digit(octets[i + 2]) : -1;
    octets[length] = value < 0 ? octet : value;
    i += value < 0 ? 1 : 3;
  }
  return octets.toString('latin1', 0, length);
}

const PERCENT = 37;

/** Of a hexadecimal digit; -1 for anything else, which stays negative when it is shifted. */
function digit(octet: number | undefined): number {
  if (octet === undefined) return -1;
  if (octet >= 48 && octet <= 57) return octet - 48;
  const lower = octet | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

/** The charset in front of a first encoded segment. */
function charsetIn(text: string): string {
  const first = text.indexOf("'");
  return first < 0 || text.indexOf("'", first + 1) < 0 ? '' : text.slice(0, first);
}

/** Without the charset and language in front of a first encoded segment. */
export function withoutCharset(text: string): string {
  const first = text.indexOf("'");
  const second = first < 0 ? -1 : text.indexOf("'", first + 1);
  return second < 0 ? text : text.slice(second + 1);
}

/** The same segments as other programs join them. */
function otherJoins(list: readonly Segment[], pieces: readonly string[]): string[] {
  const joins = [
    percentDecode(withoutCharset(list.map((item) => item.value).join(''))),
    list
      .map((item, index) => (index === 0 && item.encoded ? withoutCharset(item.value) : item.value))
      .join(''),
  ];
  // Up to a number that is missing or there twice; each of them alone is a name for programs that do not know continuations.
  const gap = list.findIndex((item, index) => item.part !== index);
  if (gap > 0) joins.push(pieces.slice(0, gap).join(''));
  if (gap >= 0)
    joins.push(
      list
        .filter((item, index) => item.part !== list[index - 1]?.part)
        .map((item) => percentDecode(item.value))
        .join(''),
    );
  return joins;
}

function joinSegments(segments: readonly Segment[]): Parameter[] {
  const parameters: Parameter[] = [];
  const continued = new Map<string, Segment[]>();
  for (const item of segments) {
    if (item.part >= 0) {
      const list = continued.get(item.name);
      if (list === undefined) continued.set(item.name, [item]);
      else list.push(item);
    } else {
      const value = item.encoded ? percentDecode(withoutCharset(item.value)) : item.value;
      const charset = item.encoded ? charsetIn(item.value) : '';
      const loose = item.others.map((other) => (item.encoded ? percentDecode(withoutCharset(other)) : other));
      const decoded = percentDecode(item.value);
      if (decoded !== value) loose.push(decoded);
      parameters.push({
        name: item.name,
        value,
        wide: item.encoded ? value : item.wide,
        charset,
        others: loose,
      });
    }
  }
  for (const [name, list] of continued) {
    list.sort((a, b) => a.part - b.part);
    const pieces = list.map((item, index) =>
      item.encoded ? percentDecode(index === 0 ? withoutCharset(item.value) : item.value) : item.value,
    );
    const value = pieces.join('');
    const first = list[0];
    const charset = first?.encoded === true ? charsetIn(first.value) : '';
    parameters.push({ name, value, wide: value, charset, others: otherJoins(list, pieces) });
  }
  return parameters;
}

/** Parameters that anybody here asks for, RFC 2231 forms included. */
const wanted = /^(?:boundary|charset|format|delsp|name|filename)(?:\*|$)/i;
/** How many of them are kept: the first and the last ones. More only serve to waste memory. */
const maxSegments = 1000;

/**
 * Reads a value whose comments have been removed (or are to be taken literally). With `most` every parameter is kept, but not more than so many,
 * the first ones; else those that are asked for here.
 */
export function readStructured(text: string, most = 0): StructuredValue {
  const valueEnd = indexOfAny(text, ';', 0);
  const segments: Segment[] = [];
  const keep = (name: string, make: () => Segment): void => {
    if (most > 0) {
      if (segments.length < most) segments.push(make());
      return;
    }
    if (!wanted.test(name)) return;
    if (segments.length >= maxSegments) segments.splice(maxSegments / 2, maxSegments / 4);
    segments.push(make());
  };
  let i = valueEnd;
  let semicolon = valueEnd;
  let quotes = 0;
  while (i < text.length) {
    while (i < text.length && (text[i] === ';' || isBlank(text[i]))) i++;
    const nameEnd = indexOfAny(text, '=;', i);
    // Where a semicolon is missing the name is the last word.
    const name = lastWord(text.slice(i, nameEnd));
    i = nameEnd;
    if (text[i] !== '=') continue;
    i++;
    while (isBlank(text[i])) i++;
    if (text[i] === '"') {
      const quoted = readQuoted(text, i);
      keep(name, () => {
        const behind = behindQuotes(text, quoted.end, quotes++ < manyQuoted ? maxBehind : maxBehindOfMany);
        return segment(
          name,
          quoted.value,
          quoted.value,
          behind === '' ? [] : [quoted.value + behind, behind.trim()],
        );
      });
      i = quoted.end;
    } else {
      const tokenEnd = indexOfAny(text, '; \t', i);
      if (semicolon < tokenEnd) semicolon = indexOfAny(text, ';', tokenEnd);
      const wideEnd = Math.min(semicolon, tokenEnd + maxWide);
      const at = i;
      keep(name, () => segment(name, text.slice(at, tokenEnd), text.slice(at, wideEnd).trim()));
      // A name may follow without a semicolon in between, but only if an equal sign comes before the next one.
      const equals = text.indexOf('=', tokenEnd);
      i = equals >= 0 && equals < semicolon ? tokenEnd : semicolon;
    }
  }
  return { value: text.slice(0, valueEnd).trim(), parameters: joinSegments(segments) };
}
