// The last thousand transactions of all processes, and the search among them. Texts are octets, as in the events; a question is UTF-8.
import type { EventFields } from '../../base/events.ts';
import { type KeptMail, type LiveBatch, MOST_ROWS } from '../../observe/live/live-batch.ts';

/** A batch is not later than the one of another process by more. */
const LATE_MS = 5000;
/** Words of a question. */
const MOST_WORDS = 8;

type Place = (row: KeptMail) => readonly (string | undefined)[];

/** Names that a word may begin with, as `from=`, and what of a transaction they mean. Without one a word may be in any of them. */
const places: Readonly<Record<string, Place>> = {
  from: ({ mail }) => [mail.from, mail.final_from],
  to: ({ mail }) => mail.to.map((one) => one.to),
  client: ({ mail }) => [mail.client, mail.host, mail.helo],
  id: ({ mail, session }) => [mail.transaction, session, mail.queue_id],
  message_id: ({ mail }) => [mail.message_id],
  next_hop: ({ mail }) => [mail.next_hop],
  user: ({ mail }) => [mail.user],
  result: ({ mail }) => [mail.result],
};
export const placeNames = Object.keys(places);

interface Word {
  readonly text: string;
  readonly of: readonly Place[];
}

/** A transaction as the page and GET have it. */
export type MailRow = Omit<KeptMail, 'mail'> & EventFields<'mail'>;

/** Made for those that are shown only. Object.assign: spreading two objects takes Node 20 fifty times as long. */
const rowOf = ({ mail, session, time }: KeptMail): MailRow => Object.assign({ time, session }, mail);

export interface Found {
  /** Transactions that are kept. */
  readonly kept: number;
  /** Those of them that match. */
  readonly matched: number;
  /** The newest first. */
  readonly transactions: readonly MailRow[];
}

/** The words of a question; a text says what is wrong with it. */
export function readWords(question: string): readonly Word[] | string {
  const words = question.split(/\s+/).filter((word) => word !== '');
  if (words.length > MOST_WORDS)
    return `?q= has ${words.length} words; at most ${MOST_WORDS}, all of which have to be there`;
  return words.map((word) => {
    const [, name = '', rest = ''] = /^(\w+)=(.*)$/s.exec(word) ?? [];
    const place = Object.hasOwn(places, name) ? places[name] : undefined;
    return place === undefined
      ? { text: octets(word), of: Object.values(places) }
      : { text: octets(rest), of: [place] };
  });
}

/** As octets, and these in small letters, as those that are searched are: some that are no letters look alike then. */
const octets = (text: string): string =>
  Buffer.from(text.toLowerCase(), 'utf8').toString('latin1').toLowerCase();

const has = (row: KeptMail, { of, text }: Word): boolean =>
  of.some((place) => place(row).some((value) => value?.toLowerCase().includes(text) === true));

/**
 * Adds rows in the order of time, but only among those of the last seconds: batches of several processes come one after the other, each about the
 * same time. What is older by more has come behind a clock that was set back, and is the newest all the same.
 */
function merge(rows: KeptMail[], mails: readonly KeptMail[]): void {
  const [first] = mails;
  if (first === undefined) return;
  let from = rows.length;
  for (; from > 0; from--) {
    const ahead = (rows[from - 1]?.time ?? 0) - first.time;
    if (ahead <= 0 || ahead > LATE_MS) break;
  }
  rows.push(...[...rows.splice(from), ...mails].sort((a, b) => a.time - b.time));
}

export class MailRing {
  readonly #rows: KeptMail[] = [];
  /** Those since they were asked for last, while somebody asks. */
  #news: KeptMail[] = [];
  #newsLeftOut = 0;

  take({ left_out, mails }: LiveBatch): void {
    const rows = this.#rows;
    merge(rows, mails);
    rows.splice(0, Math.max(0, rows.length - MOST_ROWS));
    merge(this.#news, mails);
    this.#newsLeftOut += left_out;
    const more = this.#news.length - MOST_ROWS;
    if (more <= 0) return;
    this.#news.splice(0, more);
    this.#newsLeftOut += more;
  }

  /** At most `limit`. */
  find(words: readonly Word[], limit: number): Found {
    const matching = this.#rows.filter((row) => words.every((word) => has(row, word)));
    return {
      kept: this.#rows.length,
      matched: matching.length,
      transactions: matching.slice(-limit).reverse().map(rowOf),
    };
  }

  /** What came since this was asked last, the oldest first, the newest `most` of it. */
  news(most: number): { readonly transactions: readonly MailRow[]; readonly left_out: number } {
    // Nobody reads them when the first reader comes.
    const transactions = most === 0 ? [] : this.#news.slice(-most).map(rowOf);
    const left_out = this.#newsLeftOut + this.#news.length - transactions.length;
    this.#news = [];
    this.#newsLeftOut = 0;
    return { transactions, left_out };
  }
}
