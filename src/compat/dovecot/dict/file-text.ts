// The text of a file dict, in Dovecot's own form: a line with a key, a line with its value, and so on. Pure.
import { tabEscaped, tabUnescaped } from '../../../mailbox/tab-escape.ts';

/** Undefined: it ends within an entry, which is no text that anybody has written as a whole. */
export function readEntries(text: string): Map<string, string> | undefined {
  const lines = text.split('\n');
  // Without a line end behind the last value it is one all the same, as Dovecot reads it.
  if (lines.at(-1) === '') lines.pop();
  if (lines.length % 2 !== 0) return undefined;
  const entries = new Map<string, string>();
  for (let at = 0; at < lines.length; at += 2)
    entries.set(tabUnescaped(lines[at] ?? ''), tabUnescaped(lines[at + 1] ?? ''));
  return entries;
}

export function writeEntries(entries: ReadonlyMap<string, string>): string {
  return [...entries].map(([key, value]) => `${tabEscaped(key)}\n${tabEscaped(value)}\n`).join('');
}
