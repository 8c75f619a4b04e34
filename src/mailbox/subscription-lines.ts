// The text of `subscriptions`: a folder a line, by its name on disk (modified UTF-7). With `V<tab>2` and an empty line in front the parts of a name stand
// between tabs, without, as Dovecot before 2.2.22 has it, between dots. A file keeps its form; lines of others stay. Pure.
import { tabEscaped, tabUnescaped } from './tab-escape.ts';

const HEADER = ['V\t2', ''];

const isTabbed = (lines: readonly string[]): boolean => lines[0] === HEADER[0] && lines[1] === HEADER[1];

/** Names on disk without the dot in front; `INBOX` is itself. */
export function subscribedIn(lines: readonly string[]): readonly string[] {
  if (!isTabbed(lines)) return lines.filter((line) => line !== '');
  return lines
    .slice(HEADER.length)
    .filter((line) => line !== '')
    .map((line) => line.split('\t').map(tabUnescaped).join('.'));
}

/** With the name, or without it; undefined: it is so already. */
export function withSubscription(
  lines: readonly string[] | undefined,
  name: string,
  isOn: boolean,
): readonly string[] | undefined {
  const all = lines === undefined || lines.length === 0 ? HEADER : lines;
  const line = isTabbed(all) ? name.split('.').map(tabEscaped).join('\t') : name;
  if (all.includes(line) === isOn) return undefined;
  return isOn ? [...all, line] : all.filter((other) => other !== line);
}
