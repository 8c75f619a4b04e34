// Gathers, in a process that serves, what the page of the administration shows: listens to events and hands over a batch each second, when
// there was something. Memory and the size of a batch are bounded, whatever strangers do.
import type { Clock, Timer } from '../../base/clock.ts';
import type { EventBus, EventFields } from '../../base/events.ts';
import { LatencyCounts } from './latency.ts';
import { type Counts, type LiveBatch, MOST_NAMES, OTHER } from './live-batch.ts';
import { NewestMails } from './newest-mails.ts';

const SECOND_MS = 1000;
/** A timer that fired so early belongs to the next second. */
const EARLY_MS = 100;

/** Who has said no, as a name of few: a hook, an error (doc/reference/errors.md), an option, else the next hop. */
export function causeName(cause: string): string {
  const hook = /^hook\.\w{1,20}/.exec(cause)?.[0];
  if (hook !== undefined) return hook;
  const wrapper = /^(proxy|tls): /.exec(cause)?.[1];
  if (wrapper !== undefined) return wrapper;
  if (/^[A-Za-z]{1,40}$/.test(cause)) return cause;
  return cause.startsWith('smtp-default-at-dot') ? 'smtp-default-at-dot' : 'next hop';
}

/** Adds to what has that name, or to the rest when there are too many. */
function countName(tally: Map<string, number>, name: string): void {
  const key = tally.has(name) || tally.size < MOST_NAMES ? name : OTHER;
  tally.set(key, (tally.get(key) ?? 0) + 1);
}

function observeName(latencies: Map<string, LatencyCounts>, name: string, seconds: number): void {
  const key = latencies.has(name) || latencies.size < MOST_NAMES ? name : OTHER;
  let counts = latencies.get(key);
  if (counts === undefined) latencies.set(key, (counts = new LatencyCounts()));
  counts.observe(seconds);
}

type Sums = { -readonly [K in keyof Counts]: Counts[K] };

const noSums = (): Sums => ({
  ...{ connections: 0, turned_away: 0 },
  ...{ accepted: 0, refused: 0, deferred: 0, lost: 0, bytes: 0 },
});

/** One second that is under way. */
class Second {
  readonly sums = noSums();
  readonly refusedBy = new Map<string, number>();
  readonly deferredBy = new Map<string, number>();
  readonly hooks = new Map<string, LatencyCounts>();
  readonly nextHops = new Map<string, LatencyCounts>();
  readonly mails = new NewestMails();

  refusal(reply: string, cause: string): void {
    countName(reply.startsWith('5') ? this.refusedBy : this.deferredBy, causeName(cause));
  }

  mail(time: number, session: string, mail: EventFields<'mail'>): void {
    const { bytes, result } = mail;
    this.sums.bytes += bytes;
    if (result === 'refused' || result === 'deferred' || result === 'lost') this.sums[result]++;
    else this.sums.accepted++;
    this.mails.add(time, session, mail);
  }

  get empty(): boolean {
    const tallies = [this.refusedBy, this.deferredBy, this.hooks, this.nextHops];
    return (
      Object.values(this.sums).every((sum) => sum === 0) &&
      tallies.every(({ size }) => size === 0) &&
      this.mails.count === 0
    );
  }
}

const sparse = (latencies: ReadonlyMap<string, LatencyCounts>) =>
  Object.fromEntries([...latencies].map(([name, counts]) => [name, counts.sparse]));

export class LiveGatherer {
  readonly #clock: Clock;
  readonly #send: (batch: LiveBatch) => void;
  readonly #ends: readonly (() => void)[];
  #second = new Second();
  #sessions = 0;
  #sessionsTold = 0;
  #timer: Timer | undefined;

  /** `send`: must not wait. */
  constructor(bus: EventBus, clock: Clock, send: (batch: LiveBatch) => void) {
    this.#clock = clock;
    this.#send = send;
    this.#ends = this.#listen(bus);
    this.#later();
  }

  /** Hands over what there is, and gathers no more. */
  stop(): void {
    for (const end of this.#ends) end();
    this.#timer?.cancel();
    this.#flush(Math.floor(this.#clock.now() / SECOND_MS));
  }

  #listen(bus: EventBus): readonly (() => void)[] {
    return [
      bus.on('link-connect', () => {
        this.#second.sums.connections++;
        this.#sessions++;
      }),
      bus.on('link-greeted', ({ by }) => {
        // It was counted as a connection when it came.
        if (by !== 'banner') this.#second.sums.turned_away++;
      }),
      bus.on('link-closed', () => {
        this.#sessions--;
      }),
      bus.on('link-refused', ({ cause, reply }) => {
        this.#turnedAway();
        this.#second.refusal(reply, cause);
      }),
      bus.on('link-lost', () => this.#turnedAway()),
      bus.on('protocol-refusal', ({ cause, reply }) => this.#second.refusal(reply, cause)),
      bus.on('hook-called', ({ hook, seconds }) => observeName(this.#second.hooks, hook, seconds)),
      bus.on('next-hop-tried', ({ host, seconds }) => observeName(this.#second.nextHops, host, seconds)),
      bus.on('mail', (fields, { about: { id } }) =>
        this.#second.mail(this.#clock.now(), typeof id === 'string' ? id : '', fields),
      ),
    ];
  }

  #turnedAway(): void {
    this.#second.sums.connections++;
    this.#second.sums.turned_away++;
  }

  #later(): void {
    const left = SECOND_MS - (this.#clock.now() % SECOND_MS);
    this.#timer = this.#clock.after(left < EARLY_MS ? left + SECOND_MS : left, () => {
      // The second that has just ended.
      this.#flush(Math.round(this.#clock.now() / SECOND_MS) - 1);
      this.#later();
    });
    this.#timer.unref();
  }

  #flush(at: number): void {
    const second = this.#second;
    if (second.empty && this.#sessions === this.#sessionsTold) return;
    this.#second = new Second();
    this.#sessionsTold = this.#sessions;
    this.#send({
      second: {
        at,
        ...second.sums,
        sessions: this.#sessions,
        refused_by: Object.fromEntries(second.refusedBy),
        deferred_by: Object.fromEntries(second.deferredBy),
        hooks: sparse(second.hooks),
        next_hops: sparse(second.nextHops),
      },
      mails: second.mails.list,
      left_out: second.mails.leftOut,
    });
  }
}
