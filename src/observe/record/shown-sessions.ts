// Sessions of this process that a shadow policy is to be shown (option shadow-script): what client and server say, and what the policy was answered, is put
// aside while they go on, and given away at their end. Nothing of it is ever written to a disk.
//
// It keeps no session waiting, and has a bound for everything: what is too much is not shown, and fewer are while the process is busy (shown-share.ts). What
// is not shown is given up at once, and counted.
import type { Clock, RandomInteger, ReadLoopTime } from '../../base/clock.ts';
import type { EventBus, EventFields } from '../../base/events.ts';
import { Tape, type TapeStep } from '../trace/steps.ts';
import { type Hearing, subscribe } from '../trace/subscribe.ts';
import { ShownShare } from './shown-share.ts';
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

/** A session is begun to be shown whole. One that goes on is asked about again after so many octets: it may have begun in quiet times. */
export const ASKED_AGAIN = 32 * 1024;
export const BUSY = 'the process in service is busy';

export interface ShownParts {
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly random: RandomInteger;
  readonly loop: ReadLoopTime;
}

/** Of a hundred sessions. */
export interface ShownPercent {
  /** Shown at the most (option shadow-percent). */
  readonly all: number;
  /** While the process has no room (shadow-percent-busy). */
  readonly busy: number;
}

/** One that is over. */
export interface SessionToShow {
  readonly session: string;
  readonly client: string;
  /** All of it (shown-text.ts). */
  readonly text: string;
}

export interface ShownSink {
  over(session: SessionToShow): void;
  /** One that there is no room for; it may go on. */
  skip(cause: string): void;
  /** One that cannot be played: somebody has logged in, and a password is on no tape, or there is more of it than is kept. It may go on. */
  unplayable(): void;
}

interface Aside {
  readonly session: string;
  readonly client: string;
  readonly tape: ShownTape;
  readonly began: number;
  /** Of a hundred; the lowest are shown longest. */
  readonly lot: number;
  /** Octets at which it is asked about again. */
  askedAt: number;
}

const [TWO, THREE] = [0x32, 0x33];
/** Nobody asks how long something took. */
const still = { monotonic: () => 0 };

interface ShownTapeParts {
  /** Told of what it takes more, in octets. */
  readonly grows: (octets: number) => void;
  /** It cannot be played any more. */
  readonly spoiled: () => void;
}

/** Is text from the beginning: to put one together of objects at the end took longer than all else. Nothing is kept once somebody has logged in, or once something is left out. */
class ShownTape extends Tape {
  readonly #spoiled: () => void;
  #isSpoiled = false;
  #text = '';

  constructor({ grows, spoiled }: ShownTapeParts) {
    super(still, { octets: MOST_STEPS, content: MOST_CONTENT }, grows);
    this.#spoiled = spoiled;
  }

  #spoil(): void {
    if (this.#isSpoiled) return;
    this.#isSpoiled = true;
    this.#text = '';
    this.#spoiled();
  }

  protected override omit(octets: number): void {
    super.omit(octets);
    this.#spoil();
  }

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
    if (this.inAuth && (first === TWO || first === THREE)) this.#spoil();
    else super.serverSays(reply);
  }

  /** Its beginning is in the pieces. */
  override content({ end, octets }: EventFields<'content-came'>): void {
    super.content({ end, octets, head: '' });
  }
}

export class ShownSessions {
  readonly #clock: Clock;
  readonly #random: RandomInteger;
  readonly #percent: number;
  readonly #share: ShownShare;
  readonly #sink: ShownSink;
  readonly #sessions = new Map<string, Aside>();
  readonly #hearing: Hearing;
  #octets = 0;

  constructor({ bus, clock, loop, random }: ShownParts, { all, busy }: ShownPercent, sink: ShownSink) {
    this.#clock = clock;
    this.#random = random;
    this.#percent = all;
    this.#share = new ShownShare(clock, loop, busy);
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
    const lot = this.#random(100);
    if (lot >= this.#percent) return undefined;
    if (lot >= this.#share.percent) {
      this.#sink.skip(BUSY);
      return undefined;
    }
    if (this.#sessions.size >= MOST_SESSIONS) {
      this.#sink.skip(`${MOST_SESSIONS} sessions go on that it is to be shown`);
      return undefined;
    }
    const key = session.slice(0, COMMON);
    const tape = new ShownTape({
      grows: (more) => this.#grows(key, more),
      spoiled: () => {
        if (this.#leave(key) !== undefined) this.#sink.unplayable();
      },
    });
    const began = this.#clock.now();
    this.#sessions.set(key, { session, client, tape, began, lot, askedAt: ASKED_AGAIN });
    return tape;
  }

  #grows(key: string, octets: number): void {
    this.#octets += octets;
    const aside = this.#sessions.get(key);
    if (this.#octets > MOST_ASIDE) {
      this.#leave(key);
      this.#sink.skip('sessions that go on take too much memory');
    } else if (aside !== undefined && aside.tape.weight >= aside.askedAt) {
      aside.askedAt = aside.tape.weight + ASKED_AGAIN;
      if (aside.lot < this.#share.percent) return;
      this.#leave(key);
      this.#sink.skip(BUSY);
    }
  }

  #leave(key: string): Aside | undefined {
    const aside = this.#sessions.get(key);
    if (aside === undefined) return undefined;
    this.#sessions.delete(key);
    this.#octets -= aside.tape.weight;
    aside.tape.leave();
    // Nothing more of it is made to be heard here.
    this.#hearing.changed();
    return aside;
  }

  #over(key: string): void {
    const aside = this.#leave(key);
    if (aside === undefined) return;
    const { began, client, session, tape } = aside;
    this.#sink.over({ session, client, text: headText({ session, client, began }) + tape.takeText() });
  }
}
