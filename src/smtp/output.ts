// What goes to the client: replies are gathered and written once per turn of input, text of client.write goes out in between, in order.
// Knows when the client does not read.
import type { Duplex } from 'node:stream';
import type { Clock } from '../ops/clock.ts';
import type { WriteOutcome } from '../policy/session-view.ts';

/** Bytes; a turn of input that makes more replies than this does not have to end first. */
const FLUSH_AT = 16_384;

const CLOSED: WriteOutcome = { kind: 'closed' };

export class Output {
  readonly #stream: Duplex;
  readonly #clock: Clock;
  #pending = '';
  #stalled = false;
  #ended = false;

  /** `drained` is called when the client has read again after `stalled` was true. */
  constructor(stream: Duplex, clock: Clock, drained: () => void) {
    this.#stream = stream;
    this.#clock = clock;
    stream.on('drain', () => {
      if (!this.#stalled) return;
      this.#stalled = false;
      drained();
    });
  }

  /** True when so much is waiting to be sent that no more should be produced. */
  get stalled(): boolean {
    return this.#stalled;
  }

  /** Adds a reply (latin1, with its line ends) to what the next flush writes; much of it is written at once. */
  add(text: string): void {
    this.#pending = this.#pending === '' ? text : this.#pending + text;
    if (this.#pending.length >= FLUSH_AT) this.flush();
  }

  flush(): void {
    if (this.#pending === '') return;
    const text = this.#pending;
    this.#pending = '';
    if (this.#ended || this.#stream.destroyed) return;
    if (!this.#stream.write(text, 'latin1')) this.#stalled = true;
  }

  /** Sends bytes behind what was added; resolves when the system took them, after `timeoutMs`, or when the client is gone. Never rejects. */
  write(bytes: Buffer, timeoutMs: number): Promise<WriteOutcome> {
    this.flush();
    if (this.#ended || this.#stream.destroyed) return Promise.resolve(CLOSED);
    return new Promise((resolve) => {
      const done = (outcome: WriteOutcome): void => {
        timer.cancel();
        this.#stream.off('close', closed);
        resolve(outcome);
      };
      const closed = (): void => done(CLOSED);
      const timer = this.#clock.after(timeoutMs, () => done({ kind: 'timeout' }));
      this.#stream.once('close', closed);
      if (!this.#stream.write(bytes, (error) => done(error ? CLOSED : { kind: 'written' })))
        this.#stalled = true;
    });
  }

  /** Sends what was added and closes our side. */
  end(): void {
    this.flush();
    this.#ended = true;
    if (!this.#stream.destroyed) this.#stream.end();
  }
}
