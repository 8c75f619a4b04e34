// The main process when option workers is not 1: keeps the number of workers. One that dies is replaced at once, or after a growing pause
// when it died early; one that asks for it drains only when its successor listens, one at a time, and stays when the successor fails.
// The main process accepts no mail and runs no Lua, so that nothing a policy does can end it.
import type { Clock, Timer } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { CrashPause } from './crash-pause.ts';
import type { FromWorker, ToWorker } from './worker-messages.ts';

/** A worker as the supervisor sees it; made by ops/fork-worker, or by a test. */
export interface WorkerProcess {
  readonly pid: number;
  send(message: ToWorker): void;
  kill(signal: NodeJS.Signals): void;
  onMessage(listener: (message: FromWorker) => void): void;
  /** Called once, also when it could not be started at all. */
  onExit(listener: (code: number | null, signal: string | null) => void): void;
}

/** Why the service is over, when nobody asked for it. */
export interface Failure {
  readonly code: number;
  /** What is wrong; undefined when the worker has said it. */
  readonly problem: string | undefined;
}

export interface SupervisorDeps {
  readonly workers: number;
  readonly log: Log;
  readonly clock: Clock;
  /** Option shutdown-timeout; a worker may have a longer one. */
  readonly shutdownMs: () => number;
  /** How long a worker may take until it listens. */
  readonly startMs: () => number;
  /**
   * Starts a worker. `region` is its place in the shared counters, from 0 to `regions(workers) - 1`; `seat`, from 0 to `workers - 1`, is that of the
   * worker that it follows: of those that are not draining each has one of its own, but for a successor and whom it is to replace.
   */
  readonly fork: (region: number, seat: number) => WorkerProcess;
  /** A worker is gone: its region is free, what it left behind may be removed. */
  readonly onGone: (region: number, worker: WorkerProcess) => void;
  /** A worker accepts connections. */
  readonly onListening: (worker: WorkerProcess, message: FromWorker & { kind: 'listening' }) => void;
}

/** After the time for transactions in progress, this long until SIGKILL. */
const GRACE_MS = 2500;
/** Nobody serves for this long: the service ends, so that whoever looks after it knows. */
const NOBODY_MS = 60_000;

interface Worker {
  readonly process: WorkerProcess;
  readonly region: number;
  readonly seat: number;
  readonly startedAt: number;
  state: 'starting' | 'serving' | 'draining';
  /** Why it wants to be replaced. */
  asks: string | undefined;
  /** Its shutdown-timeout, when it has said so. */
  graceMs: number;
  /** Why it cannot start. */
  problem: string | undefined;
  /** Until it listens. */
  startLimit: Timer | undefined;
  /** Until it has drained. */
  drainLimit: Timer | undefined;
}

export class Supervisor {
  readonly #deps: SupervisorDeps;
  readonly #workers = new Set<Worker>();
  readonly #pause = new CrashPause();
  #paused: Timer | undefined;
  #nobody: Timer | undefined;
  #kill: Timer | undefined;
  /** When #kill fires; monotonic, in ms. */
  #killAt = Number.POSITIVE_INFINITY;
  #failure: Failure | undefined;
  #stopping = false;
  /** A worker has listened: the service has begun. */
  #began = false;
  #lastEnd = '';
  readonly #ended: Promise<Failure | undefined>;
  #end: (failure: Failure | undefined) => void = () => undefined;

  constructor(deps: SupervisorDeps) {
    this.#deps = deps;
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** Regions that the shared counters must have: workers that drain keep theirs while their successors have others. */
  static regions(workers: number): number {
    return workers * 2;
  }

  /**
   * Starts the workers, the first one alone: it finds out whether options and policy are right. Resolves when all have ended after stop,
   * or with the failure when the first could not start or nobody has served for a minute.
   */
  run(): Promise<Failure | undefined> {
    this.#next();
    return this.#ended;
  }

  /** No new connections; transactions in progress may finish within shutdown-timeout. */
  stop(): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#paused?.cancel();
    this.#nobody?.cancel();
    this.tell({ kind: 'drain' });
    const graces = [...this.#workers].map((it) => this.#graceOf(it));
    this.#killAfter(Math.max(this.#deps.shutdownMs(), ...graces) + GRACE_MS);
    this.#endWhenEmpty();
  }

  /** Nobody waits any more, not those either that were draining before stop. */
  hurry(): void {
    this.stop();
    this.tell({ kind: 'hurry' });
    this.#killAfter(GRACE_MS);
  }

  /** Says something to every worker but one, also to those that start and drain. */
  tell(message: ToWorker, but?: WorkerProcess): void {
    for (const { process } of this.#workers) if (process !== but) process.send(message);
  }

  /** Something has changed, a worker may start now that could not before. */
  retry(): void {
    this.#pause.reset();
    this.#paused?.cancel();
    this.#paused = undefined;
    this.#next();
  }

  /** Workers that serve; those that ask to be replaced last. */
  get serving(): readonly WorkerProcess[] {
    const serving = [...this.#workers].filter((it) => it.state === 'serving');
    return serving
      .toSorted((a, b) => Number(a.asks !== undefined) - Number(b.asks !== undefined))
      .map((it) => it.process);
  }

  #count(state: Worker['state']): number {
    let count = 0;
    for (const worker of this.#workers) if (worker.state === state) count++;
    return count;
  }

  /** Starts what is missing or owed. */
  #next(): void {
    if (this.#stopping || this.#paused !== undefined) return;
    const { workers } = this.#deps;
    const starting = this.#count('starting');
    const missing = workers - starting - this.#count('serving');
    const wait = this.#pause.ms(this.#deps.clock.monotonic());
    // The first one, and one after failures, starts alone.
    const alone = !this.#began || wait > 0;
    if (missing > 0) {
      if (alone && starting > 0) return;
      if (wait > 0) this.#startAfter(wait);
      else for (let i = 0; i < (alone ? 1 : missing); i++) this.#start();
      return;
    }
    if (starting > 0 || this.#workers.size >= Supervisor.regions(workers)) return;
    if (![...this.#workers].some((it) => it.state === 'serving' && it.asks !== undefined)) return;
    if (wait > 0) this.#startAfter(wait);
    else this.#start();
  }

  #startAfter(ms: number): void {
    this.#paused = this.#deps.clock.after(ms, () => {
      this.#paused = undefined;
      if (this.#count('starting') === 0) this.#start();
    });
  }

  #freeRegion(): number {
    const taken = new Set([...this.#workers].map((it) => it.region));
    let region = 0;
    while (taken.has(region)) region++;
    return region;
  }

  /** That of nobody, else that of the one that asks to be replaced. */
  #freeSeat(): number {
    const sitting = [...this.#workers].filter(({ state }) => state !== 'draining');
    const taken = new Set(sitting.map(({ seat }) => seat));
    for (let seat = 0; seat < this.#deps.workers; seat++) if (!taken.has(seat)) return seat;
    return sitting.find(({ asks }) => asks !== undefined)?.seat ?? 0;
  }

  #start(): void {
    const { clock, startMs, log } = this.#deps;
    const region = this.#freeRegion();
    const seat = this.#freeSeat();
    const process = this.#deps.fork(region, seat);
    const startedAt = clock.monotonic();
    const worker: Worker = {
      ...{ process, region, seat, startedAt, state: 'starting' },
      ...{ asks: undefined, graceMs: 0, problem: undefined },
      drainLimit: undefined,
      startLimit: clock.after(startMs(), () => {
        log.emit('worker-late-start', { worker: process.pid });
        process.kill('SIGKILL');
      }),
    };
    this.#workers.add(worker);
    process.onMessage((message) => this.#hear(worker, message));
    process.onExit((code, signal) => this.#gone(worker, code, signal));
    this.#watchNobody();
  }

  #hear(worker: Worker, message: FromWorker): void {
    if (message.kind === 'listening') this.#listening(worker, message);
    if (message.kind === 'grace') worker.graceMs = message.ms;
    if (message.kind === 'failed') worker.problem = message.problem;
    if (message.kind === 'replace' && worker.state === 'serving' && !this.#stopping) {
      this.#deps.log.emit('worker-asks', { reason: message.reason, worker: worker.process.pid });
      worker.asks = message.reason;
      if (message.isFault) this.#pause.asked(this.#deps.clock.monotonic(), this.#age(worker));
      this.#next();
    }
  }

  #listening(worker: Worker, message: FromWorker & { kind: 'listening' }): void {
    worker.startLimit?.cancel();
    worker.startLimit = undefined;
    if (worker.state !== 'starting') return;
    worker.state = 'serving';
    this.#nobody?.cancel();
    this.#nobody = undefined;
    if (this.#stopping) return;
    this.#began = true;
    this.#deps.onListening(worker.process, message);
    if (this.#count('serving') > this.#deps.workers) this.#drainOne(worker.seat);
    this.#next();
  }

  /** There is one more than wanted, at that seat: the successor of one that asked, of the one there if it did. */
  #drainOne(seat: number): void {
    const asking = [...this.#workers].filter((it) => it.state === 'serving' && it.asks !== undefined);
    const worker = asking.find((it) => it.seat === seat) ?? asking[0];
    if (worker === undefined) return;
    worker.state = 'draining';
    worker.process.send({ kind: 'drain' });
    // One that stands still (stopped, stuck) would keep its place and what it holds for ever.
    worker.drainLimit = this.#deps.clock.after(this.#graceOf(worker) + GRACE_MS, () =>
      this.#killLate(worker),
    );
  }

  #gone(worker: Worker, code: number | null, signal: string | null): void {
    this.#workers.delete(worker);
    worker.startLimit?.cancel();
    worker.drainLimit?.cancel();
    this.#deps.onGone(worker.region, worker.process);
    const { state, process } = worker;
    const cause = signal === null ? `exit code ${code}` : signal;
    if (state !== 'draining' && !this.#stopping) {
      this.#lastEnd = worker.problem === undefined ? cause : `${cause}: ${worker.problem}`;
      if (!this.#began && code !== null && code !== 0) {
        // It has said why: bad policy, port in use.
        this.#over({ code, problem: undefined });
        return;
      }
      const served = state === 'serving';
      const now = this.#deps.clock.monotonic();
      this.#pause.ended(now, this.#age(worker), served);
      const pause = this.#pause.ms(now);
      const stays = !served && this.#count('serving') >= this.#deps.workers;
      this.#deps.log.emit(stays ? 'successor-ended' : 'worker-ended', {
        cause,
        worker: process.pid,
        pause: pause > 0 ? pause / 1000 : undefined,
      });
    }
    this.#watchNobody();
    this.#next();
    this.#endWhenEmpty();
  }

  #age(worker: Worker): number {
    return this.#deps.clock.monotonic() - worker.startedAt;
  }

  /** Ends the service when nobody serves for too long. */
  #watchNobody(): void {
    // The first start may take its time; one that has failed may not go on for ever.
    const isFirst = !this.#began && this.#lastEnd === '';
    if (this.#stopping || isFirst || this.#nobody !== undefined || this.#count('serving') > 0) return;
    this.#nobody = this.#deps.clock.after(NOBODY_MS, () => {
      this.#over({
        code: 70,
        problem: `no worker serves since ${NOBODY_MS / 1000} s, the last one ended with ${this.#lastEnd}`,
      });
    });
  }

  /** Transactions in workers that drain may finish; nothing else is begun. */
  #over(failure: Failure): void {
    this.#failure = failure;
    for (const { process, state } of this.#workers) if (state === 'starting') process.kill('SIGKILL');
    this.stop();
  }

  #graceOf({ graceMs }: Worker): number {
    return Math.max(this.#deps.shutdownMs(), graceMs);
  }

  /** Sooner than it was said before, never later. */
  #killAfter(ms: number): void {
    const { clock } = this.#deps;
    const at = clock.monotonic() + ms;
    if (at >= this.#killAt) return;
    this.#killAt = at;
    this.#kill?.cancel();
    this.#kill = clock.after(ms, () => {
      for (const worker of this.#workers) this.#killLate(worker);
    });
  }

  #killLate({ process }: Worker): void {
    this.#deps.log.emit('worker-late-end', { worker: process.pid });
    process.kill('SIGKILL');
  }

  #endWhenEmpty(): void {
    if (!this.#stopping || this.#workers.size > 0) return;
    this.#kill?.cancel();
    this.#end(this.#failure);
  }
}
