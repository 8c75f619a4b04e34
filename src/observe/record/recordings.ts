// Records sessions of this process (option record-dir): those that are wanted are gathered while they go on, and go to a file at their end. It keeps no
// session waiting: what is too much is left out or lost, and told.
import type { Clock, RandomInteger } from '../../base/clock.ts';
import type { EventBus } from '../../base/events.ts';
import type { RecordWish } from '../../options/record-wish.ts';
import type { TraceEntry } from '../trace/entry.ts';
import { Recorder } from '../trace/recorder.ts';
import { subscribe } from '../trace/subscribe.ts';
import { type TraceWish, WishFilter, WishMatch } from '../trace/wish.ts';
import { endLine, entryLine, FORMAT, headLine } from './format.ts';

/** What ids of a session and of its transactions have in common. */
const COMMON = 16;
/** Sessions that are gathered at once; others are not recorded. */
export const MOST_SESSIONS = 1000;
/** Octets of one, besides the content of its messages; what is more is left out. */
export const MOST_OCTETS = 1024 * 1024;

export interface RecordSettings {
  readonly wish: RecordWish;
  /** Octets of the content of messages that are kept of a session. */
  readonly content: number;
  readonly version: string;
  readonly script: () => string;
}

/** Takes a file; it may lose it, and tells that itself. */
export interface RecordingSink {
  write(session: string, began: number, text: string): void;
  lost(cause: string): void;
}

interface Gathered {
  readonly recorder: Recorder;
  readonly lines: string[];
  readonly match: WishMatch | undefined;
  readonly began: number;
  weight: number;
  content: number;
  omitted: number;
  refused: boolean;
}

const isRefusal = (reply: string): boolean => /^[45]\d\d/.test(reply);

export class Recordings {
  readonly #clock: Clock;
  readonly #random: RandomInteger;
  readonly #settings: RecordSettings;
  readonly #sink: RecordingSink;
  readonly #wish: TraceWish | undefined;
  readonly #filter: WishFilter | undefined;
  readonly #sessions = new Map<string, Gathered>();
  readonly #stop: () => void;

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
    this.#stop = subscribe(
      bus,
      {
        begins: (session, { client }) => this.#begins(session, client),
        find: (key) => this.#sessions.get(key)?.recorder,
        over: (key) => this.#over(key),
      },
      { answers: true, content: settings.content > 0 },
    );
  }

  /** Sessions that are gathered. */
  get size(): number {
    return this.#sessions.size;
  }

  close(): void {
    this.#stop();
    this.#sessions.clear();
  }

  #begins(session: string, client: string): Recorder | undefined {
    const { wish } = this.#settings;
    if (wish.kind === 'percent' && this.#random(100_000) >= wish.percent * 1000) return undefined;
    if (this.#filter?.takes(session, client) === false) return undefined;
    if (this.#sessions.size >= MOST_SESSIONS) {
      this.#sink.lost(`${MOST_SESSIONS} sessions are being recorded`);
      return undefined;
    }
    const push = (entry: TraceEntry): void => this.#add(entry);
    const recorder = new Recorder({ clock: this.#clock, push }, session, client);
    this.#sessions.set(session.slice(0, COMMON), {
      ...{ recorder, lines: [], began: this.#clock.now() },
      match: this.#wish && new WishMatch(this.#wish),
      ...{ weight: 0, content: 0, omitted: 0, refused: false },
    });
    return recorder;
  }

  #add(entry: TraceEntry): void {
    const gathered = this.#sessions.get(entry.session.slice(0, COMMON));
    if (gathered === undefined) return;
    if (entry.kind === 'server' && isRefusal(entry.reply)) gathered.refused = true;
    if (entry.kind === 'client') gathered.match?.line(entry.line);
    if (entry.kind === 'piece') {
      const room = this.#settings.content - gathered.content;
      const octets = entry.octets.slice(0, room);
      gathered.content += octets.length;
      gathered.omitted += entry.octets.length - octets.length;
      if (octets !== '') gathered.lines.push(entryLine({ ...entry, octets }));
      return;
    }
    const line = entryLine(entry);
    if (gathered.weight + line.length > MOST_OCTETS) gathered.omitted += line.length;
    else {
      gathered.weight += line.length;
      gathered.lines.push(line);
    }
  }

  #over(key: string): void {
    const gathered = this.#sessions.get(key);
    if (gathered === undefined) return;
    this.#sessions.delete(key);
    const { wish, script, version } = this.#settings;
    const isWanted = wish.kind === 'refused' ? gathered.refused : (gathered.match?.found ?? true);
    if (!isWanted) return;
    const { began, lines, omitted, recorder } = gathered;
    const { client, session } = recorder;
    const head = headLine({ format: FORMAT, version, session, client, began, script: script() });
    this.#sink.write(session, began, head + lines.join('') + endLine(omitted));
  }
}
