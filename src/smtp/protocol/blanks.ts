// Blanks of command lines: space and tab (RFC 5321 section 4.1.1 has the space; tabs are tolerated beside it).

export function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** The part of a text between two offsets without blanks at its ends. Linear, unlike a regular expression for the right end. */
export function trimBlanks(text: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

/** The words of a text, separated by blanks. */
export function words(text: string): readonly string[] {
  return text.split(/[ \t]+/).filter((word) => word !== '');
}
