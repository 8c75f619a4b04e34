// Letters of ASCII only. Text from outside is octets, one character each: String.toLowerCase would turn octets above 127, which are
// parts of letters in some other encoding, into other octets.

/** `A` to `Z` in lower case, everything else as it is; the same string when there is nothing to do. */
export function lowerAscii(text: string): string {
  let upper = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 127) return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
    if (code >= 65 && code <= 90) upper = true;
  }
  // All of it is ASCII: several times as fast as a pattern.
  return upper ? text.toLowerCase() : text;
}

/**
 * `text` without the characters of `tail` at its end, in linear time: a pattern such as `/\.+$/` is tried anew at every dot of a text that
 * ends in something else, a million of them for minutes.
 */
export function withoutEnd(text: string, tail: string): string {
  let end = text.length;
  while (end > 0 && tail.includes(text.charAt(end - 1))) end--;
  return end === text.length ? text : text.slice(0, end);
}
