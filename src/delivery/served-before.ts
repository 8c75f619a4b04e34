// What a sender who tries a message again is told when some of its recipients have it already (delivered-memory.ts): of each what is true of him. Pure.
import type { Recipient } from '../smtp/protocol/recipient.ts';
import { isPositive } from '../smtp/protocol/reply.ts';
import type { DeliveryOutcome } from './port/delivery.ts';

const SERVED = '250 2.0.0 delivered when it was tried before';

/** Nobody is left to be asked about. */
export function allServed(served: readonly Recipient[], host: string): DeliveryOutcome {
  const rcpts = served.map((recipient) => ({ recipient, code: 250, text: SERVED }));
  return { kind: 'delivered', host, code: 250, text: SERVED, rcpts };
}

/** `outcome`: of the others. */
export function withServed(
  outcome: Exclude<DeliveryOutcome, { kind: 'failed' }>,
  recipients: readonly Recipient[],
  served: readonly Recipient[],
): DeliveryOutcome {
  const replies = new Map(outcome.rcpts.map((reply) => [reply.recipient, reply]));
  const rest = outcome.kind === 'delivered' ? 0 : outcome.code;
  return {
    ...{ kind: 'delivered', host: outcome.host, code: outcome.code, text: outcome.text },
    ...(outcome.kind === 'delivered' && { dsn: outcome.dsn }),
    rcpts: recipients.map((recipient) => {
      if (served.includes(recipient)) return { recipient, code: 250, text: SERVED };
      const reply = replies.get(recipient);
      // What was refused as a whole was refused for each of them, also who was not asked about.
      return reply === undefined || (rest >= 400 && (reply.code === 0 || isPositive(reply.code)))
        ? { recipient, code: rest, text: outcome.text }
        : reply;
    }),
  };
}
