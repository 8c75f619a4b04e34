// Who decides about RCPT behind hook.rcpt, in order: a row for each. The first that objects is heard, the others are not asked; when nobody
// does the reply is the hook's, or the default one.
import type { Maybe } from '../../base/maybe.ts';
import type { Objection } from './command.ts';
import { nextHop } from './next-hop.ts';
import type { RecipientDecider, RecipientInHand } from './recipient-decider.ts';
import { recipientSources } from './recipient-sources.ts';
import type { SessionCore } from './session-core.ts';

const deciders: readonly RecipientDecider[] = [recipientSources, nextHop];

/** What the first of them says that objects; undefined also when the session is over. `from`: the first to ask. */
export function decideRecipient(
  inHand: RecipientInHand,
  core: SessionCore,
  from = 0,
): Maybe<Objection | undefined> {
  for (let at = from; at < deciders.length; at++) {
    const said = deciders[at]?.decide(inHand, core);
    if (said instanceof Promise) {
      return said.then((later) => {
        return later ?? (core.isOver ? undefined : decideRecipient(inHand, core, at + 1));
      });
    }
    if (said !== undefined) return said;
  }
  return undefined;
}
