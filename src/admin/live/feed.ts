// The feed of the page (GET /events): each second the rates and what is new, as server-sent events, the same for all readers. One who does not
// keep up loses events, is told how many, and gets the list of sessions whole again. Without readers nothing is done.
// https://html.spec.whatwg.org/multipage/server-sent-events.html
import type { Clock, Timer } from '../../base/clock.ts';
import type { SessionRow, SessionWait } from '../../ops/desk.ts';
import type { SessionList } from '../administration.ts';
import type { Reader, Stream } from '../stream.ts';
import type { MailRing } from './mail-ring.ts';
import type { RateRing } from './rate-ring.ts';

/** Behind the end of a second: batches of all processes have come. */
const BEHIND_MS = 200;
/** Transactions that one event has at most: nobody reads more in a second. */
const MOST_TRANSACTIONS = 200;
/** Sessions in the list, the longest first. */
export const MOST_LISTED = 500;

export interface FeedParts {
  readonly clock: Clock;
  readonly rates: RateRing;
  readonly mails: MailRing;
  /** At most so many rows. Never rejects. */
  readonly sessions: (most: number) => Promise<SessionList>;
  /** What the first event says: which server this is. */
  readonly hello: () => object;
}

interface Listening {
  readonly reader: Reader;
  /** Events that it has not got since it was told. */
  lost: number;
  /** It knows the list of sessions as it was told last. */
  hasSessions: boolean;
}

const eventText = (name: string, data: object): string => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;

/** What of a session is worth telling: how old it and its waits are everybody can count. */
const newsOf = ({ hook_seconds: _, seconds: __, waits, ...rest }: SessionRow): string =>
  JSON.stringify({ ...rest, waits: waits.map(({ what }) => what) });

/** Another one with the same words has begun. */
const isYounger = (waits: readonly SessionWait[], before: readonly SessionWait[]): boolean =>
  waits.some(({ seconds = 0 }, i) => seconds < (before[i]?.seconds ?? 0));

interface Told {
  readonly news: string;
  readonly waits: readonly SessionWait[];
}

export class Feed {
  readonly #parts: FeedParts;
  readonly #listening = new Set<Listening>();
  #timer: Timer | undefined;
  /** As told last, by id. */
  #sessions = new Map<string, Told>();
  #counts = '';
  #asking = false;

  constructor(parts: FeedParts) {
    this.#parts = parts;
  }

  /** `mayChange`: the reader is told whether he might change something. */
  stream(mayChange: boolean): Stream {
    return {
      type: 'text/event-stream',
      beat: ':\n\n',
      begin: (reader) => {
        const one: Listening = { reader, lost: 0, hasSessions: false };
        if (this.#listening.size === 0) this.#wake();
        this.#listening.add(one);
        this.#tell(one, eventText('hello', { ...this.#parts.hello(), may_change: mayChange }));
        return () => {
          this.#listening.delete(one);
          if (this.#listening.size === 0) this.#timer?.cancel();
        };
      },
    };
  }

  /** The first one has come. */
  #wake(): void {
    const { mails, rates } = this.#parts;
    rates.forget();
    mails.news(0);
    this.#sessions.clear();
    this.#later();
    void this.#tellSessions();
  }

  #later(): void {
    const { clock } = this.#parts;
    const left = 1000 - ((clock.now() - BEHIND_MS) % 1000);
    this.#timer = clock.after(left < 100 ? left + 1000 : left, () => {
      this.#later();
      this.#tellNews();
    });
    this.#timer.unref();
  }

  #tellNews(): void {
    const { mails, rates } = this.#parts;
    let text = eventText('rates', { seconds: rates.news() });
    const news = mails.news(MOST_TRANSACTIONS);
    if (news.transactions.length > 0 || news.left_out > 0) text += eventText('transactions', news);
    for (const one of this.#listening) this.#tell(one, text);
    void this.#tellSessions();
  }

  async #tellSessions(): Promise<void> {
    // A process that stands still is waited for: a second.
    if (this.#asking) return;
    this.#asking = true;
    const { sessions: rows, silent, states, total } = await this.#parts.sessions(MOST_LISTED);
    this.#asking = false;
    const before = this.#sessions;
    const now = new Map(rows.map((row): [string, Told] => [row.id, { news: newsOf(row), waits: row.waits }]));
    const counts = JSON.stringify([total, states, silent]);
    const countsChanged = counts !== this.#counts;
    this.#sessions = now;
    this.#counts = counts;
    const changed = rows.filter(({ id, waits }) => {
      const told = before.get(id);
      return told === undefined || told.news !== now.get(id)?.news || isYounger(waits, told.waits);
    });
    const gone = [...before.keys()].filter((id) => !now.has(id));
    const text = (whole: boolean): string =>
      eventText('sessions', {
        whole,
        total,
        states,
        silent,
        sessions: whole ? rows : changed,
        gone: whole ? [] : gone,
      });
    const isNew = countsChanged || changed.length > 0 || gone.length > 0;
    const news = isNew ? text(false) : '';
    for (const one of this.#listening) {
      if (!one.hasSessions) one.hasSessions = this.#tell(one, text(true));
      else if (isNew) this.#tell(one, news);
    }
  }

  /** False: it was lost. */
  #tell(one: Listening, text: string): boolean {
    const told = one.lost === 0 ? text : `${eventText('lost', { events: one.lost })}${text}`;
    if (one.reader.write(told)) {
      one.lost = 0;
      return true;
    }
    one.lost++;
    one.hasSessions = false;
    return false;
  }
}
