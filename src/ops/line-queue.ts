// Lines on their way to the log: written in pieces that end at line ends, one piece at a time, while a bounded number waits. A write costs many
// times what its line does, so that on a busy server the lines of some milliseconds go together; a line that comes alone goes at once. When the reader
// stands still lines are dropped and counted, never waited for; when the disk is full they wait until there is room again.

import type { Clock, Timer } from '../base/clock.ts';
import { codeOf, isFullCode } from '../base/errors.ts';
import { type LogOut, notOpen } from './log-out.ts';

/** Bytes kept for a reader that stands still or a disk that is full. */
const QUEUE_LIMIT = 8 * 1024 * 1024;
/** Lines that come within so many milliseconds of a write wait for that time to be over; unless they fill a piece. */
export const GATHER_MS = 50;
/** How often a full disk is tried again. */
const RETRY_MS = 500;

/** There may be room again: no reason to give lines up. */
const isPassing = (code: string): boolean =>
  isFullCode(code) || code === 'ENOMEM' || code === 'ENOBUFS' || code === notOpen;

export interface LineQueueSettings {
  readonly out: LogOut;
  readonly clock: Clock;
  /** Others append to the same file. */
  readonly isShared: boolean;
  /** Nothing can be written, for this reason, and lines wait; undefined: it goes on. */
  readonly trouble: (cause: string | undefined) => void;
}

export class LineQueue {
  readonly #settings: LineQueueSettings;
  #lines: string[] = [];
  /** Lines before this one have been taken. */
  #head = 0;
  #bytes = 0;
  #lost = 0;
  /** The piece that is being written, or waits for room. */
  #piece: string | undefined;
  #troubled = false;
  #retry: Timer | undefined;
  /** When a piece was given to be written last. */
  #wroteAt = Number.NEGATIVE_INFINITY;
  /** Lines are gathered until it fires. */
  #gathering: Timer | undefined;
  #closed: Promise<void> | undefined;
  #empty: (() => void) | undefined;

  constructor(settings: LineQueueSettings) {
    this.#settings = settings;
  }

  /** Lines lost since the last call of `forgiven`. */
  get lost(): number {
    return this.#lost;
  }

  /** The loss of `count` lines is said in a line that was added. */
  forgiven(count: number): void {
    this.#lost -= count;
  }

  /** Adds a line with its line end; false: there is no room, it is lost and counted. */
  add(line: string): boolean {
    // To look into it makes one piece of the hundred that it was put together from: lines that wait would be copied piece by piece by the collector.
    if (Number.isNaN(line.charCodeAt(0))) return true;
    if (this.#bytes + line.length > QUEUE_LIMIT) {
      this.#lost++;
      return false;
    }
    this.#lines.push(line);
    this.#bytes += line.length;
    if (this.#piece === undefined) this.#next();
    return true;
  }

  /** Lines wait, and nothing is being written: when are they? */
  #next(): void {
    if (this.#closed !== undefined || this.#bytes >= this.#settings.out.piece) {
      this.#flush();
      return;
    }
    if (this.#gathering !== undefined) return;
    const { clock } = this.#settings;
    const left = this.#wroteAt + GATHER_MS - clock.monotonic();
    if (left <= 0) this.#flush();
    else
      this.#gathering = clock.after(left, () => {
        this.#gathering = undefined;
        if (this.#piece === undefined) this.#flush();
      });
  }

  #flush(): void {
    this.#gathering?.cancel();
    this.#gathering = undefined;
    if (this.#head < this.#lines.length) this.#write(this.#take());
  }

  /** Writes what is left. With a disk that is full, or when what is left could not be written, it resolves all the same. */
  close(): Promise<void> {
    if (this.#closed !== undefined) return this.#closed;
    this.#closed = new Promise((resolve) => {
      this.#empty = resolve;
    });
    if (this.#piece === undefined) this.#flush();
    if (this.#piece === undefined || this.#troubled) this.#empty?.();
    return this.#closed;
  }

  /** As many lines as go into one piece. */
  #take(): string {
    const { piece } = this.#settings.out;
    const lines = this.#lines;
    const first = this.#head;
    let length = lines[first]?.length ?? 0;
    let end = first + 1;
    for (; end < lines.length; end++) {
      const next = lines[end]?.length ?? 0;
      if (length + next > piece) break;
      length += next;
    }
    const text = end === first + 1 ? (lines[first] ?? '') : lines.slice(first, end).join('');
    this.#head = end;
    // What was taken goes in one piece, not line by line: moving the rest of a long queue costs.
    if (end === lines.length || end > 10_000) {
      this.#lines = lines.slice(end);
      this.#head = 0;
    }
    return text;
  }

  #write(text: string): void {
    this.#piece = text;
    this.#wroteAt = this.#settings.clock.monotonic();
    this.#settings.out.write(text, (error, written) => this.#written(text, error, written));
  }

  #written(text: string, error: Error | undefined, written: number): void {
    if (error !== undefined && !isPassing(codeOf(error))) {
      // Nobody is left to read it: it is lost, the service goes on.
      this.#lost += text.split('\n').length - 1;
      this.#done(text.length);
      return;
    }
    if (written < text.length) {
      this.#rest(text, written, error === undefined ? undefined : error.message);
      return;
    }
    if (this.#troubled) {
      this.#troubled = false;
      this.#settings.trouble(undefined);
    }
    this.#done(text.length);
  }

  /** Not everything was written. */
  #rest(text: string, written: number, cause: string | undefined): void {
    const { clock, isShared, trouble } = this.#settings;
    this.#bytes -= written;
    // Where others write the line that was cut begins again, as theirs may stand behind its first part.
    const lineStart = text.lastIndexOf('\n', written - 1) + 1;
    const from = isShared ? lineStart : written;
    this.#bytes += written - from;
    const rest = text.slice(from);
    this.#piece = rest;
    if (cause !== undefined && !this.#troubled) {
      this.#troubled = true;
      trouble(cause);
      this.#empty?.();
    }
    if (cause === undefined) this.#write(rest);
    else this.#retry = clock.after(RETRY_MS, () => void this.#again(rest));
    this.#retry?.unref();
  }

  async #again(text: string): Promise<void> {
    const { isShared, out } = this.#settings;
    if (isShared && (await out.endsWithinLine())) {
      this.#bytes += 1;
      this.#write(`\n${text}`);
    } else this.#write(text);
  }

  #done(length: number): void {
    this.#bytes -= length;
    this.#piece = undefined;
    if (this.#head < this.#lines.length) this.#next();
    else this.#empty?.();
  }
}
