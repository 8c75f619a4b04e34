// What all processes have counted in each of the last ten minutes' seconds, added up. A batch that comes late is added to its second.
import type { Clock } from '../../base/clock.ts';
import { LatencyCounts, type Quantiles, type SparseLatency } from '../../observe/live/latency.ts';
import {
  type Counts,
  MOST_NAMES,
  OTHER,
  type SecondBatch,
  type Tally,
} from '../../observe/live/live-batch.ts';

/** Seconds that are kept. */
export const MOST_SECONDS = 600;
/** A clock that goes back by no more is not taken for one that was set. */
const SLEWED = 2;

export interface RateSecond extends Counts {
  /** Seconds since the Epoch at which it began. */
  readonly at: number;
  readonly sessions: number;
  readonly refused_by: Tally;
  readonly deferred_by: Tally;
  readonly hooks: Readonly<Record<string, Quantiles>>;
  readonly next_hops: Readonly<Record<string, Quantiles>>;
}

export interface Rates {
  /** The oldest first; seconds in which nothing happened are there too. */
  readonly seconds: readonly RateSecond[];
  /** Over all of them. */
  readonly hooks: Readonly<Record<string, Quantiles>>;
  readonly next_hops: Readonly<Record<string, Quantiles>>;
}

const COUNTS = [
  ...(['connections', 'turned_away', 'accepted', 'refused', 'deferred', 'lost', 'bytes'] as const),
] satisfies readonly (keyof Counts)[];

type Latencies = Map<string, LatencyCounts>;

/** One second of all processes. */
class Row {
  readonly at: number;
  /** At its end, and before what made this row. */
  sessions: number;
  readonly before: number;
  readonly #counts = {
    connections: 0,
    turned_away: 0,
    accepted: 0,
    refused: 0,
    deferred: 0,
    lost: 0,
    bytes: 0,
  };
  readonly #refusedBy = new Map<string, number>();
  readonly #deferredBy = new Map<string, number>();
  readonly hooks: Latencies = new Map();
  readonly nextHops: Latencies = new Map();

  constructor(at: number, sessions: number) {
    this.at = at;
    this.sessions = sessions;
    this.before = sessions;
  }

  add(batch: SecondBatch): void {
    for (const name of COUNTS) this.#counts[name] += batch[name];
    addTally(this.#refusedBy, batch.refused_by);
    addTally(this.#deferredBy, batch.deferred_by);
    addLatencies(this.hooks, batch.hooks);
    addLatencies(this.nextHops, batch.next_hops);
  }

  get shown(): RateSecond {
    return {
      at: this.at,
      ...this.#counts,
      sessions: this.sessions,
      refused_by: Object.fromEntries(this.#refusedBy),
      deferred_by: Object.fromEntries(this.#deferredBy),
      hooks: quantilesOf(this.hooks),
      next_hops: quantilesOf(this.nextHops),
    };
  }
}

const placeFor = (known: ReadonlyMap<string, unknown>, name: string): string =>
  known.has(name) || known.size < MOST_NAMES ? name : OTHER;

function addTally(tally: Map<string, number>, more: Tally): void {
  for (const [name, count] of Object.entries(more)) {
    const key = placeFor(tally, name);
    tally.set(key, (tally.get(key) ?? 0) + count);
  }
}

function latencyOf(latencies: Latencies, name: string): LatencyCounts {
  const key = placeFor(latencies, name);
  let counts = latencies.get(key);
  if (counts === undefined) latencies.set(key, (counts = new LatencyCounts()));
  return counts;
}

function addLatencies(latencies: Latencies, more: Readonly<Record<string, SparseLatency>>): void {
  for (const [name, sparse] of Object.entries(more)) latencyOf(latencies, name).addSparse(sparse);
}

const quantilesOf = (latencies: Latencies): Readonly<Record<string, Quantiles>> =>
  Object.fromEntries([...latencies].map(([name, counts]) => [name, counts.quantiles]));

export class RateRing {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #rows: (Row | undefined)[] = new Array<Row | undefined>(MOST_SECONDS).fill(undefined);
  /** Of each process, as it said last. */
  readonly #sessions = new Map<object, number>();
  #total = 0;
  /** The second in which something came last. */
  #latest = 0;
  readonly #changed = new Set<Row>();

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  take(process: object, batch: SecondBatch): void {
    const now = this.#heard();
    const at = Math.min(batch.at, now);
    // Later than that it is kept nowhere, but the sessions are those of now.
    const row = at > now - MOST_SECONDS ? this.#row(at) : undefined;
    this.#setSessions(process, batch.sessions);
    if (row === undefined) return;
    row.add(batch);
    row.sessions = this.#total;
    this.#changed.add(row);
  }

  /** Its sessions have gone with it. */
  gone(process: object): void {
    const row = this.#row(this.#heard());
    this.#setSessions(process, undefined);
    row.sessions = this.#total;
    this.#changed.add(row);
  }

  /** A clock that was set back is believed from now on: seconds that come again begin anew. Gives the second that it is. */
  #heard(): number {
    const now = this.#now;
    if (now < this.#latest - SLEWED) {
      for (const [place, row] of this.#rows.entries()) {
        if (row === undefined || row.at < now) continue;
        this.#rows[place] = undefined;
        this.#changed.delete(row);
      }
    }
    this.#latest = now;
    return now;
  }

  /** The last `count` seconds that are over. */
  rates(count: number): Rates {
    const hooks: Latencies = new Map();
    const nextHops: Latencies = new Map();
    const seconds: RateSecond[] = [];
    let sessions = this.#sessionsBefore(this.#now - count);
    for (let at = this.#now - count; at < this.#now; at++) {
      const row = this.#find(at);
      if (row !== undefined) {
        sessions = row.sessions;
        for (const [name, counts] of row.hooks) latencyOf(hooks, name).add(counts);
        for (const [name, counts] of row.nextHops) latencyOf(nextHops, name).add(counts);
      }
      seconds.push(row?.shown ?? new Row(at, sessions).shown);
    }
    return { seconds, hooks: quantilesOf(hooks), next_hops: quantilesOf(nextHops) };
  }

  /** The last second that is over, and those before it that have changed since this was asked last. */
  news(): readonly RateSecond[] {
    const last = this.#now - 1;
    const changed = [...this.#changed].filter(({ at }) => at <= last);
    for (const row of changed) this.#changed.delete(row);
    if (!changed.some(({ at }) => at === last)) {
      changed.push(this.#find(last) ?? new Row(last, this.#total));
    }
    return changed.toSorted((a, b) => a.at - b.at).map((row) => row.shown);
  }

  /** Nobody has asked for a while: what has changed meanwhile is no news. */
  forget(): void {
    this.#changed.clear();
  }

  get #now(): number {
    return Math.floor(this.#clock.now() / 1000);
  }

  #setSessions(process: object, sessions: number | undefined): void {
    this.#total += (sessions ?? 0) - (this.#sessions.get(process) ?? 0);
    if (sessions === undefined) this.#sessions.delete(process);
    else this.#sessions.set(process, sessions);
  }

  /** How many there were when a second began: as the last row before it says, or what the first one behind it began with. */
  #sessionsBefore(at: number): number {
    const now = this.#now;
    for (let before = at - 1; before > now - MOST_SECONDS; before--) {
      const row = this.#find(before);
      if (row !== undefined) return row.sessions;
    }
    for (let behind = at; behind <= now; behind++) {
      const row = this.#find(behind);
      if (row !== undefined) return row.before;
    }
    return this.#total;
  }

  #find(at: number): Row | undefined {
    const row = this.#rows[at % MOST_SECONDS];
    return row?.at === at ? row : undefined;
  }

  #row(at: number): Row {
    const found = this.#find(at);
    if (found !== undefined) return found;
    const row = new Row(at, this.#total);
    const before = this.#rows[at % MOST_SECONDS];
    if (before !== undefined) this.#changed.delete(before);
    this.#rows[at % MOST_SECONDS] = row;
    return row;
  }
}
