// The port of who decides about RCPT behind hook.rcpt (RFC 5321 section 3.3); recipient-deciders has the list.
//
// A decider must never send a reply or change the state of the session, and must end when the session's signal aborts.
import type { Maybe } from '../../base/maybe.ts';
import type { Path } from '../protocol/path.ts';
import type { Recipient } from '../protocol/recipient.ts';
import type { Objection } from './command.ts';
import type { SessionCore } from './session-core.ts';

export interface RecipientInHand {
  /** Added to those of the transaction when nobody objects and hook.reply lets it pass. */
  readonly recipient: Recipient;
  readonly path: Path;
}

export interface RecipientDecider {
  /** undefined: no objection. Who has nothing to say in this session says so without a promise. */
  decide(inHand: RecipientInHand, core: SessionCore): Maybe<Objection | undefined>;
}
