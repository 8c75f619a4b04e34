// What a process that serves tells of one second, as plain data: with several workers it crosses their line to the main process as JSON.
import type { EventFields } from '../../base/events.ts';
import type { SparseLatency } from './latency.ts';

/** Counts by name. */
export type Tally = Readonly<Record<string, number>>;

/** Rows that one batch has at most. */
export const MOST_ROWS = 1000;
/** Names that one tally has at most; the rest is `other`. */
export const MOST_NAMES = 32;
export const OTHER = 'other';

/** What is counted of a second. Transactions are counted by their `mail` event, replies and connections apart from them. */
export interface Counts {
  /** Connections that came, those that were turned away included. */
  readonly connections: number;
  /** Those of them that got no banner: they were turned away, also by hook.accept, or went before. */
  readonly turned_away: number;
  /** Transactions, by what became of them; `accepted` has those that were discarded too. */
  readonly accepted: number;
  readonly refused: number;
  readonly deferred: number;
  readonly lost: number;
  /** Octets of content, of all transactions. */
  readonly bytes: number;
}

export interface SecondBatch extends Counts {
  /** Seconds since the Epoch. */
  readonly at: number;
  /** Sessions at its end. */
  readonly sessions: number;
  /** Replies of 5xx and of 4xx, and connections turned away, by cause. */
  readonly refused_by: Tally;
  readonly deferred_by: Tally;
  readonly hooks: Readonly<Record<string, SparseLatency>>;
  readonly next_hops: Readonly<Record<string, SparseLatency>>;
}

/** A transaction as it is kept: the fields of its `mail` event, texts as octets, are those that were told, for to copy them costs microseconds. */
export interface KeptMail {
  /** Milliseconds since the Epoch, when it ended. */
  readonly time: number;
  /** Id of its session. */
  readonly session: string;
  readonly mail: EventFields<'mail'>;
}

export interface LiveBatch {
  readonly second: SecondBatch;
  /** The oldest first. */
  readonly mails: readonly KeptMail[];
  /** Transactions that are not among them: there were too many. */
  readonly left_out: number;
}
