// The Log of a process, over pino: levels of syslog, the words of option `verbose`, and one or more sinks that write the lines. pino
// builds the JSON; the text form is made from the same record.
import { pino } from 'pino';
import { readVerbose } from '../options/text-forms.ts';
import type { Clock } from './clock.ts';
import { type Level, type Log, type LogFields, levels, type VerboseWord } from './log.ts';
import { type LogRecord, messageLimit, valueLimit } from './log-line.ts';

/** Where lines go: stderr, a file, a syslog server. */
export interface LogSink {
  /** `json` is the record as one line of JSON in ASCII, with its line end. Never throws, never waits. */
  write(record: LogRecord, json: string): void;
  /** Writes what is left and gives the sink up; never rejects. */
  close(): Promise<void>;
}

/** A Log that owns its sinks. */
export interface RootLog extends Log {
  close(): Promise<void>;
}

export interface LogSettings {
  readonly level: Level;
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
const CLOSE_LIMIT = 3000;

/** Names that pino writes itself: a field of that name would be a second key in the JSON. */
const reserved: ReadonlySet<string> = new Set(['level', 'time', 'pid', 'msg']);

function jsonAscii(line: string): string {
  return line.replace(/[\x7f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const cut = (text: string, limit: number): string =>
  text.length > limit ? `${text.slice(0, limit)}...(+${text.length - limit})` : text;

/** What all children share. */
class Writer {
  readonly #settings: LogSettings;
  readonly #pino;
  #record: LogRecord | undefined;
  #verboseText = '';
  #words: ReadonlySet<string> = new Set();

  constructor(settings: LogSettings) {
    this.#settings = settings;
    this.#pino = pino(
      {
        level: settings.level,
        customLevels,
        useOnlyCustomLevels: true,
        base: { pid: settings.pid },
        timestamp: () => `,"time":"${new Date(this.#record?.time ?? settings.clock.now()).toISOString()}"`,
        formatters: { level: (level) => ({ level }) },
      },
      { write: (line: string) => this.#send(line) },
    );
    this.#readVerbose(settings.verboseText());
  }

  #readVerbose(text: string): void {
    this.#verboseText = text;
    this.#words = readVerbose(text);
    const wantsDebug = [...this.#words].some((word) => !plainWords.has(word));
    this.#pino.level = wantsDebug ? 'debug' : this.#settings.level;
  }

  verbose(word: VerboseWord): boolean {
    const text = this.#settings.verboseText();
    if (text !== this.#verboseText) this.#readVerbose(text);
    return this.#words.has(word);
  }

  write(level: Level, message: string, fields: LogFields): void {
    if (!this.#pino.isLevelEnabled(level)) return;
    const merged: Record<string, string | number | boolean | undefined> = {};
    for (const [key, value] of Object.entries(fields)) {
      merged[reserved.has(key) ? `${key}_` : key] =
        typeof value === 'string' ? cut(value, valueLimit) : value;
    }
    this.#record = { time: this.#settings.clock.now(), level, message, fields };
    this.#pino[level](merged, cut(message, messageLimit));
    this.#record = undefined;
  }

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
    this.#writer.write(level, message, fields === undefined ? this.#fields : { ...this.#fields, ...fields });
  }

  verbose(word: VerboseWord): boolean {
    return this.#writer.verbose(word);
  }

  child(fields: LogFields): Log {
    return new PinoLog(this.#writer, { ...this.#fields, ...fields });
  }

  close(): Promise<void> {
    return this.#writer.close();
  }
}

/** The log of this process. */
export function createLog(settings: LogSettings): RootLog {
  return new PinoLog(new Writer(settings), {});
}

/** The number of a level as in syslog: 0 is emerg, 7 is debug. */
export function severityOf(level: Level): number {
  return levels.indexOf(level);
}
