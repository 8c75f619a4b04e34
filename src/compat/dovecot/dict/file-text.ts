// The text of a file dict, in Dovecot's own form: a line with a key, a line with its value, and so on. Pure.

const escapes: Readonly<Record<string, string>> = {
  '\0': '\x010',
  '\x01': '\x011',
  '\t': '\x01t',
  '\r': '\x01r',
  '\n': '\x01n',
};
const meanings: Readonly<Record<string, string>> = { '0': '\0', '1': '\x01', t: '\t', r: '\r', n: '\n' };

export const escaped = (text: string): string =>
  text.replace(/[\0\x01\t\r\n]/g, (character) => escapes[character] ?? character);

export const unescaped = (text: string): string =>
  text.replace(/\x01(.?)/gs, (_all, letter: string) => meanings[letter] ?? letter);

/** Undefined: it ends within an entry, which is no text that anybody has written as a whole. */
export function readEntries(text: string): Map<string, string> | undefined {
  const lines = text.split('\n');
  // Without a line end behind the last value it is one all the same, as Dovecot reads it.
  if (lines.at(-1) === '') lines.pop();
  if (lines.length % 2 !== 0) return undefined;
  const entries = new Map<string, string>();
  for (let at = 0; at < lines.length; at += 2)
    entries.set(unescaped(lines[at] ?? ''), unescaped(lines[at + 1] ?? ''));
  return entries;
}

export function writeEntries(entries: ReadonlyMap<string, string>): string {
  return [...entries].map(([key, value]) => `${escaped(key)}\n${escaped(value)}\n`).join('');
}
