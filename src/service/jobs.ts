// What one connection has started and not fetched: the services that are still at work and the results of those that have ended (API
// text "Services Framework": service.wait, service.reset). One mechanism for all kinds; modules/service fills it.
import { LuaError, type LuaResults, type Suspension } from '../lua/function-spec.ts';
import { type LuaRecord, LuaTable, type LuaValue } from '../lua/value.ts';
import type { Clock } from '../ops/clock.ts';
import type { Level, Log } from '../ops/log.ts';

export type JobKind = 'clamd' | 'spamd' | 'http' | 'client';

export interface JobControl {
  /** Aborts when nobody wants the result any more. */
  readonly signal: AbortSignal;
  /** Which server is being asked now: service_host, and what the log says. */
  trying(host: string): void;
  /** A connection was made. */
  connected(): void;
}

export interface JobEnd {
  /** The fields of the result besides service_name, service_host, elapsed_time and error; undefined when there is no result to fetch. */
  readonly fields: LuaRecord | undefined;
  readonly error: string | undefined;
  /** Called once when the fields are Lua's or nobody's. */
  readonly release?: (() => void) | undefined;
}

interface Job {
  readonly kind: JobKind;
  host: string;
  readonly startedAt: number;
  readonly stop: AbortController;
}

interface Result {
  readonly kind: JobKind;
  readonly entry: LuaRecord | undefined;
  readonly failed: boolean;
  readonly release: (() => void) | undefined;
}

/** A web server that does not answer is the business of whoever wrote the mail; a scanner that does not is ours. */
const failureLevel: Readonly<Record<JobKind, Level>> = {
  clamd: 'warning',
  spamd: 'warning',
  http: 'notice',
  client: 'notice',
};

export class Jobs {
  readonly #clock: Clock;
  readonly #pending = new Set<Job>();
  #results: Result[] = [];
  #waiter: { readonly all: boolean; resolve(results: LuaResults): void } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Services at work. */
  get pending(): number {
    return this.#pending.size;
  }

  /**
   * Starts a service. The suspension ends with true when it has a connection, with false when it failed before. Raises a Lua error when
   * `limit` services are at work or not fetched.
   */
  start(
    kind: JobKind,
    host: string,
    log: Log,
    limit: number,
    run: (control: JobControl) => Promise<JobEnd>,
  ): Suspension {
    this.#checkLimit(limit);
    const job: Job = { kind, host, startedAt: this.#clock.monotonic(), stop: new AbortController() };
    this.#pending.add(job);
    const done = new Promise<LuaResults>((resolve) => {
      const control: JobControl = {
        signal: job.stop.signal,
        trying: (now) => {
          job.host = now;
        },
        connected: () => resolve([true]),
      };
      run(control)
        .catch((error: unknown): JobEnd => {
          log.write(
            'err',
            `internal error in service ${kind}: ${error instanceof Error ? error.stack : error}`,
          );
          return { fields: {}, error: 'internal error' };
        })
        .then((end) => {
          this.#end(job, end, log);
          resolve([false]);
        });
    });
    return {
      kind: 'suspension',
      describe: () => `service.${kind} (connecting: ${this.#describe(job)})`,
      done,
      cancel: () => this.#cancel(job),
    };
  }

  /** A service that could not even be started: its result is there at once. */
  refuse(kind: JobKind, host: string, fields: LuaRecord, error: string, log: Log, limit: number): void {
    this.#checkLimit(limit);
    const job: Job = { kind, host, startedAt: this.#clock.monotonic(), stop: new AbortController() };
    this.#pending.add(job);
    this.#end(job, { fields, error }, log);
  }

  /** The results since the last wait: when all services have ended, or (not `all`) as soon as one has. Empty when none is at work. */
  wait(all: boolean): LuaResults | Suspension {
    if (this.#isReady(all)) return this.#take();
    return {
      kind: 'suspension',
      describe: () => `service.wait (${this.describePending()})`,
      done: new Promise((resolve) => {
        this.#waiter = { all, resolve };
      }),
      cancel: () => this.reset(),
    };
  }

  /** Gives up what is at work and forgets what has ended. */
  reset(): void {
    for (const job of [...this.#pending]) this.#cancel(job);
    for (const result of this.#results) result.release?.();
    this.#results = [];
    this.#waiter = undefined;
  }

  /** For logs: `2 pending: clamd 127.0.0.1:3310 1.2 s, http example.com 0.3 s`. */
  describePending(): string {
    const jobs = [...this.#pending];
    const shown = jobs.slice(0, 5).map((job) => `${job.kind} ${this.#describe(job)}`);
    const more = jobs.length > shown.length ? ', ...' : '';
    return `${jobs.length} pending: ${shown.join(', ')}${more}`;
  }

  #describe(job: Job): string {
    return `${job.host} ${this.#elapsed(job).toFixed(1)} s`;
  }

  #elapsed(job: Job): number {
    return Math.round((this.#clock.monotonic() - job.startedAt) * 1000) / 1_000_000;
  }

  #checkLimit(limit: number): void {
    if (this.#pending.size + this.#results.length >= limit) {
      throw new LuaError(
        `too many services started and not fetched by service.wait (${limit}, option hook-max-pending)`,
      );
    }
  }

  #cancel(job: Job): void {
    if (!this.#pending.delete(job)) return;
    job.stop.abort();
  }

  #end(job: Job, { fields, error, release }: JobEnd, log: Log): void {
    if (!this.#pending.delete(job)) {
      release?.();
      return;
    }
    const elapsed = this.#elapsed(job);
    const { kind, host } = job;
    if (error !== undefined) {
      log.write(failureLevel[kind], `service ${kind} failed: ${error}`, { host, elapsed });
    } else if (log.verbose('service') || (kind !== 'client' && log.verbose(kind))) {
      log.write('info', `service ${kind}`, { host, elapsed });
    }
    const entry =
      fields === undefined
        ? undefined
        : { ...fields, service_name: kind, service_host: host, elapsed_time: elapsed, error };
    this.#results.push({ kind, entry, failed: error !== undefined, release });
    const waiter = this.#waiter;
    if (waiter === undefined || !this.#isReady(waiter.all)) return;
    this.#waiter = undefined;
    waiter.resolve(this.#take());
  }

  #isReady(all: boolean): boolean {
    return this.#pending.size === 0 || (!all && this.#results.length > 0);
  }

  #take(): LuaResults {
    const results = this.#results;
    this.#results = [];
    const byKind: Record<string, LuaValue> = {};
    for (const kind of new Set(results.map((result) => result.kind))) {
      const table = tableOf(
        kind,
        results.filter((result) => result.kind === kind),
      );
      if (table !== undefined) byKind[kind] = table;
    }
    for (const result of results) result.release?.();
    return [byKind];
  }
}

/**
 * All results of a kind in the order in which they ended. For clamd and spamd the table is also the last result itself: the last that
 * did not fail, so that a dead server does not hide what another one found.
 */
function tableOf(kind: JobKind, results: readonly Result[]): LuaTable | undefined {
  const entries = results.flatMap((result) => (result.entry === undefined ? [] : [result.entry]));
  if (entries.length === 0) return undefined;
  if (kind === 'http') return new LuaTable(entries, { service_name: kind });
  const good = results.filter((result) => !result.failed && result.entry !== undefined);
  return new LuaTable(entries, good.at(-1)?.entry ?? entries.at(-1) ?? {});
}
