// Lines that must not be longer than so many bytes, because several processes write to one pipe and only short pieces stay whole: texts of
// the record are cut, the longest first, until the line fits. Of a list fewer rows are left; `NAME_more` says how many are not there.
import type { LogFields } from '../base/log.ts';
import { cutText, cutTexts, formatLine, type LogRecord } from './log-line.ts';

/** Octets that a row of a list has in a line, roughly. */
const ROW = 64;

function withShortTexts(record: LogRecord, limit: number): LogRecord {
  const fields: Record<string, LogFields[string]> = {};
  const cut = (text: string): string => cutText(text, limit);
  for (const [key, value] of Object.entries(record.fields)) {
    if (typeof value !== 'object') {
      fields[key] = typeof value === 'string' ? cut(value) : value;
      continue;
    }
    const rows = value.slice(0, Math.floor(limit / ROW));
    const more = value.length - rows.length;
    // In front of the list, which is the last.
    if (more > 0) fields[`${key}_more`] = more + Number(record.fields[`${key}_more`] ?? 0);
    fields[key] = rows.map((row) => cutTexts(row, cut));
  }
  return { ...record, message: cut(record.message), fields };
}

/** At most `limit` bytes, line end included; the form of a line stays. */
export function shortLine(record: LogRecord, pid: number, limit: number): string {
  for (let texts = limit / 2; texts >= 16; texts /= 2) {
    const line = formatLine(withShortTexts(record, texts), pid);
    if (line.length < limit) return `${line}\n`;
  }
  // Very many fields.
  return `${formatLine(withShortTexts(record, 16), pid).slice(0, limit - 4)}...\n`;
}

function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\x7f-\uffff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** As JSON; a field `cut` says that texts, or with very many fields whole fields, are missing. */
export function shortJson(record: LogRecord, pid: number, limit: number): string {
  const { level } = record;
  const time = new Date(record.time).toISOString();
  for (let texts = limit / 2; texts >= 16; texts /= 2) {
    const { message, fields } = withShortTexts(record, texts);
    const line = asciiJson({ ...record.about, ...fields, level, time, pid, msg: message, cut: true });
    if (line.length < limit) return `${line}\n`;
  }
  const { message, fields } = withShortTexts(record, 64);
  const id = fields.id ?? record.about?.id;
  return `${asciiJson({ level, time, pid, id, msg: message, cut: true })}\n`;
}
