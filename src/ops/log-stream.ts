// Writes log lines to a file descriptor: stderr (with journald's `<N>` in front when systemd listens there) or a log file. Writing is
// asynchronous and bounded: when the reader stands still lines are dropped and counted, never waited for.
import { fstatSync } from 'node:fs';
import type { Clock } from '../base/clock.ts';
import { LineBytes } from './line-bytes.ts';
import { LineQueue } from './line-queue.ts';
import { type LogRecord, putLine } from './log-line.ts';
import type { LogOut } from './log-out.ts';
import { type LogSink, severityOf } from './pino-log.ts';
import { shortJson, shortLine } from './short-line.ts';

export type LineFormat = 'text' | 'json';

export interface StreamSinkSettings {
  readonly format: LineFormat;
  readonly journal: boolean;
  readonly pid: number;
  readonly clock: Clock;
  /** Other processes write to the same pipe or file. */
  readonly isShared: boolean;
  /** Nothing can be written now, for this reason; undefined: it goes on. */
  readonly trouble: (cause: string | undefined) => void;
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

export class StreamSink implements LogSink {
  readonly wantsJson: boolean;
  readonly #settings: StreamSinkSettings;
  readonly #out: LogOut;
  readonly #queue: LineQueue;
  /** No line may be longer. */
  readonly #limit: number;
  /** The line that is being made. */
  readonly #bytes = new LineBytes();
  #closed: Promise<void> | undefined;

  constructor(out: LogOut, settings: StreamSinkSettings) {
    this.#settings = settings;
    this.#out = out;
    this.wantsJson = settings.format === 'json';
    this.#limit = settings.isShared && out.isPipe ? out.piece : Number.POSITIVE_INFINITY;
    const { clock, isShared, trouble } = settings;
    this.#queue = new LineQueue({ out, clock, isShared, trouble });
  }

  write(record: LogRecord, json: string): void {
    if (this.#closed !== undefined) return;
    if (this.#queue.lost > 0) this.#addLost(record.time);
    this.#queue.add(this.#line(record, json));
  }

  /** Lent until the next line. */
  #line(record: LogRecord, json: string): Buffer {
    const { format, journal, pid } = this.#settings;
    const line = this.#bytes;
    line.clear();
    const priority = journal ? `<${severityOf(record.level)}>` : '';
    line.put(priority);
    if (format === 'json') line.put(json);
    else {
      putLine(line, record, pid);
      line.put('\n');
    }
    if (line.length <= this.#limit) return line.bytes;
    const limit = this.#limit - priority.length;
    line.clear();
    line.put(priority);
    line.put(format === 'json' ? shortJson(record, pid, limit) : shortLine(record, pid, limit));
    return line.bytes;
  }

  /** Says how many lines are missing at this place. When there is no room for that either, the next line tries again. */
  #addLost(time: number): void {
    const { pid } = this.#settings;
    const count = this.#queue.lost;
    const message = `${count} log lines lost here: the reader of the log stood still or writing failed`;
    const json = { level: 'warning', time: new Date(time).toISOString(), pid, msg: message };
    const record: LogRecord = { time, level: 'warning', message, fields: {} };
    const added = this.#queue.add(this.#line(record, `${JSON.stringify(json)}\n`));
    // Were there no room, that line would be counted as well.
    if (added) this.#queue.forgiven(count);
    else this.#queue.uncount();
  }

  get dropped(): number {
    return this.#queue.dropped;
  }

  /** Opens the log file again, after it was renamed by log rotation. Rejects when it cannot be opened; the old one stays in use. */
  async reopen(): Promise<void> {
    if (this.#closed === undefined) await this.#out.reopen();
  }

  close(): Promise<void> {
    this.#closed ??= this.#queue.close().then(() => this.#out.close());
    return this.#closed;
  }
}
