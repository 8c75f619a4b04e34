// The content of one message as whoever follows its session sees it: its beginning as it was sent, and how much there was. Nothing is kept while
// nobody does. What is told does not depend on how the octets were split on their way.
import type { Log } from '../../base/log.ts';

/** Octets of a message that are shown. */
const SHOWN = 1024;
/** `.` and its line end. */
const DOT_LINE = 3;

export type ContentEnd = 'dot' | 'chunk' | 'last chunk' | 'incomplete';

export class ContentTrace {
  readonly #log: Log;
  /** What has come of the message, or of the chunk. */
  #octets = 0;
  #head = '';
  /** Of the message, with what was told of earlier chunks. */
  #shown = 0;
  #stopped = false;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Octets of the content, up to before `end`. */
  came(bytes: Buffer, end = bytes.length): void {
    // Whoever begins to look in the middle of it sees no beginning.
    const isShown =
      this.#shown < SHOWN && this.#octets === this.#head.length && this.#log.wants('content-came');
    this.#octets += end;
    const whole = this.#log.wants('content-piece') ? bytes.toString('latin1', 0, end) : undefined;
    if (isShown) {
      const most = Math.min(end, SHOWN - this.#shown);
      this.#head += whole !== undefined && most === end ? whole : bytes.toString('latin1', 0, most);
      this.#shown += most;
    }
    if (whole !== undefined) this.#log.emit('content-piece', { octets: whole });
  }

  /** A hook has ended the session in the middle of it: how much of it was read by then says nothing. */
  stop(): void {
    this.#stopped = true;
  }

  /** The message, or a chunk, is over. */
  over(end: ContentEnd): void {
    const nothing = end === 'incomplete' && this.#octets === 0;
    if (!this.#stopped && !nothing && this.#log.wants('content-came')) {
      // The dot is no content, and neither is its line end.
      const octets = end === 'dot' ? this.#octets - DOT_LINE : this.#octets;
      this.#log.emit('content-came', { octets, head: this.#head.slice(0, octets), end });
    }
    this.#octets = 0;
    this.#head = '';
  }
}
