// The revision that the workers serve by, held by the main process: options as they were read and the policy that a worker has found right.
// Successors start from it, so that a file that is broken or gone meanwhile changes nothing; a reload replaces it as a whole or not at all.
import type { Clock } from '../ops/clock.ts';
import type { Log } from '../ops/log.ts';
import { ReloadRounds } from '../ops/reload-rounds.ts';
import type { Supervisor, WorkerProcess } from '../ops/supervisor.ts';
import type { Revision } from '../ops/worker-messages.ts';
import { OptionSet } from '../options/option-set.ts';
import type { Options } from '../options/options.ts';
import type { PolicySource } from '../policy/policy-source.ts';
import { newOptions } from './new-options.ts';

export interface HeldRevisionDeps {
  /** The main process's options; they change with the revision. */
  readonly options: Options;
  /** Words of the command line. */
  readonly words: readonly string[];
  readonly log: Log;
  readonly clock: Clock;
  readonly supervisor: Supervisor;
  /** How long a worker may take to try a policy. */
  readonly limitMs: () => number;
}

export class HeldRevision {
  readonly #deps: HeldRevisionDeps;
  readonly #rounds: ReloadRounds;
  #good: Revision;
  /** Asked for while nobody served: the next worker reads the files, and when it fails the one after it has the good revision again. */
  #untried: Revision | undefined;
  /** What each worker has been told to serve by. */
  readonly #told = new Map<WorkerProcess, Revision>();
  /** To be said in the log when the reload at work has gone well. */
  #say: () => void = () => undefined;
  #reading: Promise<unknown> = Promise.resolve();

  constructor(deps: HeldRevisionDeps) {
    this.#deps = deps;
    const { log, clock, limitMs, supervisor, options } = deps;
    this.#good = { options: options.toTexts(), policy: undefined };
    this.#rounds = new ReloadRounds({
      ...{ log, clock, limitMs },
      serving: () => supervisor.serving,
      adopt: (revision, from) => this.#adopt(revision, from),
      nobody: (texts) => {
        this.#untried = { options: texts, policy: undefined };
        supervisor.retry();
      },
    });
  }

  /** A worker has been started: tells it what to serve by. */
  begin(worker: WorkerProcess): void {
    const revision = this.#untried ?? this.#good;
    this.#untried = undefined;
    this.#told.set(worker, revision);
    worker.send({ kind: 'begin', revision });
    worker.onMessage((message) => {
      this.#rounds.hear(worker, message);
      // Each worker watches; the one that would try is enough.
      if (message.kind === 'changed' && this.#deps.supervisor.serving[0] === worker) {
        this.#say = () => undefined;
        this.#rounds.reload(this.#good.options);
      }
    });
  }

  /** It serves, by `policy`. */
  listening(worker: WorkerProcess, policy: PolicySource): void {
    const told = this.#told.get(worker);
    if (told === undefined) return;
    if (told.policy === undefined) {
      this.#adopt({ options: told.options, policy }, worker);
    } else if (told !== this.#good) this.#tell(worker);
  }

  gone(worker: WorkerProcess): void {
    this.#told.delete(worker);
    this.#rounds.gone(worker);
  }

  /** As SIGHUP asks: reads the option file and the policy. */
  reread(): void {
    this.#reading = this.#reading.then(() => this.#reread());
  }

  async #reread(): Promise<void> {
    const { words, log } = this.#deps;
    const present = OptionSet.fromTexts(this.#good.options);
    const fresh = await newOptions(words, present, log);
    if (fresh === undefined) return;
    this.#say = fresh.say;
    this.#rounds.reload(fresh.options.toTexts());
  }

  #adopt(revision: Revision, from: WorkerProcess): void {
    this.#told.set(from, revision);
    this.#take(revision);
    for (const worker of this.#told.keys()) if (worker !== from) this.#tell(worker);
    this.#say();
    this.#say = () => undefined;
  }

  #take(revision: Revision): void {
    this.#good = revision;
    this.#deps.options.adopt(OptionSet.fromTexts(revision.options));
  }

  #tell(worker: WorkerProcess): void {
    this.#told.set(worker, this.#good);
    worker.send({ kind: 'adopt', revision: this.#good });
  }
}
