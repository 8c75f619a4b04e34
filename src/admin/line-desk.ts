// The desk of a worker, seen from the main process: a question goes over its line, and the answer comes back with the same number.
import type { LiveBatch } from '../observe/live/live-batch.ts';
import type { Desk, DeskAnswer, DeskQuestion } from '../ops/desk.ts';
import type { WorkerProcess } from '../ops/supervisor.ts';

/** Questions that are waited for; a worker that stands still answers none. */
const MOST_WAITING = 1000;

/** What a worker says unasked. */
export interface Told {
  /** What it has counted by its end. */
  counted(desk: Desk, answer: DeskAnswer): void;
  /** What happened in a second. */
  live(desk: Desk, batch: LiveBatch): void;
}

export class LineDesk implements Desk {
  readonly #worker: Pick<WorkerProcess, 'pid' | 'send'>;
  readonly #waiting = new Map<number, (answer: DeskAnswer) => void>();
  #number = 0;

  constructor(worker: Pick<WorkerProcess, 'pid' | 'send' | 'onMessage'>, told: Told) {
    this.#worker = worker;
    worker.onMessage((message) => {
      if (message.kind === 'counted') told.counted(this, message.answer);
      if (message.kind === 'live') told.live(this, message.batch);
      if (message.kind !== 'answer') return;
      this.#waiting.get(message.number)?.(message.answer);
      this.#waiting.delete(message.number);
    });
  }

  get pid(): number {
    return this.#worker.pid;
  }

  /** Whoever asks gives up by itself. */
  ask(question: DeskQuestion): Promise<DeskAnswer> {
    const number = ++this.#number;
    const [oldest] = this.#waiting.keys();
    if (this.#waiting.size >= MOST_WAITING && oldest !== undefined) this.#waiting.delete(oldest);
    return new Promise((resolve) => {
      this.#waiting.set(number, resolve);
      this.#worker.send({ kind: 'ask', number, question });
    });
  }
}
