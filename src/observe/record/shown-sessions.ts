// Sessions of this process that a shadow policy is to be shown (option shadow-script): what client and server say, and what the policy was answered, is put
// aside while they go on, and given away at their end. Nothing of it is ever written to a disk.
//
// It keeps no session waiting, and has a bound for everything: what is too much is not shown.
import type { Clock, RandomInteger } from '../../base/clock.ts';
import type { EventBus, EventFields } from '../../base/events.ts';
import { Tape, type TapeStep } from '../trace/steps.ts';
import { type Hearing, subscribe } from '../trace/subscribe.ts';
import { headText, stepText } from './shown-text.ts';

/** What ids of a session and of its transactions have in common. */
const COMMON = 16;
/** Sessions at once. */
export const MOST_SESSIONS = 1000;
/** Octets of one: of its steps, and of the content of its messages. */
const MOST_STEPS = 256 * 1024;
export const MOST_CONTENT = 1024 * 1024;
/** Octets of all of them. */
export const MOST_ASIDE = 32 * 1024 * 1024;

/** One that is over. */
export interface SessionToShow {
  readonly session: string;
  readonly client: string;
  /** All of it (shown-text.ts). */
  readonly text: string;
}

export interface ShownSink {
  over(session: SessionToShow): void;
  /** One that there is no room for. */
  skip(cause: string): void;
  /** One that cannot be played: somebody has logged in, and a password is on no tape, or there was more of it than is kept. */
  unplayable(): void;
}

interface Aside {
  readonly session: string;
  readonly client: string;
  readonly tape: ShownTape;
  readonly began: number;
}

const [TWO, THREE] = [0x32, 0x33];
/** Nobody asks how long something took. */
const still = { monotonic: () => 0 };

/** Is text from the beginning: to put one together of objects at the end took longer than all else. Nothing is kept once somebody has logged in. */
class ShownTape extends Tape {
  hasLoggedIn = false;
  #text = '';

  protected override keep(step: TapeStep): void {
    this.#text += stepText(step);
  }

  /** As take(). */
  takeText(): string {
    const text = this.#text;
    this.#text = '';
    return text;
  }

  override serverSays(reply: string): void {
    const first = reply.charCodeAt(0);
    if (this.inAuth && (first === TWO || first === THREE)) this.hasLoggedIn = true;
    if (!this.hasLoggedIn) super.serverSays(reply);
  }

  override clientSays(fields: { readonly line: string }): void {
    if (!this.hasLoggedIn) super.clientSays(fields);
  }

  /** Its beginning is in the pieces. */
  override content({ end, octets }: EventFields<'content-came'>): void {
    if (!this.hasLoggedIn) super.content({ end, octets, head: '' });
  }

  override piece(fields: { readonly octets: string }): void {
    if (!this.hasLoggedIn) super.piece(fields);
  }
}

export class ShownSessions {
  readonly #clock: Clock;
  readonly #random: RandomInteger;
  readonly #percent: number;
  readonly #sink: ShownSink;
  readonly #sessions = new Map<string, Aside>();
  readonly #hearing: Hearing;
  #octets = 0;

  constructor(
    { bus, clock, random }: { readonly bus: EventBus; readonly clock: Clock; readonly random: RandomInteger },
    percent: number,
    sink: ShownSink,
  ) {
    this.#clock = clock;
    this.#random = random;
    this.#percent = percent;
    this.#sink = sink;
    this.#hearing = subscribe(
      bus,
      {
        begins: (session, { client }) => this.#begins(session, client),
        find: (key) => this.#sessions.get(key)?.tape,
        over: (key) => this.#over(key),
      },
      { steps: 'said', answers: true, content: true },
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
    if (this.#percent < 100 && this.#random(100) >= this.#percent) return undefined;
    if (this.#sessions.size >= MOST_SESSIONS) {
      this.#sink.skip(`${MOST_SESSIONS} sessions go on that it is to be shown`);
      return undefined;
    }
    const key = session.slice(0, COMMON);
    const bounds = { octets: MOST_STEPS, content: MOST_CONTENT };
    const tape = new ShownTape(still, bounds, (more) => this.#grows(key, more));
    this.#sessions.set(key, { session, client, tape, began: this.#clock.now() });
    return tape;
  }

  #grows(key: string, octets: number): void {
    this.#octets += octets;
    if (this.#octets <= MOST_ASIDE) return;
    this.#leave(key);
    this.#sink.skip('sessions that go on take too much memory');
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
    const { began, client, session, tape } = aside;
    const text = tape.takeText();
    if (tape.hasLoggedIn || tape.omitted > 0) this.#sink.unplayable();
    else this.#sink.over({ session, client, text: headText({ session, client, began }) + text });
  }
}
