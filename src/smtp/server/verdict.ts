// What is decided about a message at its end, and what is decided by: the message, and what the hooks said while it came in.
import type { Delivered } from '../../delivery/relayed-reports.ts';
import type { Spool } from '../../message/spool.ts';
import type { Reply } from '../protocol/reply.ts';
import type { SessionCore } from './session-core.ts';
import type { Transaction } from './transaction.ts';

/** What the hooks said while the message came in. */
export interface ContentDecision {
  reply: Reply | undefined;
  cause: string;
  drop: boolean;
}

export interface Verdict {
  readonly reply: Reply;
  readonly cause: string;
  readonly drop: boolean;
  /** Of a positive reply: who has the message now. */
  readonly taken?: 'by the next hop' | 'by the policy' | 'thrown away';
  /** Of a message that the next hop has, when its sender is to be told so by us (RFC 3461 section 5.2.3). */
  readonly reported?: Delivered | undefined;
}

/** A message whose end has come, or that of a chunk. */
export interface EndedMessage {
  readonly core: SessionCore;
  readonly transaction: Transaction;
  readonly spool: Spool;
  readonly decision: ContentDecision;
}
