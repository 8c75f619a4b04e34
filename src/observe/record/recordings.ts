// Records sessions of this process (option record-dir): those that are wanted are put aside while they go on, and go to a file at their end. It keeps no
// session waiting: what is too much is left out or lost, and told. Nothing is written out for a session that turns out not to be wanted.
import type { Clock, RandomInteger } from '../../base/clock.ts';
import type { EventBus } from '../../base/events.ts';
import type { RecordWish } from '../../options/record-wish.ts';
import { Tape, type TapeStep } from '../trace/steps.ts';
import { type Hearing, subscribe } from '../trace/subscribe.ts';
import { type TraceWish, WishFilter, WishMatch } from '../trace/wish.ts';
import { endLine, entryLine, FORMAT, headLine } from './format.ts';
import { entriesOf } from './taped.ts';

/** What ids of a session and of its transactions have in common. */
const COMMON = 16;
/** Sessions that are put aside at once; others are not recorded. */
export const MOST_SESSIONS = 1000;
/** Octets of one, besides the content of its messages; what is more is left out. */
export const MOST_OCTETS = 1024 * 1024;
/** Octets of all of them, besides the content of one; a session that would be more is not recorded. */
export const MOST_ASIDE = 64 * 1024 * 1024;

export interface RecordSettings {
  readonly wish: RecordWish;
  /** Octets of the content of messages that are kept of a session. */
  readonly content: number;
  readonly version: string;
  readonly script: () => string;
}

/** A session that is over. */
export interface RecordedSession {
  readonly session: string;
  /** Milliseconds since the Epoch. */
  readonly began: number;
  /** What its file is made of; made when it is asked for. */
  readonly lines: Iterable<string>;
  /** Octets that it takes until then, roughly. */
  readonly octets: number;
}

/** Takes a file; it may lose it, and tells that itself. */
export interface RecordingSink {
  write(recorded: RecordedSession): void;
  lost(cause: string): void;
}

interface Aside {
  readonly session: string;
  readonly client: string;
  readonly tape: WatchedTape;
  readonly began: number;
}

const [FOUR, FIVE] = [0x34, 0x35];

/** Looks at what decides whether a session is wanted. */
class WatchedTape extends Tape {
  refused = false;
  match: WishMatch | undefined;

  override clientSays(fields: { readonly line: string }): void {
    this.match?.line(fields.line);
    super.clientSays(fields);
  }

  override serverSays(reply: string): void {
    const first = reply.charCodeAt(0);
    if (first === FOUR || first === FIVE) this.refused = true;
    super.serverSays(reply);
  }
}

export class Recordings {
  readonly #clock: Clock;
  readonly #random: RandomInteger;
  readonly #settings: RecordSettings;
  readonly #sink: RecordingSink;
  readonly #wish: TraceWish | undefined;
  readonly #filter: WishFilter | undefined;
  readonly #sessions = new Map<string, Aside>();
  readonly #hearing: Hearing;
  #octets = 0;

  constructor(
    { bus, clock, random }: { readonly bus: EventBus; readonly clock: Clock; readonly random: RandomInteger },
    settings: RecordSettings,
    sink: RecordingSink,
  ) {
    this.#clock = clock;
    this.#random = random;
    this.#settings = settings;
    this.#sink = sink;
    const { wish } = settings;
    this.#wish = wish.kind === 'pattern' ? { fresh: true, [wish.of]: wish.pattern } : undefined;
    this.#filter = this.#wish && new WishFilter(this.#wish);
    this.#hearing = subscribe(
      bus,
      {
        begins: (session, { client }) => this.#begins(session, client),
        find: (key) => this.#sessions.get(key)?.tape,
        over: (key) => this.#over(key),
      },
      { steps: 'all', answers: true, content: settings.content > 0 },
    );
  }

  /** Sessions that are put aside. */
  get size(): number {
    return this.#sessions.size;
  }

  close(): void {
    this.#hearing.end();
    this.#sessions.clear();
    this.#octets = 0;
  }

  #begins(session: string, client: string): Tape | undefined {
    const { content, wish } = this.#settings;
    if (wish.kind === 'percent' && this.#random(100_000) >= wish.percent * 1000) return undefined;
    if (this.#filter?.takes(session, client) === false) return undefined;
    if (this.#sessions.size >= MOST_SESSIONS) {
      this.#sink.lost(`${MOST_SESSIONS} sessions are being recorded`);
      return undefined;
    }
    const key = session.slice(0, COMMON);
    const tape = new WatchedTape(this.#clock, { octets: MOST_OCTETS, content }, (more) =>
      this.#grows(key, more),
    );
    tape.match = this.#wish && new WishMatch(this.#wish);
    this.#sessions.set(key, { session, client, tape, began: this.#clock.now() });
    return tape;
  }

  #grows(key: string, octets: number): void {
    this.#octets += octets;
    if (this.#octets <= MOST_ASIDE + this.#settings.content) return;
    this.#leave(key);
    this.#sink.lost('sessions that are being recorded take too much memory');
  }

  #leave(key: string): Aside | undefined {
    const aside = this.#sessions.get(key);
    if (aside === undefined) return undefined;
    this.#sessions.delete(key);
    this.#octets -= aside.tape.weight;
    aside.tape.leave();
    return aside;
  }

  #over(key: string): void {
    const aside = this.#leave(key);
    if (aside === undefined) return;
    const { began, session, tape } = aside;
    const steps = tape.take();
    const isWanted = this.#settings.wish.kind === 'refused' ? tape.refused : (tape.match?.found ?? true);
    if (isWanted) this.#sink.write({ session, began, lines: this.#lines(aside, steps), octets: tape.weight });
  }

  *#lines({ began, client, session, tape }: Aside, steps: readonly TapeStep[]): Iterable<string> {
    const { script, version } = this.#settings;
    yield headLine({ format: FORMAT, version, session, client, began, script: script() });
    for (const entry of entriesOf(session, client, steps)) yield entryLine(entry);
    yield endLine(tape.omitted);
  }
}
