// The revision that the workers serve by, held by the main process: options and certificates as they were read and the policy that a worker has found right.
// Successors start from it, so that a file that is broken or gone meanwhile changes nothing; a reload replaces it as a whole or not at all.
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { TlsMaterial } from '../net/tls-material.ts';
import type { MetricSets } from '../observe/metric/metric-spec.ts';
import type { ReloadOutcome } from '../ops/reload-outcome.ts';
import { ReloadRounds, type RoundOutcome } from '../ops/reload-rounds.ts';
import type { PolicySource, Revision } from '../ops/revision.ts';
import type { Supervisor, WorkerProcess } from '../ops/supervisor.ts';
import { OptionSet } from '../options/option-set.ts';
import type { Options } from '../options/options.ts';
import type { AdminToken } from './admin-token.ts';
import { Adoptions } from './adoptions.ts';
import { type FreshOptions, type NewOptions, newCertificates, newOptions } from './new-options.ts';

export interface HeldRevisionDeps {
  /** The main process's options; they change with the revision. */
  readonly options: Options;
  /** Words of the command line. */
  readonly words: readonly string[];
  readonly log: Log;
  /** Of the administration interface. */
  readonly token: AdminToken;
  readonly clock: Clock;
  readonly supervisor: Supervisor;
  /** The certificates to begin with. */
  readonly tls: TlsMaterial;
  /** The key of session tickets at present. */
  readonly tickets: () => Buffer;
  /** Where stores in memory lie. */
  readonly memory: () => string;
  /** What workers count by; undefined: nothing is counted. */
  readonly metrics: MetricSets | undefined;
  /** How long a worker may take to try a policy. */
  readonly limitMs: () => number;
  /** A reload has come to its end, well or not. */
  readonly over: () => void;
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
  readonly #adoptions: Adoptions<WorkerProcess>;

  constructor(deps: HeldRevisionDeps) {
    this.#deps = deps;
    this.#adoptions = new Adoptions(deps.clock);
    const { log, clock, limitMs, supervisor, options, over, tls } = deps;
    this.#good = { options: options.toTexts(), tls, policy: undefined };
    this.#rounds = new ReloadRounds({
      ...{ log, clock, limitMs, over },
      serving: () => supervisor.serving,
      adopt: (revision, from) => this.#adopt(revision, from),
      nobody: (wanted) => {
        this.#untried = { ...wanted, policy: undefined };
        supervisor.retry();
      },
    });
  }

  /** A worker has been started: tells it what to serve by. */
  begin(worker: WorkerProcess): void {
    const revision = this.#untried ?? this.#good;
    this.#untried = undefined;
    this.#told.set(worker, revision);
    const { memory, metrics, tickets } = this.#deps;
    worker.send({
      ...{ kind: 'begin', revision, tickets: tickets().toString('hex'), memory: memory(), metrics },
    });
    worker.onMessage((message) => {
      this.#rounds.hear(worker, message);
      if (message.kind === 'adopting') this.#adoptions.heard(worker);
      if (message.kind === 'adopted') this.#adoptions.taken(worker);
      // Each worker watches; the one that would try is enough.
      if (message.kind === 'changed' && this.#deps.supervisor.serving[0] === worker) {
        this.#say = () => undefined;
        this.#rounds.reload({ options: this.#good.options, tls: this.#good.tls });
      }
    });
  }

  /** It serves, by `policy`. */
  listening(worker: WorkerProcess, policy: PolicySource): void {
    const told = this.#told.get(worker);
    if (told === undefined) return;
    if (told.policy === undefined) {
      this.#adopt({ options: told.options, tls: told.tls, policy }, worker);
    } else if (told !== this.#good) this.#tell(worker);
  }

  gone(worker: WorkerProcess): void {
    this.#told.delete(worker);
    this.#adoptions.gone(worker);
    this.#rounds.gone(worker);
  }

  /** The certificates that it has. */
  get certificates(): TlsMaterial {
    return this.#good.tls;
  }

  /**
   * As SIGHUP asks: reads the option file, the certificates and the policy. Resolves when all that serve do so by them. Never rejects; does
   * not resolve when all ends meanwhile.
   */
  reread(): Promise<ReloadOutcome> {
    const { words, log, token } = this.#deps;
    return this.#reread((present) => newOptions(words, present, log, token));
  }

  /** The policy that a worker has found right; undefined before there is one. */
  get policy(): PolicySource | undefined {
    return this.#good.policy;
  }

  /** A certificate has changed. */
  renew(): void {
    void this.#reread((present) => newCertificates(present, this.#deps.log));
  }

  /** Files are read one reload after the other; who tries what was read is the business of the rounds. */
  #reread(read: (present: Options) => Promise<FreshOptions>): Promise<ReloadOutcome> {
    return new Promise((resolve) => {
      this.#reading = this.#reading.then(async () => {
        const fresh = await read(OptionSet.fromTexts(this.#good.options));
        if (fresh.kind === 'wrong') {
          resolve({ kind: 'kept', problems: fresh.problems });
          this.#deps.over();
          return;
        }
        this.#say = fresh.say;
        const wanted = { options: fresh.options.toTexts(), tls: fresh.tls };
        this.#rounds.reload(wanted, (outcome) => {
          const all = outcome.kind === 'adopted' ? this.#adoptions.all(this.#deps.limitMs()) : [];
          void Promise.resolve(all).then((silent) => resolve(outcomeOf(outcome, fresh, silent)));
        });
      });
    });
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
    // One that still starts takes it before it serves.
    if (this.#deps.supervisor.serving.includes(worker)) this.#adoptions.told(worker);
    worker.send({ kind: 'adopt', revision: this.#good });
  }
}

function outcomeOf(
  round: RoundOutcome,
  { changed, needRestart }: NewOptions,
  silent: readonly WorkerProcess[],
): ReloadOutcome {
  switch (round.kind) {
    case 'adopted':
      return { kind: 'reloaded', changed, needRestart, silent: silent.map(({ pid }) => pid) };
    case 'kept':
      return { kind: 'kept', problems: [round.cause] };
    case 'nobody':
      return { kind: 'kept', problems: ['no process serves: the next one that starts reads the files'] };
  }
}
