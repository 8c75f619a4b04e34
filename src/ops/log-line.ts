// The log line for people, one event a line: `2026-11-20T22:10:11 smtpe[4711] info 2AJK2K132100000101 message key=value`. Whatever comes
// from outside is encoded, so that nothing can end a line, begin another or talk to a terminal.
import type { Level, LogFields } from '../base/log.ts';

/** One event as the sinks get it. */
export interface LogRecord {
  /** Milliseconds since the Epoch. */
  readonly time: number;
  readonly level: Level;
  readonly message: string;
  /** May hold `id`, and `ident` and `facility` from syslog.open. */
  readonly fields: LogFields;
}

/** Longer texts are cut, with the number of characters left out behind them. */
export const messageLimit = 8192;
export const valueLimit = 4096;

const UNSAFE = /[^\x20-\x5b\x5d-\x7e]/g;
/** Nothing to encode; and as a value nothing to quote. Most texts are so. */
const SAFE = /^[\x20-\x5b\x5d-\x7e]*$/;
const SAFE_VALUE = /^[!#-<>-[\]-~]+$/;
const short: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\' };

/** A character as backslash code: byte strings (one character a byte) show as \xHH, other text as \uHHHH. */
function encodeCharacter(c: string): string {
  const code = c.charCodeAt(0);
  return (
    short[c] ??
    (code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`)
  );
}

/** Printable ASCII as it is, a backslash doubled, everything else as a backslash code; at most `limit` characters of the text. */
export function encodeText(text: string, limit: number): string {
  if (text.length <= limit && SAFE.test(text)) return text;
  const kept = text.length > limit ? text.slice(0, limit) : text;
  const encoded = kept.replace(UNSAFE, encodeCharacter);
  return text.length > limit ? `${encoded}...(+${text.length - limit})` : encoded;
}

/** A value behind `key=`: quoted when it is empty or has a blank, a quote or an equal sign. */
export function encodeValue(value: string | number | boolean): string {
  if (typeof value !== 'string') return String(value);
  if (value.length <= valueLimit && SAFE_VALUE.test(value)) return value;
  const encoded = encodeText(value, valueLimit);
  return /^[^ "=]+$/.test(encoded) ? encoded : `"${encoded.replaceAll('"', '\\"')}"`;
}

/** Fields that have a place of their own in a line. */
const isPlaced = (key: string): boolean => key === 'id' || key === 'ident' || key === 'facility';

/** `id message key=value ...`; `-` stands for a missing id. */
export function formatBody(record: LogRecord): string {
  const { id } = record.fields;
  let line = `${id === undefined || id === '' ? '-' : encodeText(String(id), 64)} ${encodeText(record.message, messageLimit)}`;
  // A log line a message: this loop is worth its speed.
  for (const key in record.fields) {
    const value = record.fields[key];
    if (value !== undefined && !isPlaced(key)) line += ` ${key}=${encodeValue(value)}`;
  }
  return line;
}

/** The name that lines begin with: what syslog.open set, else `smtpe`. */
export function identOf(fields: LogFields): string {
  const { ident } = fields;
  const name = typeof ident === 'string' ? encodeText(ident, 48).replace(/[ \\[\]:"]/g, '_') : '';
  return name === '' ? 'smtpe' : name;
}

const pad = (n: number): string => String(n).padStart(2, '0');
let lastSecond = Number.NaN;
let lastStamp = '';

/** Local time to the second, as `2026-11-20T22:10:11`. Made once a second. */
export function localStamp(time: number): string {
  const second = Math.floor(time / 1000);
  if (second !== lastSecond) {
    const d = new Date(second * 1000);
    const day = `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())}`;
    lastStamp = `${day}T${pad(d.getHours())}:${pad(d.getMinutes())}:${pad(d.getSeconds())}`;
    lastSecond = second;
  }
  return lastStamp;
}

/** The whole line without its line end. */
export function formatLine(record: LogRecord, pid: number): string {
  return `${localStamp(record.time)} ${identOf(record.fields)}[${pid}] ${record.level} ${formatBody(record)}`;
}
