// Tag lists, as DKIM-Signature, ARC-Seal and key records are written (RFC 6376 3.2). A name is case-sensitive, a name twice makes the list
// none, white space stands around names, `=` and `;`. There are no comments and no quotes. Texts are latin1, a character an octet. Pure.

export interface Tag {
  /** Without the white space around it. */
  readonly value: string;
  /** Where the value stands in the text with the white space around it: right behind `=`, and at the `;` or the end. */
  readonly start: number;
  readonly end: number;
}

export type TagList = ReadonlyMap<string, Tag>;

const name = /^[A-Za-z][A-Za-z0-9_]*$/;
/** Whatever is no octet of a value: controls but white space. Octets beyond ASCII are for mail with international names (RFC 8616). */
const noValue = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/;

/** A list of more tags is none of ours to take apart: real ones have a dozen. */
const maxTags = 100;

/** Undefined when the text from `start` on is no tag list. */
export function parseTagList(text: string, start = 0): TagList | undefined {
  const tags = new Map<string, Tag>();
  for (let from = start; ; ) {
    const semicolon = text.indexOf(';', from);
    const end = semicolon < 0 ? text.length : semicolon;
    const equals = text.indexOf('=', from);
    if (equals < 0 || equals >= end) {
      // Only behind the last semicolon may there be nothing.
      return semicolon < 0 && tags.size > 0 && isBlank(text, from, end) ? tags : undefined;
    }
    const tagName = trimBlanks(text, from, equals);
    if (!name.test(tagName) || tags.has(tagName) || tags.size === maxTags) return undefined;
    const value = trimBlanks(text, equals + 1, end);
    if (noValue.test(value)) return undefined;
    tags.set(tagName, { value, start: equals + 1, end });
    if (semicolon < 0) return tags;
    from = semicolon + 1;
  }
}

/** The parts between the colons, without the white space around them; of more than `max` the first. */
export function colonList(value: string, max = 1000): string[] {
  return value.split(':', max).map((part) => trimBlanks(part, 0, part.length));
}

/** White space of a folded header: SP, TAB, CR and LF, and nothing else (octet A0 is part of a letter). */
export function isBlankCode(code: number): boolean {
  return code === 32 || code === 9 || code === 13 || code === 10;
}

function isBlank(text: string, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (!isBlankCode(text.charCodeAt(i))) return false;
  return true;
}

function trimBlanks(text: string, start: number, end: number): string {
  let first = start;
  let last = end;
  while (first < last && isBlankCode(text.charCodeAt(first))) first++;
  while (last > first && isBlankCode(text.charCodeAt(last - 1))) last--;
  return text.slice(first, last);
}
