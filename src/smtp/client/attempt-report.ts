// What is told of an attempt to deliver to a next hop: nothing of one that went well, else one event that says whose fault it was and what
// became of the message.
import type { Log } from '../../base/log.ts';
import type { DeliveryOutcome } from '../../delivery/port/delivery.ts';
import { mayTryNext } from '../../delivery/port/fail-over.ts';
import { triedOf } from '../../delivery/port/outcome.ts';
import { isClosing, isPositive } from '../protocol/reply.ts';

export interface Attempt {
  readonly log: Log;
  /** `1.2.3.4:25`; '' when there was none. */
  readonly address: string;
  /** Over a connection that was kept. */
  readonly used: boolean;
  /** Nobody waits for the delivery any more. */
  readonly givenUp: boolean;
  /** How long it took. */
  readonly seconds: number;
}

/**
 * On a connection that was used before: what says as much of the connection as of the message, so that a new one is tried, once. RSET and MAIL
 * are refused by next hops that take no more over it; a message that is unwelcome is so over a new one as well.
 */
export function saysMoreOfConnection(outcome: DeliveryOutcome): boolean {
  // What a next hop does not offer it does not offer over a new one either.
  if (outcome.kind === 'refused' && outcome.lacks !== undefined) return false;
  return mayTryNext(outcome) || (outcome.kind === 'refused' && outcome.stage === 'mail');
}

export function reportAttempt(outcome: DeliveryOutcome, attempt: Attempt): void {
  const { address, givenUp, log, used } = attempt;
  if (log.wants('next-hop-tried'))
    log.emit('next-hop-tried', { ...triedOf(outcome), seconds: attempt.seconds });
  const notAll =
    outcome.kind === 'refused' &&
    outcome.stage === 'rcpt' &&
    !isClosing(outcome.code) &&
    outcome.rcpts.some((rcpt) => isPositive(rcpt.code));
  if (outcome.kind === 'delivered' || outcome.kind === 'verified' || notAll) {
    reportRefusedRecipients(outcome, address, log);
    return;
  }
  const fields = {
    host: outcome.host,
    address,
    stage: outcome.stage,
    code: outcome.code,
    cause: outcome.kind === 'failed' ? outcome.error : outcome.text,
  };
  if (givenUp && outcome.kind === 'failed') log.emit('next-hop-given-up', fields);
  else if (used && saysMoreOfConnection(outcome)) log.emit('next-hop-closed', fields);
  else if (outcome.kind === 'refused') log.emit('next-hop-refused', fields);
  else if (outcome.stage === 'dot') log.emit('next-hop-unsure', fields);
  else log.emit('next-hop-failed', fields);
}

function reportRefusedRecipients(outcome: DeliveryOutcome, address: string, log: Log): void {
  const refused = outcome.rcpts.filter((rcpt) => !isPositive(rcpt.code));
  const first = refused[0];
  if (first === undefined) return;
  log.emit('next-hop-recipients', {
    host: outcome.host,
    address,
    refused: refused.length,
    of: outcome.rcpts.length,
    first: first.recipient.address,
    cause: first.text,
  });
}
