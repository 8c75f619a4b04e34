// The log line for people, one event a line: `2026-11-20T22:10:11.345+01:00 smtpe[4711] info 2AJK2K132100000101 message key=value`. Whatever
// comes from outside is encoded, so that nothing can end a line, begin another or talk to a terminal. Times are those of RFC 3339.
import type { Level, LogFields, LogRow, LogValue } from '../base/log.ts';
import { LineBytes } from './line-bytes.ts';

/** One event as the sinks get it. */
export interface LogRecord {
  /** Milliseconds since the Epoch. */
  readonly time: number;
  readonly level: Level;
  readonly message: string;
  /** May hold `id`, and `ident` and `facility` from syslog.open. */
  readonly fields: LogFields;
  /** Fields in front of them, of which those of the same name count; absent: none, or they are among `fields`. To merge them costs as much as the line. */
  readonly about?: LogFields;
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

export const cutText = (text: string, limit: number): string =>
  text.length > limit ? `${text.slice(0, limit)}...(+${text.length - limit})` : text;

/** The row with its texts cut. */
export function cutTexts(row: LogRow, cut: (text: string) => string): LogRow {
  const fields = Object.entries(row).map(([key, value]) => [
    key,
    typeof value === 'string' ? cut(value) : value,
  ]);
  return Object.fromEntries(fields);
}

/** Printable ASCII as it is, a backslash doubled, everything else as a backslash code; at most `limit` characters of the text. */
export function encodeText(text: string, limit: number): string {
  if (text.length <= limit && SAFE.test(text)) return text;
  const kept = text.length > limit ? text.slice(0, limit) : text;
  const encoded = kept.replace(UNSAFE, encodeCharacter);
  return text.length > limit ? `${encoded}...(+${text.length - limit})` : encoded;
}

/** A value behind `key=`: quoted when it is empty or has a blank, a quote or an equal sign. */
export function encodeValue(value: Exclude<LogValue, undefined>): string {
  if (typeof value !== 'string') return String(value);
  if (value.length <= valueLimit && SAFE_VALUE.test(value)) return value;
  const encoded = encodeText(value, valueLimit);
  return /^[^ "=]+$/.test(encoded) ? encoded : `"${encoded.replaceAll('"', '\\"')}"`;
}

/** Fields that have a place of their own in a line. */
const isPlaced = (key: string): boolean => key === 'id' || key === 'ident' || key === 'facility';

/**
 * A text of a policy that looks as one of ours with fields: in it a stranger could tell whoever reads the log (observe/why) of mail that never
 * was. Its first equal sign is encoded.
 */
const MIMICRY = /^((?:mail|recipients|refused|session) [\w.-]+)=/;

/** `id message key=value ...`; `-` stands for a missing id. */
export function formatBody(record: LogRecord): string {
  scratch.clear();
  putBody(scratch, record);
  return scratch.text;
}

/** What lines are made in that are wanted as texts. */
const scratch = new LineBytes();

/** A log line a message: these loops are worth their speed. */
function putBody(line: LineBytes, { about = NOTHING, fields, message }: LogRecord): void {
  putId(line, fields.id ?? about.id);
  line.put(' ');
  const isOrdinary = message.length <= messageLimit && !message.includes('=');
  if (!isOrdinary || !line.putSafe(message))
    line.put(encodeText(message, messageLimit).replace(MIMICRY, '$1\\x3d'));
  for (const key in about) {
    const value = about[key];
    if (value === undefined || typeof value === 'object' || isPlaced(key) || fields[key] !== undefined)
      continue;
    line.put(prefixOf(key));
    putValue(line, value);
  }
  for (const key in fields) {
    const value = fields[key];
    if (value === undefined || isPlaced(key)) continue;
    if (typeof value === 'object') {
      for (let i = 0; i < value.length; i++) putRow(line, value[i] ?? NO_ROW);
      continue;
    }
    line.put(prefixOf(key));
    putValue(line, value);
  }
}

function putId(line: LineBytes, id: LogFields[string]): void {
  if (id === undefined || id === '') line.put('-');
  else if (typeof id !== 'string' || id.length > 64 || !line.putSafe(id))
    line.put(encodeText(String(id), 64));
}

function putRow(line: LineBytes, row: LogRow): void {
  for (const key in row) {
    const value = row[key];
    if (value === undefined) continue;
    line.put(prefixOf(key));
    putValue(line, value);
  }
}

function putValue(line: LineBytes, value: Exclude<LogValue, undefined>): void {
  if (typeof value === 'string') {
    if (value.length > valueLimit || !line.putValue(value)) line.put(encodeValue(value));
  } else if (typeof value === 'number' && value >= 0 && value <= MOST_INTEGER && Number.isInteger(value)) {
    line.putInteger(value);
  } else line.put(encodeValue(value));
}

const MOST_INTEGER = 2 ** 31 - 1;

const NOTHING: LogFields = {};
const NO_ROW: LogRow = {};

/** ` key=` of the names of fields: they are few, but for those of a policy. */
const prefixes = new Map<string, string>();
const MOST_PREFIXES = 500;

function prefixOf(key: string): string {
  const known = prefixes.get(key);
  if (known !== undefined) return known;
  const prefix = ` ${key}=`;
  if (prefixes.size < MOST_PREFIXES) prefixes.set(key, prefix);
  return prefix;
}

/** The name that lines begin with: what syslog.open set, else `smtpe`. */
export function identOf(fields: LogFields): string {
  const { ident } = fields;
  const name = typeof ident === 'string' ? encodeText(ident, 48).replace(/[ \\[\]:"]/g, '_') : '';
  return name === '' ? DEFAULT_IDENT : name;
}

const DEFAULT_IDENT = 'smtpe';

const pad = (n: number, digits = 2): string => String(n).padStart(digits, '0');
let lastSecond = Number.NaN;
let toSecond = '';
let zone = '';

/** Minutes east of Greenwich, as `+01:00`. */
export function zoneText(minutes: number): string {
  const away = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${pad(Math.floor(away / 60))}:${pad(away % 60)}`;
}

/** Works the date of a second out. */
function lookAt(second: number): void {
  if (second === lastSecond) return;
  const d = new Date(second * 1000);
  const day = `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())}`;
  toSecond = `${day}T${pad(d.getHours())}:${pad(d.getMinutes())}:${pad(d.getSeconds())}.`;
  zone = zoneText(-d.getTimezoneOffset());
  lastSecond = second;
}

/** Local time with its zone, as `2026-11-20T22:10:11.345+01:00`. The date is worked out once a second. */
export function localStamp(time: number): string {
  const second = Math.floor(time / 1000);
  lookAt(second);
  return toSecond + pad(Math.floor(time - second * 1000), 3) + zone;
}

let lastIsoTime = Number.NaN;
let lastIso = '';

/** In Greenwich, as `2026-11-20T21:10:11.345Z`; the text is made once a millisecond. */
export function isoStamp(time: number): string {
  if (time !== lastIsoTime) {
    lastIsoTime = time;
    lastIso = new Date(time).toISOString();
  }
  return lastIso;
}

/** The whole line without its line end. */
export function formatLine(record: LogRecord, pid: number): string {
  scratch.clear();
  putLine(scratch, record, pid);
  return scratch.text;
}

/** What the last line began with, up to its level, and for what it was made. */
const head = { octets: new Uint8Array(0), second: Number.NaN, ident: '', pid: -1, atMs: 0 };

/** Puts `2026-11-20T22:10:11.345+01:00 smtpe[4711] `: within a second lines differ in three digits. */
function putHead(line: LineBytes, { fields, time }: LogRecord, pid: number): void {
  const second = Math.floor(time / 1000);
  const ident = fields.ident === undefined ? DEFAULT_IDENT : identOf(fields);
  if (second !== head.second || ident !== head.ident || pid !== head.pid) {
    head.octets = Buffer.from(`${localStamp(time)} ${ident}[${pid}] `, 'latin1');
    head.atMs = toSecond.length;
    Object.assign(head, { second, ident, pid });
  }
  const ms = Math.floor(time - second * 1000);
  const { atMs, octets } = head;
  const tens = (ms / 10) | 0;
  const hundreds = (ms / 100) | 0;
  octets[atMs] = ZERO + hundreds;
  octets[atMs + 1] = ZERO + tens - 10 * hundreds;
  octets[atMs + 2] = ZERO + ms - 10 * tens;
  line.putOctets(octets);
}

const ZERO = 0x30;

/** The same, behind what `line` has. */
export function putLine(line: LineBytes, record: LogRecord, pid: number): void {
  putHead(line, record, pid);
  line.put(record.level);
  line.put(' ');
  putBody(line, record);
}
