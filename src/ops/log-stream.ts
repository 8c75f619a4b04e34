// Writes log lines to a file descriptor: stderr (with journald's `<N>` in front when systemd listens there) or a log file. Writing is
// asynchronous and bounded: when the reader stands still lines are dropped and counted, never waited for.
import { fstatSync } from 'node:fs';
import { pino } from 'pino';
import { formatLine, type LogRecord } from './log-line.ts';
import { type LogSink, severityOf } from './pino-log.ts';

/** Bytes kept for a reader that stands still. */
const QUEUE_LIMIT = 8 * 1024 * 1024;

export type LineFormat = 'text' | 'json';

export interface StreamSinkSettings {
  readonly format: LineFormat;
  readonly journal: boolean;
  readonly pid: number;
}

/** True when `fd` is the journal, by the rule of systemd.exec(5): JOURNAL_STREAM holds its device and inode. */
export function isJournal(fd: number, journalStream: string | undefined): boolean {
  if (journalStream === undefined || journalStream === '') return false;
  try {
    const { dev, ino } = fstatSync(fd);
    return journalStream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}

/** Lines to an open file descriptor, or to the end of the file of that name. */
export class StreamSink implements LogSink {
  readonly wantsJson: boolean;
  readonly #settings: StreamSinkSettings;
  readonly #path: string | undefined;
  readonly #stream;
  #dropped = 0;
  #closed: Promise<void> | undefined;

  constructor(dest: number | string, settings: StreamSinkSettings) {
    this.#settings = settings;
    this.wantsJson = settings.format === 'json';
    this.#path = typeof dest === 'string' ? dest : undefined;
    this.#stream = pino.destination({
      dest,
      mode: 0o640,
      append: true,
      sync: false,
      minLength: 0,
      maxLength: QUEUE_LIMIT,
    });
    this.#stream.on('drop', () => this.#dropped++);
    // Nobody is left to be told when stderr is gone or the disk is full: the line is lost, the service goes on.
    this.#stream.on('error', () => this.#dropped++);
  }

  write(record: LogRecord, json: string): void {
    if (this.#closed !== undefined) return;
    const { format, journal, pid } = this.#settings;
    if (this.#dropped > 0) this.#writeDropped(record.time);
    const line = format === 'json' ? json : `${formatLine(record, pid)}\n`;
    this.#stream.write(journal ? `<${severityOf(record.level)}>${line}` : line);
  }

  /** Says how many lines are missing at this place. When that is dropped too, the next line tries again. */
  #writeDropped(time: number): void {
    const { format, journal, pid } = this.#settings;
    const count = this.#dropped;
    const message = `${count} log lines lost here: the reader of the log stood still or writing failed`;
    const line =
      format === 'json'
        ? `${JSON.stringify({ level: 'warning', time: new Date(time).toISOString(), pid, msg: message })}\n`
        : `${formatLine({ time, level: 'warning', message, fields: {} }, pid)}\n`;
    this.#stream.write(journal ? `<4>${line}` : line);
    // Were this line dropped as well, the count went up by one.
    this.#dropped = this.#dropped > count ? this.#dropped : 0;
  }

  /** Opens the log file again, after it was renamed by log rotation. */
  reopen(): void {
    if (this.#path !== undefined && this.#closed === undefined) this.#stream.reopen(this.#path);
  }

  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      this.#stream.once('close', () => resolve());
      this.#stream.once('error', () => resolve());
      this.#stream.end();
    });
    return this.#closed;
  }
}
