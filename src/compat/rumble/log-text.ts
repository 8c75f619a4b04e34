// A line of the log as Rumble gives it to scripts, which take it apart by a pattern: date, blank, `[name]:`, blank, tab, blank, text, CRLF. Time
// is UTC. Pure.

import { encodeText, encodeValue } from '../../ops/log-line.ts';
import type { RecentLine } from '../../ops/recent-log.ts';

const LONGEST = 500;

/** From whom a line is. What is wrong with a script begins with its path. */
function serviceOf({ about, fields, message }: RecentLine, scripts: readonly string[]): string {
  const { script } = fields;
  if (
    (typeof script === 'string' && scripts.includes(script)) ||
    scripts.some((path) => message.startsWith(`${path}: `))
  )
    return 'lua';
  if (message.startsWith('delivered') || fields.mailbox !== undefined) return 'mailman';
  return about.id === undefined ? 'core' : 'smtp';
}

const two = (number: number): string => String(number).padStart(2, '0');

function timeOf(ms: number): string {
  const at = new Date(ms);
  const date = `${at.getUTCFullYear()}/${two(at.getUTCMonth() + 1)}/${two(at.getUTCDate())}`;
  return `${date} ${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}`;
}

/** `scripts`: paths of those that are loaded. */
export function logText(line: RecentLine, scripts: readonly string[]): string {
  const fields = Object.entries(line.fields)
    .filter(([, value]) => typeof value !== 'object' && value !== undefined)
    .map(([name, value]) => ` ${name}=${encodeValue(value as string | number | boolean)}`);
  const text = `${timeOf(line.time)} [${serviceOf(line, scripts)}]: \t ${encodeText(line.message, LONGEST)}${fields.join('')}`;
  return `${text.slice(0, LONGEST - 2)}\r\n`;
}
