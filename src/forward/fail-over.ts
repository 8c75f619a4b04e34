// The rules of fail-over, shared by the SMTP client (addresses and hosts) and the smart host (hosts and maildirs). Pure.
import type { DeliveryOutcome } from './delivery.ts';

/**
 * True when another next hop may be tried: this one could not be talked to, or broke off, and cannot have taken the message. Never
 * once the final dot was on its way: the message may have been taken, and a second copy would go elsewhere unnoticed. Never when
 * the next hop has judged the message or its addresses: another one is not there to be asked for a better answer.
 */
export function mayTryNext(outcome: DeliveryOutcome): boolean {
  switch (outcome.kind) {
    case 'delivered':
    case 'verified':
      return false;
    case 'failed':
      return outcome.stage !== 'dot';
    case 'refused':
      switch (outcome.stage) {
        case 'connect':
        case 'banner':
        case 'helo':
        case 'starttls':
          return true;
        case 'mail':
        case 'rcpt':
        case 'data':
        case 'content':
          return outcome.code === 421;
        case 'dot':
          return false;
      }
  }
}

/** 5xx: trying again is of no use. */
function isPermanent(outcome: DeliveryOutcome): boolean {
  return outcome.kind === 'refused' && outcome.code >= 500;
}

/** What to report when none of several next hops could be used: the last answer, unless only an earlier one leaves hope. */
export function summarise(earlier: DeliveryOutcome | undefined, last: DeliveryOutcome): DeliveryOutcome {
  return earlier !== undefined && isPermanent(last) && !isPermanent(earlier) ? earlier : last;
}
