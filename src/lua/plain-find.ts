// Finds bytes in bytes in linear time, whatever they are (Knuth, Morris, Pratt).

/** The offset of the first occurrence at or after `from`, or -1. */
export function findBytes(haystack: Uint8Array, needle: Uint8Array, from: number): number {
  if (needle.length === 0) return from <= haystack.length ? from : -1;
  const border = borders(needle);
  let matched = 0;
  for (let i = from; i < haystack.length; i++) {
    while (matched > 0 && haystack[i] !== needle[matched]) matched = border[matched - 1] ?? 0;
    if (haystack[i] === needle[matched]) matched += 1;
    if (matched === needle.length) return i - matched + 1;
  }
  return -1;
}

/** For each prefix the length of its longest proper prefix that is also its suffix. */
function borders(needle: Uint8Array): Int32Array {
  const border = new Int32Array(needle.length);
  let matched = 0;
  for (let i = 1; i < needle.length; i++) {
    while (matched > 0 && needle[i] !== needle[matched]) matched = border[matched - 1] ?? 0;
    if (needle[i] === needle[matched]) matched += 1;
    border[i] = matched;
  }
  return border;
}
