// The rules of fail-over, shared by the SMTP client (addresses and hosts) and the smart host (hosts and maildirs). Knows no network.
import type { Maybe } from '../../base/maybe.ts';
import type { DeliveryOutcome } from './delivery.ts';
import type { HostlessOutcome } from './outcome.ts';

/**
 * True when another next hop may be tried: this one could not be talked to, or broke off, and cannot have taken the message. Never
 * once the final dot was on its way: the message may have been taken, and a second copy would go elsewhere unnoticed. Never when
 * the next hop has judged the message or its addresses: another one is not there to be asked for a better answer. One that was not asked,
 * as it does not offer what the message needs, has judged nothing.
 */
export function mayTryNext(outcome: DeliveryOutcome): boolean {
  switch (outcome.kind) {
    case 'delivered':
    case 'verified':
      return false;
    case 'failed':
      return outcome.stage !== 'dot';
    case 'refused':
      if (outcome.lacks !== undefined) return true;
      switch (outcome.stage) {
        case 'connect':
        case 'banner':
        case 'helo':
        case 'starttls':
        case 'auth':
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

export interface Turns<T> {
  attempt(target: T): Maybe<DeliveryOutcome>;
  /** Whether another target may be tried after this outcome of `target`. */
  mayTryNext(outcome: DeliveryOutcome, target: T): boolean;
  /** There is no time, or nobody waits any more. */
  isOver(): boolean;
}

/** Tries the targets in order until one has settled the matter, and gives what is to be reported; undefined when there was none. */
export function tryInTurn<T>(targets: readonly T[], turns: Turns<T>): Maybe<DeliveryOutcome | undefined> {
  const [only] = targets;
  // As a rule: whatever becomes of it is what is to be reported.
  return targets.length === 1 && only !== undefined ? turns.attempt(only) : tryAll(targets, turns);
}

async function tryAll<T>(targets: readonly T[], turns: Turns<T>): Promise<DeliveryOutcome | undefined> {
  let summary: DeliveryOutcome | undefined;
  for (const target of targets) {
    const outcome = await turns.attempt(target);
    if (!turns.mayTryNext(outcome, target)) return outcome;
    summary = summarise(summary, outcome);
    if (turns.isOver()) break;
  }
  return summary;
}

/** True when nobody could be talked to there: the place is to be tried last for a while. */
export function isUnreachable(outcome: HostlessOutcome): boolean {
  return outcome.kind === 'failed' && (outcome.stage === 'connect' || outcome.stage === 'banner');
}
