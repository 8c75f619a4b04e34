// What one connection has started and not fetched: the services that are still at work and the results of those that have ended
// (doc/reference/service.md: service.wait, service.reset). One mechanism for all kinds; modules/service/service fills it.

import type { Clock } from '../../base/clock.ts';
import { traceOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { answerJson } from '../../lua-api/answer-json.ts';
import type { CallContext, Operation } from '../../lua-api/call-context.ts';
import type { LuaResults, Suspension } from '../../lua-api/function-spec.ts';
import { type LuaRecord, LuaTable, type LuaValue } from '../../lua-api/value.ts';
import { verdictText } from './verdict-text.ts';

export type JobKind = 'clamd' | 'spamd' | 'rspamd' | 'http' | 'client';

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
  /** What is to be done when the policy fetches the result, while it waits; gives the result then. Never rejects. */
  readonly settle?: (() => Promise<Pick<JobEnd, 'fields' | 'error'>>) | undefined;
}

interface Job {
  readonly kind: JobKind;
  host: string;
  readonly startedAt: number;
  readonly stop: AbortController;
  /** Counted for option hook-max-pending from the start until the result is fetched. */
  readonly operation: Operation;
}

/** Who starts a service: its log lines, and the count of what a connection has going on. */
export type JobOwner = Pick<CallContext, 'log' | 'operation'>;

interface Result {
  readonly job: Job;
  readonly elapsed: number;
  readonly end: JobEnd;
  readonly log: Log;
}

export class Jobs {
  readonly #clock: Clock;
  readonly #pending = new Set<Job>();
  #results: Result[] = [];
  #waiter: { readonly all: boolean; resolve(results: readonly Result[]): void } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Services at work. */
  get pending(): number {
    return this.#pending.size;
  }

  /**
   * Starts a service. The suspension ends with true when it has a connection, with false when it failed before. It counts as pending until
   * its result is fetched; beyond option hook-max-pending the hook ends.
   */
  start(
    kind: JobKind,
    host: string,
    owner: JobOwner,
    run: (control: JobControl) => Promise<JobEnd>,
  ): Suspension {
    const { log } = owner;
    const job = this.#begin(kind, host, owner);
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
          const cause = traceOf(error);
          log.emit('service-bug', { kind, cause });
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
  refuse(kind: JobKind, host: string, fields: LuaRecord, error: string, owner: JobOwner): void {
    this.#end(this.#begin(kind, host, owner), { fields, error }, owner.log);
  }

  /** The results since the last wait: when all services have ended, or (not `all`) as soon as one has. Empty when none is at work. */
  wait(all: boolean): LuaResults | Suspension {
    if (!this.#isReady(all)) {
      const ended = new Promise<readonly Result[]>((resolve) => {
        this.#waiter = { all, resolve };
      });
      return this.#suspended(ended.then((results) => deliver(results)));
    }
    const results = this.#take();
    const delivered = deliver(results);
    return delivered instanceof Promise ? this.#suspended(delivered, results) : delivered;
  }

  /** Gives up what is at work and forgets what has ended. */
  reset(): void {
    for (const job of [...this.#pending]) this.#cancel(job);
    for (const { end } of this.#take()) end.release?.();
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

  #begin(kind: JobKind, host: string, owner: JobOwner): Job {
    let job: Job | undefined;
    job = {
      kind,
      host,
      startedAt: this.#clock.monotonic(),
      stop: new AbortController(),
      operation: owner.operation(() => `${kind} ${job?.host ?? host}`, 'service'),
    };
    this.#pending.add(job);
    return job;
  }

  #cancel(job: Job): void {
    if (!this.#pending.delete(job)) return;
    job.operation.end();
    job.stop.abort();
  }

  #suspended(done: Promise<LuaResults>, taken: readonly Result[] = []): Suspension {
    return {
      kind: 'suspension',
      describe: () => `service.wait (${this.describePending()})`,
      done,
      cancel: () => {
        for (const { job } of taken) job.stop.abort();
        this.reset();
      },
    };
  }

  #end(job: Job, end: JobEnd, log: Log): void {
    if (!this.#pending.delete(job)) {
      end.release?.();
      return;
    }
    job.operation.answered();
    const elapsed = this.#elapsed(job);
    const { kind, host } = job;
    if (end.error !== undefined) log.emit(`service-${kind}-failed`, { cause: end.error, host, elapsed });
    else log.emit(`service-${kind}`, { host, elapsed });
    if (log.wants('service-told'))
      log.emit('service-told', { service: kind, host, outcome: verdictText(end), seconds: elapsed });
    if (log.wants('answer-given'))
      log.emit('answer-given', {
        of: kind,
        key: host,
        // A URL may have a secret of the policy in it.
        answer: answerJson({ error: end.error, fields: end.fields && { ...end.fields, url: undefined } }),
      });
    this.#results.push({ job, elapsed, end, log });
    const waiter = this.#waiter;
    if (waiter === undefined || !this.#isReady(waiter.all)) return;
    this.#waiter = undefined;
    waiter.resolve(this.#take());
  }

  #isReady(all: boolean): boolean {
    return this.#pending.size === 0 || (!all && this.#results.length > 0);
  }

  #take(): readonly Result[] {
    const results = this.#results;
    this.#results = [];
    for (const { job } of results) job.operation.end();
    return results;
  }
}

/** Settles what is to be settled, one after the other, and makes the table of service.wait. */
function deliver(results: readonly Result[]): LuaResults | Promise<LuaResults> {
  return results.some(({ end }) => end.settle !== undefined) ? settle(results) : [tableOf(results)];
}

async function settle(results: readonly Result[]): Promise<LuaResults> {
  const settled: Result[] = [];
  for (const result of results) {
    const { job, elapsed, end, log } = result;
    if (end.settle === undefined) {
      settled.push(result);
      continue;
    }
    const { fields, error } = await end.settle();
    if (error !== undefined && !job.stop.signal.aborted) {
      log.emit(`service-${job.kind}-failed`, { cause: error, host: job.host, elapsed });
    }
    settled.push({ job, elapsed, log, end: { fields, error, release: end.release } });
  }
  return [tableOf(settled)];
}

/** The table of service.wait: one table for each kind. */
function tableOf(results: readonly Result[]): LuaRecord {
  const table: Record<string, LuaValue> = {};
  for (const kind of new Set(results.map(({ job }) => job.kind))) {
    const ofKind = kindTable(
      kind,
      results.filter(({ job }) => job.kind === kind),
    );
    if (ofKind !== undefined) table[kind] = ofKind;
  }
  for (const { end } of results) end.release?.();
  return table;
}

/**
 * All results of a kind in the order in which they ended. For scanners the table is also the last result itself: the last that
 * did not fail, so that a dead server does not hide what another one found.
 */
function kindTable(kind: JobKind, results: readonly Result[]): LuaTable | undefined {
  const entries: LuaRecord[] = [];
  let good: LuaRecord | undefined;
  for (const { job, elapsed, end } of results) {
    if (end.fields === undefined) continue;
    const entry = {
      ...end.fields,
      service_name: kind,
      service_host: job.host,
      elapsed_time: elapsed,
      error: end.error,
    };
    entries.push(entry);
    if (end.error === undefined) good = entry;
  }
  if (entries.length === 0) return undefined;
  return new LuaTable(entries, kind === 'http' ? { service_name: kind } : (good ?? entries.at(-1) ?? {}));
}
