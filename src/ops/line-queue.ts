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

const NEWLINE = 0x0a;
/** Memory of pieces that is kept for the next ones. */
const SPARES = 2;

/** Lines that go together. */
interface Piece {
  readonly memory: Buffer;
  length: number;
}

function lineCount(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) count++;
  return count;
}

export class LineQueue {
  readonly #settings: LineQueueSettings;
  /** Lines that wait, in the pieces in which they will be written: they lie in few objects, so that the collector has nothing to do with them. */
  #waiting: Piece[] = [];
  /** Octets of pieces that were written: the next ones lie there. */
  readonly #spares: Buffer[] = [];
  #bytes = 0;
  #lost = 0;
  #forgiven = 0;
  /** The piece that is being written, or waits for room. */
  #piece: Buffer | undefined;
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

  /** Lines lost since it was made. */
  get dropped(): number {
    return this.#forgiven + this.#lost;
  }

  /** Lines lost since the last call of `forgiven`. */
  get lost(): number {
    return this.#lost;
  }

  /** The loss of `count` lines is said in a line that was added. */
  forgiven(count: number): void {
    this.#lost -= count;
    this.#forgiven += count;
  }

  /** The line that was refused last is none of those that are missed. */
  uncount(): void {
    this.#lost--;
  }

  /** Adds a line of ASCII with its line end, which may change as soon as this has returned; false: there is no room, it is lost and counted. */
  add(line: Buffer): boolean {
    const { length } = line;
    if (this.#bytes + length > QUEUE_LIMIT) {
      this.#lost++;
      return false;
    }
    let last = this.#waiting.at(-1);
    if (last === undefined || last.length + length > last.memory.length) {
      last = { memory: this.#memory(length), length: 0 };
      this.#waiting.push(last);
    }
    line.copy(last.memory, last.length);
    last.length += length;
    this.#bytes += length;
    if (this.#piece === undefined) this.#next();
    return true;
  }

  /** For lines up to a piece together, or for one that is longer. */
  #memory(length: number): Buffer {
    const { piece } = this.#settings.out;
    if (length > piece) return Buffer.allocUnsafeSlow(length);
    return this.#spares.pop() ?? Buffer.allocUnsafeSlow(piece);
  }

  /** Nobody looks at it any more. */
  #spare(memory: Buffer): void {
    if (memory.length === this.#settings.out.piece && this.#spares.length < SPARES) this.#spares.push(memory);
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
    const next = this.#waiting.shift();
    if (next !== undefined) this.#write(next.memory.subarray(0, next.length), next.memory);
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

  /** `memory`: where the octets lie, when they are a piece from its beginning. */
  #write(bytes: Buffer, memory?: Buffer): void {
    this.#piece = bytes;
    this.#wroteAt = this.#settings.clock.monotonic();
    this.#settings.out.write(bytes, (error, written) => this.#written(bytes, memory, error, written));
  }

  #written(bytes: Buffer, memory: Buffer | undefined, error: Error | undefined, written: number): void {
    if (error !== undefined && !isPassing(codeOf(error))) {
      // Nobody is left to read it: it is lost, the service goes on.
      this.#lost += lineCount(bytes);
      this.#done(bytes.length, memory);
      return;
    }
    if (written < bytes.length) {
      this.#rest(bytes, written, error === undefined ? undefined : error.message);
      return;
    }
    if (this.#troubled) {
      this.#troubled = false;
      this.#settings.trouble(undefined);
    }
    this.#done(bytes.length, memory);
  }

  /** Not everything was written. */
  #rest(bytes: Buffer, written: number, cause: string | undefined): void {
    const { clock, isShared, trouble } = this.#settings;
    this.#bytes -= written;
    // Where others write the line that was cut begins again, as theirs may stand behind its first part.
    // A line end that was put in front (again) is put there anew.
    const lineStart = bytes.lastIndexOf(NEWLINE, Math.max(written - 1, 0)) + 1;
    const from = isShared ? lineStart : written;
    this.#bytes += written - from;
    const rest = bytes.subarray(from);
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

  async #again(bytes: Buffer): Promise<void> {
    const { isShared, out } = this.#settings;
    if (isShared && (await out.endsWithinLine())) {
      this.#bytes += 1;
      this.#write(Buffer.concat([Buffer.of(NEWLINE), bytes]));
    } else this.#write(bytes);
  }

  #done(length: number, memory: Buffer | undefined): void {
    this.#bytes -= length;
    this.#piece = undefined;
    if (memory !== undefined) this.#spare(memory);
    if (this.#waiting.length > 0) this.#next();
    else this.#empty?.();
  }
}
