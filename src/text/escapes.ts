// What a letter behind a backslash stands for, in option files (options/option-file) and in text.split (text/split): the same ones.

/** Control characters and the blank by their letter; any other character behind a backslash stands for itself. */
export const escapes: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  e: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  s: ' ',
  t: '\t',
  v: '\v',
};
