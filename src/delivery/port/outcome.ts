// Pieces of which the outcome of a delivery is made, by everyone who delivers: why it was lost, what the next hop said,
// who was never asked. Pure.
import type { EventFields } from '../../base/events.ts';
import type { Recipient } from '../../smtp/protocol/recipient.ts';
import { type Reply, replyText } from '../../smtp/protocol/reply.ts';
import type { DeliveryOutcome, RcptReply, Stage } from './delivery.ts';
import type { AskFailure } from './held.ts';

/** Why there is no conversation any more. `code` is one of pseudoCode. */
export interface Loss {
  readonly code: number;
  readonly error: string;
}

/** Codes of smtp.code that stand for no reply (doc/reference/smtp.md). */
export const pseudoCode = { ERROR: 100, CONNECT: 110, TIMEOUT: 120, EOF: 130, IO: 140 } as const;

type WithoutHost<T> = T extends unknown ? Omit<T, 'host'> : never;
/** A DeliveryOutcome before the host is filled in. */
export type HostlessOutcome = WithoutHost<DeliveryOutcome>;

/** Nobody was asked. */
export function unaskedRecipients(recipients: readonly Recipient[]): readonly RcptReply[] {
  return recipients.map((recipient) => ({ recipient, code: 0, text: '' }));
}

export function refusedAt(stage: Stage, reply: Reply, rcpts: readonly RcptReply[]): HostlessOutcome {
  return { kind: 'refused', stage, code: reply.code, text: replyText(reply), rcpts };
}

/** How far a delivery came, and how it ended, for who counts. */
export function triedOf(
  outcome: DeliveryOutcome,
): Pick<EventFields<'next-hop-tried'>, 'host' | 'stage' | 'result'> {
  const { host } = outcome;
  switch (outcome.kind) {
    case 'delivered':
      return { host, stage: 'dot', result: 'delivered' };
    case 'verified':
      return { host, stage: 'rcpt', result: 'verified' };
    case 'refused':
    case 'failed':
      return { host, stage: outcome.stage, result: outcome.kind };
  }
}

/** The outcome of a question that was not answered yes. */
export function failureOf(outcome: DeliveryOutcome): AskFailure {
  if (outcome.kind === 'refused' || outcome.kind === 'failed') return outcome;
  throw new Error(`a question ended with ${outcome.kind}`);
}

export function failedAt(stage: Stage, loss: Loss, rcpts: readonly RcptReply[]): HostlessOutcome {
  return { kind: 'failed', stage, code: loss.code, error: loss.error, rcpts };
}

/** In one line, for whoever follows a session. */
export function outcomeText(outcome: DeliveryOutcome): string {
  switch (outcome.kind) {
    case 'delivered':
    case 'verified':
      return `${outcome.host}: ${outcome.text}`;
    case 'refused':
      return `${outcome.host} refused at ${outcome.stage}: ${outcome.text}`;
    case 'failed':
      return `${outcome.host} failed at ${outcome.stage}: ${outcome.error}`;
  }
}
