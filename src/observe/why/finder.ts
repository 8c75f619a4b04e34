// Finds the stories of mail in the lines of a log, in one pass: the line of a transaction, with the refusals that came before it in its session,
// and refusals that belong to no transaction. What it keeps is bounded, however long the log is. Pure.
import type { ReadRecord } from './log-record.ts';
import { isAbout, isAboutRefusal, pathIn, type Query } from './query.ts';

/** Sessions whose refusals are kept until they end, and refusals of one. */
const MOST_SESSIONS = 2000;
const MOST_REFUSALS = 20;
/** A session and its transactions share these first characters of their ids. */
const SHARED = 16;

export type Story =
  | { readonly kind: 'mail'; readonly mail: ReadRecord; readonly refusals: readonly ReadRecord[] }
  | { readonly kind: 'refusal'; readonly refusal: ReadRecord };

export class Finder {
  readonly #query: Query;
  readonly #found: (story: Story) => void;
  /** The one that was heard of last stands last. */
  readonly #sessions = new Map<string, ReadRecord[]>();

  constructor(query: Query, found: (story: Story) => void) {
    this.#query = query;
    this.#found = found;
  }

  /** The next line, in the order of the log. */
  take(record: ReadRecord): void {
    const session = record.id.slice(0, SHARED);
    switch (record.event) {
      case 'refused':
        if (session === '') this.#tell(record);
        else this.#keep(session, record);
        return;
      case 'mail':
        this.#mail(record, this.#takeOut(session));
        return;
      case 'session':
        for (const refusal of this.#takeOut(session)) this.#tell(refusal);
    }
  }

  /** There are no more lines. */
  end(): void {
    for (const session of [...this.#sessions.keys()])
      for (const refusal of this.#takeOut(session)) this.#tell(refusal);
  }

  #mail(mail: ReadRecord, refusals: readonly ReadRecord[]): void {
    // A MAIL that was not understood has no line of its own.
    const isOthers = ({ fields }: ReadRecord): boolean => {
      const from = fields.from ?? pathIn(fields, 'FROM');
      return from !== undefined && from !== mail.fields.from;
    };
    for (const refusal of refusals) if (isOthers(refusal)) this.#tell(refusal);
    if (!isAbout(this.#query, mail)) return;
    this.#found({ kind: 'mail', mail, refusals: refusals.filter((refusal) => !isOthers(refusal)) });
  }

  #tell(refusal: ReadRecord): void {
    if (isAboutRefusal(this.#query, refusal)) this.#found({ kind: 'refusal', refusal });
  }

  #keep(session: string, refusal: ReadRecord): void {
    const kept = this.#takeOut(session);
    kept.push(refusal);
    const oldest = kept.length > MOST_REFUSALS ? kept.shift() : undefined;
    if (oldest !== undefined) this.#tell(oldest);
    this.#sessions.set(session, kept);
    if (this.#sessions.size <= MOST_SESSIONS) return;
    const [first] = this.#sessions.keys();
    if (first !== undefined) for (const left of this.#takeOut(first)) this.#tell(left);
  }

  #takeOut(session: string): ReadRecord[] {
    const kept = this.#sessions.get(session);
    if (kept === undefined) return [];
    this.#sessions.delete(session);
    return kept;
  }
}
