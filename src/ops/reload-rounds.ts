// Reload with several workers: one of them reads and tries the policy with the new options; what it has found right becomes the revision
// that the main process holds, and is handed to all the others, so that all serve by the same whatever happens to the files meanwhile.

import type { Clock, Timer } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { PolicySource, Revision, Wanted } from './revision.ts';
import type { WorkerProcess } from './supervisor.ts';
import type { FromWorker } from './worker-messages.ts';

export interface ReloadRoundsDeps {
  readonly log: Log;
  readonly clock: Clock;
  /** Workers that can try it, the best first. */
  readonly serving: () => readonly WorkerProcess[];
  /** How long a worker may take to try it. */
  readonly limitMs: () => number;
  /** It is right: to be held, and handed to the other workers. */
  readonly adopt: (revision: Revision, from: WorkerProcess) => void;
  /** Nobody serves who could try it. */
  readonly nobody: (wanted: Wanted) => void;
  /** Every reload that was asked for has come to its end, well or not. */
  readonly over?: () => void;
}

/** A worker whose event loop stands still (stopped, stuck) says nothing for this long: another one tries. */
const ANSWER_MS = 3000;

interface Round {
  readonly number: number;
  readonly worker: WorkerProcess;
  readonly wanted: Wanted;
  /** First for the answer, then for the outcome. */
  limit: Timer;
}

export class ReloadRounds {
  readonly #deps: ReloadRoundsDeps;
  #number = 0;
  #round: Round | undefined;
  /** The last one, when it was given up: its worker may still come back with an outcome. */
  #late: Round | undefined;
  /** What was asked for while another reload was at work. */
  #next: Wanted | undefined;

  constructor(deps: ReloadRoundsDeps) {
    this.#deps = deps;
  }

  reload(wanted: Wanted): void {
    if (this.#round !== undefined) {
      this.#next = wanted;
      return;
    }
    const [first, ...others] = this.#deps.serving();
    if (first === undefined) {
      this.#deps.nobody(wanted);
      this.#deps.over?.();
    } else this.#try(first, others, wanted);
  }

  #try(worker: WorkerProcess, others: readonly WorkerProcess[], wanted: Wanted): void {
    const number = ++this.#number;
    this.#late = undefined;
    const limit = this.#deps.clock.after(ANSWER_MS, () => {
      const [next, ...rest] = others;
      if (next === undefined) this.#failed('no worker answers');
      else this.#try(next, rest, wanted);
    });
    this.#round = { number, worker, wanted, limit };
    worker.send({ kind: 'reload', round: number, wanted });
  }

  hear(worker: WorkerProcess, message: FromWorker): void {
    const round = this.#round;
    if (message.kind !== 'trying' && message.kind !== 'reloaded') return;
    const late = this.#late;
    if (round === undefined && message.kind === 'reloaded' && late?.number === message.round) {
      this.#adopt(late, message.policy);
      return;
    }
    if (round?.worker !== worker || round.number !== message.round) return;
    if (message.kind === 'trying') {
      round.limit.cancel();
      round.limit = this.#deps.clock.after(this.#deps.limitMs(), () => this.#failed('it took too long'));
      return;
    }
    this.#adopt(round, message.policy);
    this.#over();
  }

  #adopt({ wanted, worker }: Round, policy: PolicySource | undefined): void {
    this.#late = undefined;
    if (policy !== undefined) this.#deps.adopt({ ...wanted, policy }, worker);
  }

  gone(worker: WorkerProcess): void {
    if (this.#round?.worker === worker) this.#failed('the worker that tried it has ended');
  }

  #failed(cause: string): void {
    this.#deps.log.emit('policy-kept', { cause, worker: this.#round?.worker.pid });
    this.#late = this.#round;
    this.#over();
  }

  #over(): void {
    this.#round?.limit.cancel();
    this.#round = undefined;
    const wanted = this.#next;
    this.#next = undefined;
    if (wanted === undefined) this.#deps.over?.();
    else this.reload(wanted);
  }
}
