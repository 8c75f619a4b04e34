// What the two halves of a dialogue with a next hop (forward/greeting, forward/transaction) have in common: state machines without
// I/O that are told what arrived and say what to do next. forward/converse runs them over a connection.
import type { Delivery, DeliveryOutcome, RcptReply, Stage } from './delivery.ts';
import { type Reply, replyText } from './reply-parser.ts';

export type Step<E> =
  /** Wait for the next reply. */
  | { readonly kind: 'wait' }
  /** Send this (whole lines), then wait for the next reply. */
  | { readonly kind: 'send'; readonly text: string }
  /** Begin TLS, then call `secured`. What the next hop sent behind its last reply is to be thrown away. */
  | { readonly kind: 'secure' }
  /** Send the message and the final dot, then call `contentSent`. */
  | { readonly kind: 'content' }
  | { readonly kind: 'end'; readonly end: E };

/** Why there is no conversation any more. `code` is one of pseudoCode. */
export interface Loss {
  readonly code: number;
  readonly error: string;
}

export interface Machine<E> {
  /** What is being waited for: decides the deadline, and is named in outcomes. */
  readonly stage: Stage;
  start(): Step<E>;
  reply(reply: Reply): Step<E>;
  secured(): Step<E>;
  contentSent(): Step<E>;
  /** The connection was lost, or the deadline of the stage has passed. */
  lost(loss: Loss): E;
}

/** Codes of smtp.code that stand for no reply (spec of the Lua module smtp). */
export const pseudoCode = { ERROR: 100, CONNECT: 110, TIMEOUT: 120, EOF: 130, IO: 140 } as const;

/** What the next hop announced in its reply to EHLO (RFC 5321 section 4.1.1.1); keywords in upper case. */
export interface Capabilities {
  readonly pipelining: boolean;
  readonly eightBitMime: boolean;
  readonly size: boolean;
  readonly startTls: boolean;
}

export const noCapabilities: Capabilities = {
  pipelining: false,
  eightBitMime: false,
  size: false,
  startTls: false,
};

type WithoutHost<T> = T extends unknown ? Omit<T, 'host'> : never;
/** A DeliveryOutcome before the host is filled in. */
export type Verdict = WithoutHost<DeliveryOutcome>;

/** Nobody was asked. */
export function unaskedRecipients(recipients: readonly string[]): readonly RcptReply[] {
  return recipients.map((recipient) => ({ recipient, code: 0, text: '' }));
}

export function refusedAt(stage: Stage, reply: Reply, rcpts: readonly RcptReply[]): Verdict {
  return { kind: 'refused', stage, code: reply.code, text: replyText(reply), rcpts };
}

export function failedAt(stage: Stage, loss: Loss, rcpts: readonly RcptReply[]): Verdict {
  return { kind: 'failed', stage, code: loss.code, error: loss.error, rcpts };
}

export const isPositive = (code: number): boolean => code >= 200 && code < 300;

/** RFC 5321 section 3.8: the next hop is closing the connection, whatever the command was. */
export const isClosing = (code: number): boolean => code === 421;

export type Addresses = Pick<Delivery, 'sender' | 'recipients'>;
