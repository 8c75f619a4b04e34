// Reads the lines of our own log that tell of mail: those for people (ops/log-line) and JSON, as they are in a file, as journalctl shows them,
// and as rsyslog writes what we send. Everything else is no record. Pure. It must never take for a field what stands in the value of another.
import type { Level } from '../../base/log.ts';
import { levels } from '../../base/log.ts';

/** The lines that are read; the first word of their text. */
const EVENTS = ['mail', 'recipients', 'refused', 'session'] as const;
export type ReadEvent = (typeof EVENTS)[number];

/** Values as texts; octets as one character each. */
export type ReadFields = Readonly<Record<string, string>>;

export interface ReadRecord {
  readonly event: ReadEvent;
  /** Milliseconds since the Epoch; undefined: the line does not say in a way that is known. */
  readonly time: number | undefined;
  /** The time as it is written. */
  readonly stamp: string;
  /** '' without one. */
  readonly id: string;
  readonly fields: ReadFields;
  /** Of `mail` and `recipients`. */
  readonly to: readonly ReadFields[];
}

const STAMP = '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:\\.\\d{1,9})?(?:Z|[+-]\\d\\d:?\\d\\d)?';
const LEVELS = (levels satisfies readonly Level[]).join('|');
/** What journald and rsyslog put in front: `Nov 29 12:03:11 mx smtpe[42]: `. */
const CARRIER = `(?:(?:${STAMP}|[A-Z][a-z]{2} [ \\d]\\d \\d\\d:\\d\\d:\\d\\d) \\S{1,255} [^\\s:]{1,64}: ?)`;
const OWN = new RegExp(
  `^${CARRIER}?(?:<\\d>)?(${STAMP}) \\S{1,48}\\[\\d{1,10}\\] (?:${LEVELS}) (\\S{1,64}) (${EVENTS.join('|')}) `,
);
/** Sent to rsyslog as RFC 5424, and written by it. */
const SENT = new RegExp(`^(${STAMP}) \\S{1,255} [^\\s:]{1,64}: ?(\\S{1,64}) (${EVENTS.join('|')}) `);
const JSON_LINE = new RegExp(`^${CARRIER}?(?:<\\d>)?(?=\\{)`);
/** Looked for first: nearly all lines of a log are others. */
const HINTS = EVENTS.flatMap((event) => [` ${event} `, `"msg":"${event}"`]);

const FIELD = /([\w.-]+)=(?:"((?:[^"\\]|\\.)*)"|([^ "]*))(?: |$)/y;
/** What is left of the last field of a line that was cut, as syslog does. */
const UNFINISHED = /^[\w.-]*(?:="(?:[^"\\]|\\.)*\\?)?$/;

const simple: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

/** What encodeText has made of it. */
function decode(text: string): string {
  return text.includes('\\')
    ? text.replace(/\\(?:x([\da-f]{2})|u([\da-f]{4})|(.))/g, (_, byte, unit, other: string) =>
        other === undefined
          ? String.fromCharCode(Number.parseInt((byte ?? unit) as string, 16))
          : (simple[other] ?? other),
      )
    : text;
}

/** `text` from `at` on: fields, then the rows of `to`. undefined: something else is there. */
function readFields(text: string, at: number): Pick<ReadRecord, 'fields' | 'to'> | undefined {
  const fields: Record<string, string> = {};
  const to: Record<string, string>[] = [];
  let into = fields;
  FIELD.lastIndex = at;
  while (FIELD.lastIndex < text.length) {
    const start = FIELD.lastIndex;
    const match = FIELD.exec(text);
    if (match === null) {
      if (UNFINISHED.test(text.slice(start))) break;
      return undefined;
    }
    const [, name = '', quoted, plain = ''] = match;
    if (name === 'to') {
      into = {};
      to.push(into);
    }
    into[name] = decode(quoted ?? plain);
  }
  return { fields, to };
}

function readText(line: string): ReadRecord | undefined {
  const match = OWN.exec(line) ?? SENT.exec(line);
  if (match === null) return undefined;
  const [head, stamp = '', id = '', event = ''] = match;
  const read = readFields(line, head.length);
  return read && { event: event as ReadEvent, ...timeOf(stamp), id: id === '-' ? '' : id, ...read };
}

function timeOf(stamp: string): Pick<ReadRecord, 'stamp' | 'time'> {
  // journalctl writes +0100.
  const time = Date.parse(stamp.replace(/([+-]\d\d)(\d\d)$/, '$1:$2'));
  return { stamp, time: Number.isNaN(time) ? undefined : time };
}

type Plain = Readonly<Record<string, unknown>>;

function textsOf(object: Plain): ReadFields {
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(object))
    if (typeof value !== 'object') texts[name] = String(value);
  return texts;
}

const isPlain = (value: unknown): value is Plain => typeof value === 'object' && value !== null;

function readJson(text: string): ReadRecord | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isPlain(parsed)) return undefined;
  const { id = '', msg, time, to = [], ...rest } = parsed;
  const event = EVENTS.find((known) => known === msg);
  if (event === undefined || !Array.isArray(to)) return undefined;
  return {
    ...{ event, ...timeOf(String(time)), id: String(id) },
    fields: textsOf(rest),
    to: to.filter(isPlain).map(textsOf),
  };
}

/** undefined: the line tells nothing of mail. */
export function readLogLine(line: string): ReadRecord | undefined {
  if (!HINTS.some((hint) => line.includes(hint))) return undefined;
  const carrier = JSON_LINE.exec(line);
  return carrier === null ? readText(line) : readJson(line.slice(carrier[0].length));
}

/** When a line was written, whatever it says; undefined: it does not say so. */
export function timeOfLine(line: string): number | undefined {
  const stamp = new RegExp(STAMP).exec(line.slice(0, 400))?.[0];
  return stamp === undefined ? undefined : timeOf(stamp).time;
}
