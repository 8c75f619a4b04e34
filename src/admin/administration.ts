// What can be asked of a service and done to it, whoever asks: HTTP today. It speaks for all processes that serve; what only one of them knows it
// asks them for. Nothing here waits longer than a second, but a reload.
import type { Clock, Timer } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { exposition, written } from '../observe/metric/exposition.ts';
import type { PolicySums } from '../observe/metric/policy-sums.ts';
import type { MetricTotals } from '../observe/metric/totals.ts';
import type { TraceWish } from '../observe/trace/wish.ts';
import type { Desk, DeskAnswer, SessionRow } from '../ops/desk.ts';
import type { ReloadOutcome } from '../ops/reload-outcome.ts';
import type { Fleet } from './fleet.ts';
import { Feed } from './live/feed.ts';
import type { Live } from './live/live.ts';
import { PageFiles } from './page-files.ts';
import type { Stream } from './stream.ts';
import { TraceFeed, type TraceStyle } from './trace-feed.ts';

export interface Facts {
  readonly version: string;
  readonly pid: number;
  /** Monotonic milliseconds. */
  readonly startedAt: number;
  /** Text of each option with where it came from; secrets are hidden. */
  readonly options: () => readonly {
    readonly name: string;
    readonly text: string;
    readonly origin: string;
  }[];
  /** The policy that is served: path and text; undefined before it is. */
  readonly policy: () => { readonly path: string; readonly digest: string } | undefined;
}

export interface AdministrationParts {
  readonly clock: Clock;
  readonly log: Log;
  /** All that have sessions: those that serve, and those that drain. */
  readonly fleet: Fleet;
  /** How many take connections. */
  readonly serving: () => number;
  /** The service is told to end. */
  readonly ending: () => boolean;
  readonly totals: MetricTotals;
  /** Counts what the main process knows itself, before the sums are read. */
  readonly collect: () => Promise<void>;
  readonly facts: Facts;
  readonly reload: () => Promise<ReloadOutcome>;
  /** Option admin-drain-wait, in seconds. */
  readonly drainWait: () => number;
  /** Metrics of policies, added up. */
  readonly policyMetrics: PolicySums;
  /** The last minutes. */
  readonly live: Live;
}

/** What a health check is told: `problem` undefined is well. */
export interface Health {
  readonly problems: readonly string[];
}

export interface SessionList {
  readonly total: number;
  /** How many are in which state. */
  readonly states: Readonly<Record<string, number>>;
  readonly sessions: readonly SessionRow[];
  /** Processes that did not answer. */
  readonly silent: readonly number[];
}

/** Rows that are given at most. */
export const MOST_SESSIONS = 10_000;
/** What workers have counted is fetched so often, so that little is lost with one that is killed. */
const FETCH_MS = 5000;
/** Groups of log lines may be switched on for so long. */
export const LONGEST_VERBOSE = 86_400;

export class Administration {
  readonly #parts: AdministrationParts;
  #draining = false;
  /** Until connections are turned away. */
  #drainTimer: Timer | undefined;
  #turnsAway = false;
  #verbose: { readonly words: string; readonly timer: Timer } | undefined;
  #fetch: Timer | undefined;
  readonly #feed: Feed;
  /** Readers of the trace that there have been. */
  #readers = 0;
  readonly page = new PageFiles();

  constructor(parts: AdministrationParts) {
    this.#parts = parts;
    const { clock, facts, live } = parts;
    this.#feed = new Feed({
      ...{ clock, rates: live.rates, mails: live.mails },
      sessions: (most) => this.sessions({}, most),
      hello: () => ({
        version: facts.version,
        pid: facts.pid,
        started: Math.round(clock.now() - clock.monotonic() + facts.startedAt),
      }),
    });
    this.#fetchLater();
  }

  /** For a process that serves from now on: what the others have been told before. */
  async welcome(desk: Desk): Promise<void> {
    this.#parts.totals.came(desk);
    if (this.#turnsAway) await desk.ask({ kind: 'drain', on: true });
    if (this.#verbose !== undefined) await desk.ask({ kind: 'verbose', words: this.#verbose.words });
  }

  /** Its last word. */
  counted(desk: Desk, answer: DeskAnswer): void {
    const { policyMetrics, totals } = this.#parts;
    if (answer.kind !== 'metrics') return;
    totals.take(desk, answer.values);
    policyMetrics.take(desk, answer.policy);
  }

  gone(desk: Desk): void {
    this.#parts.live.gone(desk);
    this.#parts.totals.gone(desk);
    this.#parts.policyMetrics.gone(desk);
  }

  close(): void {
    for (const timer of [this.#fetch, this.#drainTimer, this.#verbose?.timer]) timer?.cancel();
  }

  get draining(): boolean {
    return this.#draining;
  }

  async health(): Promise<Health> {
    const { fleet } = this.#parts;
    const answer = await fleet.any({ kind: 'beat' });
    if (answer === true) return { problems: [] };
    return { problems: answer.length === 0 ? ['no process serves'] : answer };
  }

  async readiness(): Promise<Health> {
    const { ending, fleet, serving } = this.#parts;
    const { answers, silent } = await fleet.ask({ kind: 'ready' }, 'ready');
    const problems = new Set<string>();
    if (ending()) problems.add('the service ends');
    else if (serving() === 0) problems.add('no process serves');
    if (this.#draining) problems.add('draining: POST /undrain ends it');
    if (answers.length === 0) {
      for (const one of silent) problems.add(silentText(one));
    }
    for (const { answer } of answers) for (const problem of answer.problems) problems.add(problem);
    const [first] = answers;
    if (first !== undefined) {
      const { connections, limit } = first.answer;
      if (limit > 0 && connections >= limit)
        problems.add(`${connections} connections: limit-connections=${limit}`);
    }
    return { problems: [...problems] };
  }

  async metrics(): Promise<string> {
    await this.#gather();
    const { policyMetrics, totals } = this.#parts;
    return exposition([...written(totals.layout, totals.values), ...policyMetrics.written()]);
  }

  /** `client`: an address or a network; `state`: one of those that the metrics have. */
  async sessions(
    filter: { readonly client?: string; readonly state?: string },
    most = MOST_SESSIONS,
  ): Promise<SessionList> {
    const asked = { kind: 'sessions', most, ...filter } as const;
    const { answers, silent } = await this.#parts.fleet.ask(asked, 'sessions');
    const rows = answers.flatMap(({ answer }) => answer.rows);
    return {
      total: answers.reduce((sum, { answer }) => sum + answer.total, 0),
      states: addedUp(answers.map(({ answer }) => answer.states)),
      sessions: rows.toSorted((a, b) => b.seconds - a.seconds).slice(0, most),
      silent: silent.map(({ pid }) => pid),
    };
  }

  get live(): Live {
    return this.#parts.live;
  }

  /** What GET /events gives. `mayChange`: whoever listens. */
  events(mayChange: boolean): Stream {
    return this.#feed.stream(mayChange);
  }

  /** False: there is no such session. */
  async closeSession(id: string): Promise<boolean> {
    const { answers } = await this.#parts.fleet.ask({ kind: 'close', id }, 'closed');
    return answers.some(({ answer }) => answer.found);
  }

  reload(): Promise<ReloadOutcome> {
    return this.#parts.reload();
  }

  /** Readiness ends at once, connections are turned away after admin-drain-wait seconds, which it gives. */
  drain(): number {
    const { clock, drainWait, fleet, log } = this.#parts;
    const seconds = drainWait();
    if (this.#draining) return seconds;
    this.#draining = true;
    log.emit('drain-begins', { wait: seconds });
    this.#drainTimer = clock.after(seconds * 1000, () => {
      this.#turnsAway = true;
      void fleet.ask({ kind: 'drain', on: true }, 'done');
    });
    return seconds;
  }

  async undrain(): Promise<void> {
    const { fleet, log } = this.#parts;
    this.#drainTimer?.cancel();
    if (!this.#draining) return;
    this.#draining = false;
    this.#turnsAway = false;
    log.emit('drain-ends', {});
    await fleet.ask({ kind: 'drain', on: false }, 'done');
  }

  /** The words of option verbose as given, in all processes, for so many seconds; another call takes the place of the one before. */
  async verbose(words: string, seconds: number): Promise<void> {
    const { clock, fleet, log } = this.#parts;
    this.#verbose?.timer.cancel();
    const timer = clock.after(seconds * 1000, () => {
      this.#verbose = undefined;
      log.emit('verbose-ends', {});
      void fleet.ask({ kind: 'verbose' }, 'done');
    });
    timer.unref();
    this.#verbose = { words, timer };
    log.emit('verbose-begins', { words, seconds });
    await fleet.ask({ kind: 'verbose', words }, 'done');
  }

  /** The live dialogue of sessions, for one reader. */
  trace(wish: TraceWish, style: TraceStyle): Stream {
    const { clock, fleet } = this.#parts;
    this.#readers++;
    return new TraceFeed({ clock, fleet, name: String(this.#readers) }, wish, style).stream;
  }

  info(): object {
    const { clock, facts, serving } = this.#parts;
    return {
      version: facts.version,
      node: process.version,
      pid: facts.pid,
      uptime: Math.round((clock.monotonic() - facts.startedAt) / 1000),
      processes: serving(),
      draining: this.#draining,
      policy: facts.policy(),
      options: facts.options(),
    };
  }

  async #gather(): Promise<void> {
    const { collect, fleet, policyMetrics, totals } = this.#parts;
    const [{ answers }] = await Promise.all([fleet.ask({ kind: 'metrics' }, 'metrics'), collect()]);
    for (const { answer, desk } of answers) {
      totals.take(desk, answer.values);
      policyMetrics.take(desk, answer.policy);
    }
  }

  #fetchLater(): void {
    this.#fetch = this.#parts.clock.after(FETCH_MS, () => void this.#gather().then(() => this.#fetchLater()));
    this.#fetch.unref();
  }
}

function addedUp(counts: readonly Readonly<Record<string, number>>[]): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const one of counts) {
    for (const [name, count] of Object.entries(one)) sums[name] = (sums[name] ?? 0) + count;
  }
  return sums;
}

const silentText = ({ pid, cause }: { readonly pid: number; readonly cause: string }): string =>
  `process ${pid}: ${cause}`;
