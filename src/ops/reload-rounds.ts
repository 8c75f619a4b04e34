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

/** How a reload that was asked for has ended. */
export type RoundOutcome =
  | { readonly kind: 'adopted' }
  | { readonly kind: 'kept'; readonly cause: string }
  /** Nobody served who could try it: the next worker that starts does. */
  | { readonly kind: 'nobody' };

/** Who has asked for it. */
type Told = (outcome: RoundOutcome) => void;

/** A worker whose event loop stands still (stopped, stuck) says nothing for this long: another one tries. */
const ANSWER_MS = 3000;

interface Round {
  readonly number: number;
  readonly worker: WorkerProcess;
  readonly wanted: Wanted;
  readonly told: readonly Told[];
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
  #next: { readonly wanted: Wanted; readonly told: readonly Told[] } | undefined;

  constructor(deps: ReloadRoundsDeps) {
    this.#deps = deps;
  }

  /** `told` hears how it ended. Of several that are asked for while one is at work only the last is done, and all of them hear of that. */
  reload(wanted: Wanted, told: Told = () => undefined): void {
    if (this.#round === undefined) this.#begin(wanted, [told]);
    else this.#next = { wanted, told: [...(this.#next?.told ?? []), told] };
  }

  #begin(wanted: Wanted, told: readonly Told[]): void {
    const [first, ...others] = this.#deps.serving();
    if (first !== undefined) {
      this.#try(first, others, wanted, told);
      return;
    }
    this.#deps.nobody(wanted);
    for (const one of told) one({ kind: 'nobody' });
    this.#deps.over?.();
  }

  #try(worker: WorkerProcess, others: readonly WorkerProcess[], wanted: Wanted, told: readonly Told[]): void {
    const number = ++this.#number;
    this.#late = undefined;
    const limit = this.#deps.clock.after(ANSWER_MS, () => {
      const [next, ...rest] = others;
      if (next === undefined) this.#failed('no worker answers');
      else this.#try(next, rest, wanted, told);
    });
    this.#round = { number, worker, wanted, told, limit };
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
    const { policy, problem = 'the log says why' } = message;
    this.#over(policy === undefined ? { kind: 'kept', cause: problem } : { kind: 'adopted' });
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
    this.#over({ kind: 'kept', cause });
  }

  #over(outcome: RoundOutcome): void {
    const told = this.#round?.told ?? [];
    this.#round?.limit.cancel();
    this.#round = undefined;
    for (const one of told) one(outcome);
    const next = this.#next;
    this.#next = undefined;
    if (next === undefined) this.#deps.over?.();
    else this.#begin(next.wanted, next.told);
  }
}
