// The sessions of one process that are followed, for any number of readers. While there is no reader it hears nothing, and a session costs nothing
// more than without it. A reader who does not ask any more is forgotten: whoever asked for him may be gone.
import type { Clock, Timer } from '../../base/clock.ts';
import type { EventBus } from '../../base/events.ts';
import type { TraceEntry } from './entry.ts';
import { Following, type Places, type TraceBounds, traceBounds } from './following.ts';
import { Recorder } from './recorder.ts';
import { type Hearing, subscribe } from './subscribe.ts';
import type { TraceWish } from './wish.ts';

/** What ids of a session and of its transactions have in common. */
const COMMON = 16;
/** A reader who has not asked for so long is gone. */
const FORGOTTEN_MS = 10_000;
/** Readers at once; the interface of the administration lets in fewer. */
const MOST_READERS = 32;

/** One that there is already. */
export interface PresentSession {
  readonly id: string;
  readonly client: string;
}

export interface TraceAsked {
  /** Whose look it is. */
  readonly reader: string;
  readonly wish: TraceWish;
  /** The only session that is still of interest. */
  readonly only?: string;
  /** The number of the last answer that has arrived; 0: none. Another one than the last that was given is given again. */
  readonly have: number;
  /** Octets that are wanted at most; 0: nothing but to be remembered. */
  readonly most: number;
}

export interface TraceGiven {
  readonly number: number;
  readonly entries: readonly TraceEntry[];
  /** Sessions for which there was no place. */
  readonly missed: number;
}

interface Reader {
  readonly following: Following;
  readonly timer: Timer;
  given: TraceGiven;
}

export class Tracer {
  readonly #bus: EventBus;
  readonly #clock: Clock;
  readonly #present: () => Iterable<PresentSession>;
  readonly #bounds: TraceBounds;
  readonly #places: Places = { shown: 0, candidates: 0 };
  readonly #readers = new Map<string, Reader>();
  readonly #recorders = new Map<string, Recorder>();
  #hearing: Hearing | undefined;

  /** `present`: the sessions that are not over, at this moment. */
  constructor(
    bus: EventBus,
    clock: Clock,
    present: () => Iterable<PresentSession>,
    bounds: TraceBounds = traceBounds,
  ) {
    this.#bus = bus;
    this.#clock = clock;
    this.#present = present;
    this.#bounds = bounds;
  }

  /** Sessions that are followed. */
  get sessions(): number {
    return this.#recorders.size;
  }

  /** The next entries for a reader; the first time he is made known. */
  take({ have, most, only, reader, wish }: TraceAsked): TraceGiven {
    const known = this.#readers.get(reader) ?? this.#begin(reader, wish);
    if (known === undefined) return { number: have, entries: [], missed: 0 };
    known.timer.restart();
    if (only !== undefined) known.following.narrow(only);
    if (have !== known.given.number || most === 0) return most === 0 ? NOTHING(have) : known.given;
    const entries = known.following.take(most);
    known.given = { number: have + 1, entries, missed: known.following.missed() };
    this.#tidy();
    return known.given;
  }

  /** A reader has gone. */
  end(reader: string): void {
    const known = this.#readers.get(reader);
    if (known === undefined) return;
    this.#readers.delete(reader);
    known.timer.cancel();
    known.following.end();
    this.#tidy();
  }

  close(): void {
    for (const reader of [...this.#readers.keys()]) this.end(reader);
  }

  #begin(name: string, wish: TraceWish): Reader | undefined {
    if (this.#readers.size >= MOST_READERS) return undefined;
    const following = new Following(wish, this.#bounds, this.#places);
    const timer = this.#clock.after(FORGOTTEN_MS, () => this.end(name));
    timer.unref();
    const reader = { following, timer, given: NOTHING(0) };
    this.#readers.set(name, reader);
    this.#hearing ??= subscribe(this.#bus, {
      begins: (session, { client }) => this.#session(session, client),
      serviceBegins: (session, { client }) => this.#session(session, client),
      find: (key) => this.#recorders.get(key),
      over: (key) => this.#over(key),
    });
    if (!wish.fresh) for (const { client, id } of this.#present()) this.#join(following, id, client);
    return reader;
  }

  /** A session begins. */
  #session(session: string, client: string): Recorder | undefined {
    let wanted = false;
    for (const { following } of this.#readers.values()) wanted = following.takes(session, client) || wanted;
    return wanted ? this.#record(session, client) : undefined;
  }

  /** A session is there already, for this reader: others may follow it. */
  #join(following: Following, session: string, client: string): void {
    if (!following.takes(session, client)) return;
    const recorder = this.#recorders.get(session.slice(0, COMMON));
    if (recorder === undefined) this.#record(session, client).join();
    else following.push({ kind: 'joined', client, session, at: recorder.now });
  }

  #record(session: string, client: string): Recorder {
    const push = (entry: TraceEntry): void => {
      for (const { following } of this.#readers.values()) following.push(entry);
    };
    const recorder = new Recorder({ clock: this.#clock, push }, session, client);
    this.#recorders.set(session.slice(0, COMMON), recorder);
    this.#hearing?.changed();
    return recorder;
  }

  #over(key: string): void {
    const recorder = this.#recorders.get(key);
    if (recorder === undefined) return;
    this.#recorders.delete(key);
    for (const { following } of this.#readers.values()) following.over(recorder.session);
  }

  /** Recorders that nobody needs any more go; without readers nothing is heard. */
  #tidy(): void {
    for (const [key, { session }] of this.#recorders) {
      let wanted = false;
      for (const { following } of this.#readers.values()) wanted = wanted || following.follows(session);
      if (wanted) continue;
      this.#recorders.delete(key);
      this.#hearing?.changed();
    }
    if (this.#readers.size > 0) return;
    this.#hearing?.end();
    this.#hearing = undefined;
  }
}

const NOTHING = (number: number): TraceGiven => ({ number, entries: [], missed: 0 });
