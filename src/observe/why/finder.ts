// Finds the stories of mail in the lines of a log, in one pass: the line of a transaction, with the refusals that came before it in its session,
// and refusals that belong to no transaction. What it keeps is bounded, however long the log is. Pure.
import type { ReadFields, ReadRecord } from './log-record.ts';
import { isAbout, isAboutRefusal, pathIn, type Query } from './query.ts';

/** Sessions whose refusals are kept until they end, and refusals of one. */
const MOST_SESSIONS = 2000;
const MOST_REFUSALS = 20;
/** Transactions whose recipients are kept until their own line comes, which is the next one of the process; and recipients of one. */
const MOST_TRANSACTIONS = 100;
const MOST_RECIPIENTS = 20_000;
/** A session and its transactions share these first characters of their ids. */
const SHARED = 16;

export type Story =
  | { readonly kind: 'mail'; readonly mail: ReadRecord; readonly refusals: readonly ReadRecord[] }
  | { readonly kind: 'refusal'; readonly refusal: ReadRecord };

export class Finder {
  readonly #query: Query;
  readonly #found: (story: Story) => void;
  /** Recipients that have no room in the line of their transaction. */
  readonly #others = new Map<string, ReadFields[]>();
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
      case 'recipients':
        this.#keepOthers(record);
        return;
      case 'mail':
        this.#mail(this.#joined(record), this.#takeOut(session));
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
    // A recipient that was refused may be named by its own line only.
    const isOne = (refusal: ReadRecord): boolean =>
      !isOthers(refusal) && isAboutRefusal(this.#query, refusal);
    if (!isAbout(this.#query, mail) && !refusals.some(isOne)) return;
    this.#found({ kind: 'mail', mail, refusals: refusals.filter((refusal) => !isOthers(refusal)) });
  }

  #keepOthers({ fields, to }: ReadRecord): void {
    const { transaction = '' } = fields;
    const kept = this.#others.get(transaction) ?? [];
    this.#others.delete(transaction);
    this.#others.set(transaction, kept);
    for (const row of to) if (kept.length < MOST_RECIPIENTS) kept.push(row);
    const [first] = this.#others.keys();
    if (this.#others.size > MOST_TRANSACTIONS && first !== undefined) this.#others.delete(first);
  }

  /** With all its recipients. */
  #joined(mail: ReadRecord): ReadRecord {
    const { transaction = '', to_more } = mail.fields;
    const others = this.#others.get(transaction);
    if (others === undefined) return mail;
    this.#others.delete(transaction);
    const left = Number(to_more ?? 0) - others.length;
    const { to_more: _, ...fields } = mail.fields;
    return {
      ...mail,
      fields: left > 0 ? { ...fields, to_more: String(left) } : fields,
      to: [...mail.to, ...others],
    };
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
