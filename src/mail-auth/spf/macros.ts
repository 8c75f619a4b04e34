// Macros of SPF records and of explanations (RFC 7208 7): read once with the record, expanded when a term needs its name. Texts are latin1.
// Pure; what an expansion may cost does not depend on how long a text a stranger wrote: a name is expanded from its end, an explanation from its
// start, and no more of either than is used.

export interface MacroExpand {
  readonly kind: 'macro';
  /** Lower case. */
  readonly letter: string;
  /** Escaped as in a URL: the letter is a capital. */
  readonly isEscaped: boolean;
  /** How many parts at the right are used; 0: all. */
  readonly keep: number;
  readonly isReversed: boolean;
  readonly delimiters: string;
}

export type MacroPart = { readonly kind: 'text'; readonly text: string } | MacroExpand;
export type MacroString = readonly MacroPart[];

/** What the letters stand for, but p, which costs look-ups. */
export type MacroValues = (letter: string) => string;

const inNames = 'slodiphv';
const inExplanations = `${inNames}crt`;

const macro = /%(?:\{([A-Za-z])(\d{0,9})(r?)([.\-+,/_=]*)\}|([%_-]))/iy;
const plain: Readonly<Record<string, string>> = { '%': '%', _: ' ', '-': '%20' };

function readMacros(text: string, letters: string): MacroPart[] | undefined {
  const parts: MacroPart[] = [];
  for (let at = 0; at < text.length; ) {
    const percent = text.indexOf('%', at);
    if (percent !== at) {
      const end = percent < 0 ? text.length : percent;
      parts.push({ kind: 'text', text: text.slice(at, end) });
      at = end;
      continue;
    }
    macro.lastIndex = at;
    const found = macro.exec(text);
    if (found === null) return undefined;
    at = macro.lastIndex;
    const [, name, digits = '', reverse = '', delimiters = '', sign] = found;
    if (name === undefined) {
      parts.push({ kind: 'text', text: plain[sign ?? ''] ?? '' });
      continue;
    }
    const letter = name.toLowerCase();
    if (!letters.includes(letter) || (digits !== '' && Number(digits) === 0)) return undefined;
    const isEscaped = name !== letter;
    const isReversed = reverse !== '';
    parts.push({ kind: 'macro', letter, isEscaped, keep: Number(digits), isReversed, delimiters });
  }
  return parts;
}

/** Any printable ASCII but blanks, with macros that may stand in a record (macro-string). */
export function readMacroString(text: string): MacroString | undefined {
  return /^[!-~]*$/.test(text) ? readMacros(text, inNames) : undefined;
}

const topLabel = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/i;

/** A domain-spec: ends with a macro, or with a dot and a label that is not all digits. */
export function readDomainSpec(text: string): MacroString | undefined {
  const parts = text === '' ? undefined : readMacroString(text);
  if (parts === undefined || /%(?:\{[^{}]*\}|[%_-])$/.test(text.slice(-300))) return parts;
  const name = text.endsWith('.') ? text.slice(0, -1) : text;
  const dot = name.lastIndexOf('.');
  const last = name.slice(dot + 1);
  return dot >= 0 && topLabel.test(last) && !/^\d+$/.test(last) ? parts : undefined;
}

/** The text of an explanation; undefined when it is not to be used. */
export function readExplanation(text: string): MacroString | undefined {
  return /^[ -~]*$/.test(text) ? readMacros(text, inExplanations) : undefined;
}

export function needsValidatedName(parts: MacroString): boolean {
  return parts.some((part) => part.kind === 'macro' && part.letter === 'p');
}

const longestName = 253;

/** A name to be asked for, without final dot. Labels at the left are dropped until it is short enough (RFC 7208 7.3). */
export function expandName(parts: MacroString, values: MacroValues): string {
  let name = '';
  for (let i = parts.length - 1; i >= 0 && name.length <= longestName + 1; i--)
    name = partText(parts[i], values) + name;
  if (name.endsWith('.')) name = name.slice(0, -1);
  if (name.length <= longestName) return name;
  const dot = name.indexOf('.', name.length - longestName - 1);
  return dot < 0 ? '' : name.slice(dot + 1);
}

/** At most `most` characters. */
export function expandText(parts: MacroString, values: MacroValues, most: number): string {
  let text = '';
  for (let i = 0; i < parts.length && text.length < most; i++) text += partText(parts[i], values);
  return text.slice(0, most);
}

function partText(part: MacroPart | undefined, values: MacroValues): string {
  if (part === undefined) return '';
  if (part.kind === 'text') return part.text;
  const value = values(part.letter);
  let labels = split(value, part.delimiters === '' ? '.' : part.delimiters);
  if (part.isReversed) labels = labels.reverse();
  if (part.keep > 0) labels = labels.slice(-part.keep);
  const text = labels.join('.');
  return part.isEscaped ? escapeAsUrl(text) : text;
}

function split(value: string, delimiters: string): string[] {
  const labels: string[] = [];
  let start = 0;
  for (let i = 0; i < value.length; i++) {
    if (!delimiters.includes(value[i] ?? '')) continue;
    labels.push(value.slice(start, i));
    start = i + 1;
  }
  labels.push(value.slice(start));
  return labels;
}

/** RFC 3986 2.3: all but unreserved characters. */
function escapeAsUrl(text: string): string {
  return text.replace(/[^A-Za-z0-9._~-]/g, (octet) => {
    return `%${octet.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
  });
}
