// Structured header values: `value; name=value; name="value"` with comments, quoting and the continued and encoded parameters of
// RFC 2231. Reads what mail programs really send: missing semicolons, missing closing quotes, several parameters of a name.
// Called by mime-content-type.ts. Linear in the length of the value.

export interface Parameter {
  /** Lower case, without the asterisks of RFC 2231. */
  readonly name: string;
  readonly value: string;
  /** An unquoted value up to the next semicolon, blanks included, as some programs read it. Equal to `value` otherwise. */
  readonly wide: string;
}

export interface StructuredValue {
  /** What stands before the first semicolon, trimmed. */
  readonly value: string;
  readonly parameters: readonly Parameter[];
}

/** Comments (RFC 5322 3.2.2, nested, outside quotes) become one blank. An unclosed comment runs to the end. */
export function removeComments(text: string): string {
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
      if (depth++ === 0) result += `${text.slice(kept, i)} `;
    } else if (depth > 0 && character === ')') {
      if (--depth === 0) kept = i + 1;
    }
  }
  return depth > 0 ? result : result + text.slice(kept);
}

const isBlank = (character: string | undefined): boolean => character === ' ' || character === '\t';

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
}

function segment(name: string, value: string, wide: string): Segment {
  const lower = name.toLowerCase();
  const encoded = lower.endsWith('*');
  const plain = encoded ? lower.slice(0, -1) : lower;
  const star = plain.lastIndexOf('*');
  const digits = star < 0 ? '' : plain.slice(star + 1);
  if (/^\d{1,6}$/.test(digits))
    return { name: plain.slice(0, star), part: Number(digits), encoded, value, wide };
  return { name: plain, part: -1, encoded, value, wide };
}

function percentDecode(text: string): string {
  return text.replace(/%([\da-f]{2})/gi, (_all, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** Without the charset and language in front of a first encoded segment. */
function withoutCharset(text: string): string {
  const first = text.indexOf("'");
  const second = first < 0 ? -1 : text.indexOf("'", first + 1);
  return second < 0 ? text : text.slice(second + 1);
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
      parameters.push({ name: item.name, value, wide: item.encoded ? value : item.wide });
    }
  }
  for (const [name, list] of continued) {
    list.sort((a, b) => a.part - b.part);
    const pieces = list.map((item, index) =>
      item.encoded ? percentDecode(index === 0 ? withoutCharset(item.value) : item.value) : item.value,
    );
    const value = pieces.join('');
    parameters.push({ name, value, wide: value });
  }
  return parameters;
}

/** Reads a value whose comments have been removed (or are to be taken literally). */
export function readStructured(text: string): StructuredValue {
  const valueEnd = indexOfAny(text, ';', 0);
  const segments: Segment[] = [];
  let i = valueEnd;
  let semicolon = valueEnd;
  while (i < text.length) {
    while (i < text.length && (text[i] === ';' || isBlank(text[i]))) i++;
    const nameEnd = indexOfAny(text, '=;', i);
    const name = text.slice(i, nameEnd).trim();
    i = nameEnd;
    if (text[i] !== '=') continue;
    i++;
    while (isBlank(text[i])) i++;
    if (text[i] === '"') {
      const quoted = readQuoted(text, i);
      segments.push(segment(name, quoted.value, quoted.value));
      i = quoted.end;
    } else {
      const tokenEnd = indexOfAny(text, '; \t', i);
      if (semicolon < tokenEnd) semicolon = indexOfAny(text, ';', tokenEnd);
      const wideEnd = Math.min(semicolon, tokenEnd + maxWide);
      segments.push(segment(name, text.slice(i, tokenEnd), text.slice(i, wideEnd).trim()));
      // A name may follow without a semicolon in between, but only if an equal sign comes before the next one.
      const equals = text.indexOf('=', tokenEnd);
      i = equals >= 0 && equals < semicolon ? tokenEnd : semicolon;
    }
  }
  return { value: text.slice(0, valueEnd).trim(), parameters: joinSegments(segments) };
}
