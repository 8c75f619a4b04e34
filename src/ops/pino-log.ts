// What writes the log of a process, over pino: levels of syslog, the words of option `verbose`, and one or more sinks that write the lines. pino
// decides what is written and makes the JSON; lines for people and for syslog are made from the same record (log-line).
import { pino } from 'pino';
import type { Clock } from '../base/clock.ts';
import { type Level, type LogFields, type LogWriter, levels, type VerboseWord } from '../base/log.ts';
import { readVerbose } from '../options/text-forms.ts';
import { cutText as cut, cutTexts, isoStamp, type LogRecord, messageLimit, valueLimit } from './log-line.ts';

/** Where lines go: stderr, a file, a syslog server. */
export interface LogSink {
  /** Does it want the JSON of each record? Making it costs twice as much as the line for people. */
  readonly wantsJson: boolean;
  /** `json` is the record as one line of JSON in ASCII, with its line end; '' when no sink wants it. Never throws, never waits. */
  write(record: LogRecord, json: string): void;
  /** Lines that were given up since it was opened. */
  readonly dropped: number;
  /** Writes what is left and gives the sink up; never rejects. */
  close(): Promise<void>;
}

/** A writer that owns its sinks. */
export interface RootLog extends LogWriter {
  /** Lines that its sinks have given up. */
  readonly dropped: number;
  close(): Promise<void>;
}

export interface LogSettings {
  /** The option log-level as it is now. */
  level(): Level;
  /** The option `verbose` as it is now; read again when it changes. */
  verboseText(): string;
  readonly sinks: readonly LogSink[];
  readonly clock: Clock;
  readonly pid: number;
}

/** pino wants larger numbers for more urgent levels. */
const customLevels: Readonly<Record<Level, number>> = {
  emerg: 80,
  alert: 70,
  crit: 60,
  err: 50,
  warning: 40,
  notice: 35,
  info: 30,
  debug: 20,
};

/** Words that switch lines of level debug on. */
const plainWords: ReadonlySet<string> = new Set(['warn', 'info']);

/** Milliseconds that closing may take: a reader that stands still must not keep the process. */
const CLOSE_LIMIT = 1000;

/** Names that pino writes itself: a field of that name would be a second key in the JSON. */
const reserved: ReadonlySet<string> = new Set(['level', 'time', 'pid', 'msg']);

const BEYOND_ASCII = /[\x7f-\uffff]/;

function jsonAscii(line: string): string {
  if (!BEYOND_ASCII.test(line)) return line;
  return line.replace(/[\x7f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** May these fields stand in the JSON as they are: no text to be cut, no name that pino writes itself? */
function areOrdinary(fields: LogFields): boolean {
  for (const key in fields) if (isTooLong(fields[key]) || reserved.has(key)) return false;
  return true;
}

/** The fields as they may stand in the JSON: texts cut, names that pino writes itself with an underline behind them. */
function jsonFields(fields: LogFields): LogFields {
  const changed: Record<string, LogFields[string]> = { ...fields };
  for (const key in fields) {
    const value = fields[key];
    const isLong = isTooLong(value);
    if (!isLong && !reserved.has(key)) continue;
    delete changed[key];
    changed[reserved.has(key) ? `${key}_` : key] = isLong ? shortened(value) : value;
  }
  return changed;
}

function isTooLong(value: LogFields[string]): boolean {
  if (typeof value === 'string') return value.length > valueLimit;
  if (typeof value !== 'object') return false;
  for (const row of value) for (const key in row) if (isTooLong(row[key])) return true;
  return false;
}

/** Is there no other field than the id? */
function isIdAlone(about: LogFields): boolean {
  for (const key in about) if (key !== 'id') return false;
  return true;
}

function shortened(value: LogFields[string]): LogFields[string] {
  if (typeof value === 'object') return value.map((row) => cutTexts(row, (text) => cut(text, valueLimit)));
  return typeof value === 'string' ? cut(value, valueLimit) : value;
}

const NOTHING: LogFields = {};

/** What all children share. */
class Writer {
  readonly #settings: LogSettings;
  readonly #pino;
  readonly #wantsJson: boolean;
  #record: LogRecord | undefined;
  /** What stands behind the time in the JSON of the record at work. */
  #head = '';
  #level: Level | undefined;
  /** The least urgent level that is written, in pino's numbers; asking pino takes longer. */
  #threshold = 0;
  #verboseText = '';
  #words: ReadonlySet<string> = new Set();

  constructor(settings: LogSettings) {
    this.#settings = settings;
    this.#wantsJson = settings.sinks.some((sink) => sink.wantsJson);
    this.#pino = pino(
      {
        level: settings.level(),
        customLevels,
        useOnlyCustomLevels: true,
        base: null,
        timestamp: () => `,"time":"${isoStamp(this.#record?.time ?? settings.clock.now())}"${this.#head}`,
        formatters: { level: (level) => ({ level }) },
      },
      { write: (line: string) => this.#send(line) },
    );
    this.#readOptions();
  }

  /** Options change in service. */
  #readOptions(): void {
    const text = this.#settings.verboseText();
    const level = this.#settings.level();
    if (text === this.#verboseText && level === this.#level) return;
    this.#verboseText = text;
    this.#level = level;
    this.#words = readVerbose(text);
    const wantsDebug = [...this.#words].some((word) => !plainWords.has(word));
    const least = wantsDebug ? 'debug' : level;
    this.#pino.level = least;
    this.#threshold = customLevels[least];
  }

  verbose(word: VerboseWord): boolean {
    this.#readOptions();
    return this.#words.has(word);
  }

  shows(level: Level): boolean {
    this.#readOptions();
    return customLevels[level] >= this.#threshold;
  }

  write(level: Level, message: string, about: LogFields, given: LogFields | undefined): void {
    this.#readOptions();
    if (customLevels[level] < this.#threshold) return;
    const record = { time: this.#settings.clock.now(), level, message, fields: given ?? NOTHING, about };
    if (this.#wantsJson) this.#writeJson(record);
    else for (const sink of this.#settings.sinks) sink.write(record, '');
  }

  #writeJson(record: LogRecord & { readonly about: LogFields }): void {
    const { about, fields, level, message } = record;
    const pid = `,"pid":${this.#settings.pid}`;
    this.#record = record;
    const text = cut(message, messageLimit);
    if (isIdAlone(about) && fields.id === undefined && areOrdinary(fields)) {
      // To merge the fields takes as long as the line.
      this.#head = about.id === undefined ? pid : `${pid},"id":${JSON.stringify(about.id)}`;
      this.#pino[level](fields, text);
    } else {
      this.#head = pid;
      // Object.assign: spreading two objects takes Node 20 fifty times as long.
      this.#pino[level](jsonFields(Object.assign({}, about, fields)), text);
    }
    this.#record = undefined;
  }

  get dropped(): number {
    return this.#settings.sinks.reduce((sum, sink) => sum + sink.dropped, 0);
  }

  /** What pino made of the record. */
  #send(line: string): void {
    const record = this.#record;
    if (record === undefined) return;
    const json = jsonAscii(line);
    for (const sink of this.#settings.sinks) sink.write(record, json);
  }

  async close(): Promise<void> {
    const { sinks, clock } = this.#settings;
    const closed = Promise.all(sinks.map((sink) => sink.close()));
    await new Promise<void>((resolve) => {
      const deadline = clock.after(CLOSE_LIMIT, resolve);
      closed.finally(() => {
        deadline.cancel();
        resolve();
      });
    });
  }
}

class PinoLog implements RootLog {
  readonly #writer: Writer;
  readonly #fields: LogFields;

  constructor(writer: Writer, fields: LogFields) {
    this.#writer = writer;
    this.#fields = fields;
  }

  write(level: Level, message: string, fields?: LogFields): void {
    this.#writer.write(level, message, this.#fields, fields);
  }

  shows(level: Level): boolean {
    return this.#writer.shows(level);
  }

  verbose(word: VerboseWord): boolean {
    return this.#writer.verbose(word);
  }

  child(fields: LogFields): LogWriter {
    return new PinoLog(this.#writer, Object.assign({}, this.#fields, fields));
  }

  get dropped(): number {
    return this.#writer.dropped;
  }

  close(): Promise<void> {
    return this.#writer.close();
  }
}

/** What writes the log of this process. */
export function createLog(settings: LogSettings): RootLog {
  return new PinoLog(new Writer(settings), {});
}

/** The number of a level as in syslog: 0 is emerg, 7 is debug. */
export function severityOf(level: Level): number {
  return levels.indexOf(level);
}
