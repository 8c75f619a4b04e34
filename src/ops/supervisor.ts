// The primary process when option workers is not 1: forks the workers, replaces those that end or ask for it, and passes on stop and
// reload. It accepts no mail and runs no Lua, so that nothing a policy does can end it. What workers and primary say to each other is
// in ops/worker-messages. Signals: SIGTERM and SIGINT stop, SIGHUP reloads.
import type { Clock, Timer } from './clock.ts';
import type { Log } from './log.ts';
import type { FromWorker, ToWorker } from './worker-messages.ts';

/** A worker as the supervisor sees it; made over node:cluster by ops/fork-worker, or by a test. */
export interface WorkerProcess {
  readonly pid: number;
  send(message: ToWorker): void;
  kill(signal: NodeJS.Signals): void;
  onMessage(listener: (message: FromWorker) => void): void;
  onExit(listener: (code: number | null, signal: string | null) => void): void;
}

export interface SupervisorDeps {
  readonly workers: number;
  readonly log: Log;
  readonly clock: Clock;
  /** Option shutdown-timeout. */
  readonly shutdownMs: number;
  readonly fork: (slot: number) => WorkerProcess;
  /** The region of a dead worker in the shared counters is free again. */
  readonly clearCounters: (slot: number) => void;
  /** Called once, when the first worker accepts connections. */
  readonly onListening: (text: string) => void;
}

/** A worker that ends sooner than this after its start is started again only after a pause, so that a crash at start is no busy loop. */
const EARLY_MS = 5000;
const PAUSE_MS = 1000;
/** After the time for transactions in progress, this long until SIGKILL. */
const GRACE_MS = 3000;

interface Slot {
  worker: WorkerProcess | undefined;
  startedAt: number;
  /** Set while a worker is being replaced: it still drains while the next one serves. */
  readonly leaving: Set<WorkerProcess>;
}

export class Supervisor {
  readonly #deps: SupervisorDeps;
  readonly #slots: Slot[];
  readonly #timers = new Set<Timer>();
  #stopping = false;
  #listening = false;
  readonly #ended: Promise<number>;
  #end: (code: number) => void = () => undefined;

  constructor(deps: SupervisorDeps) {
    this.#deps = deps;
    // Twice the slots: a worker that drains keeps its counters until it is gone, while its successor has a region of its own.
    this.#slots = Array.from({ length: deps.workers * 2 }, () => ({
      worker: undefined,
      startedAt: 0,
      leaving: new Set(),
    }));
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** Regions that the shared counters must have. */
  static regions(workers: number): number {
    return workers * 2;
  }

  /** Starts the workers; resolves with the exit code when all have ended after stop, or when none could start. */
  run(): Promise<number> {
    for (let i = 0; i < this.#deps.workers; i++) this.#start();
    return this.#ended;
  }

  /** No new connections; transactions in progress may finish within shutdown-timeout. */
  stop(): void {
    if (this.#stopping) return;
    this.#stopping = true;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    for (const worker of this.#alive()) worker.send({ kind: 'drain' });
    this.#after(this.#deps.shutdownMs + GRACE_MS, () => {
      for (const worker of this.#alive()) {
        this.#deps.log.write('warning', 'worker killed: it did not end in time', { worker: worker.pid });
        worker.kill('SIGKILL');
      }
    });
    this.#endWhenEmpty();
  }

  reload(): void {
    for (const slot of this.#slots) slot.worker?.send({ kind: 'reload' });
  }

  /** Pids of the workers that serve now. */
  get pids(): readonly number[] {
    return this.#slots.flatMap((slot) => (slot.worker === undefined ? [] : [slot.worker.pid]));
  }

  #alive(): WorkerProcess[] {
    return this.#slots.flatMap((slot) => [
      ...(slot.worker === undefined ? [] : [slot.worker]),
      ...slot.leaving,
    ]);
  }

  #start(): void {
    const index = this.#slots.findIndex((slot) => slot.worker === undefined && slot.leaving.size === 0);
    const slot = this.#slots[index];
    if (slot === undefined || this.#stopping) return;
    const worker = this.#deps.fork(index);
    slot.worker = worker;
    slot.startedAt = this.#deps.clock.monotonic();
    worker.onMessage((message) => this.#hear(slot, worker, message));
    worker.onExit((code, signal) => this.#gone(index, slot, worker, code, signal));
  }

  #hear(slot: Slot, worker: WorkerProcess, message: FromWorker): void {
    switch (message.kind) {
      case 'listening':
        if (this.#stopping) worker.send({ kind: 'drain' });
        if (!this.#listening) {
          this.#listening = true;
          this.#deps.onListening(message.text);
        }
        return;
      case 'replace':
        if (slot.worker !== worker || this.#stopping) return;
        this.#deps.log.write('notice', `worker is replaced: ${message.reason}`, { worker: worker.pid });
        slot.worker = undefined;
        slot.leaving.add(worker);
        this.#start();
        worker.send({ kind: 'drain' });
        return;
    }
  }

  #gone(index: number, slot: Slot, worker: WorkerProcess, code: number | null, signal: string | null): void {
    this.#deps.clearCounters(index);
    if (slot.leaving.delete(worker)) {
      this.#endWhenEmpty();
      return;
    }
    slot.worker = undefined;
    if (this.#stopping) {
      this.#endWhenEmpty();
      return;
    }
    if (!this.#listening && code !== null && code !== 0) {
      // It has said why: bad policy, port in use. The others will say the same.
      this.#stopping = true;
      for (const other of this.#alive()) other.kill('SIGTERM');
      this.#end(code);
      return;
    }
    const cause = signal === null ? `exit code ${code}` : signal;
    this.#deps.log.write('err', `worker ended (${cause}) and is replaced`, { worker: worker.pid });
    const early = this.#deps.clock.monotonic() - slot.startedAt < EARLY_MS;
    if (early) this.#after(PAUSE_MS, () => this.#start());
    else this.#start();
  }

  #after(ms: number, fire: () => void): void {
    const timer = this.#deps.clock.after(ms, () => {
      this.#timers.delete(timer);
      fire();
    });
    this.#timers.add(timer);
  }

  #endWhenEmpty(): void {
    if (!this.#stopping || this.#alive().length > 0) return;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    this.#end(0);
  }
}
