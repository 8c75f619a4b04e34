// The desk of a worker, seen from the main process: a question goes over its line, and the answer comes back with the same number.
import type { Desk, DeskAnswer, DeskQuestion } from '../ops/desk.ts';
import type { WorkerProcess } from '../ops/supervisor.ts';

/** Questions that are waited for; a worker that stands still answers none. */
const MOST_WAITING = 1000;

export class LineDesk implements Desk {
  readonly #worker: Pick<WorkerProcess, 'pid' | 'send'>;
  readonly #waiting = new Map<number, (answer: DeskAnswer) => void>();
  #number = 0;
  readonly #counted: (answer: DeskAnswer) => void;

  /** `counted`: what it says of itself, unasked, before it ends. */
  constructor(
    worker: Pick<WorkerProcess, 'pid' | 'send' | 'onMessage'>,
    counted: (answer: DeskAnswer) => void,
  ) {
    this.#worker = worker;
    this.#counted = counted;
    worker.onMessage((message) => {
      if (message.kind === 'counted') this.#counted(message.answer);
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
