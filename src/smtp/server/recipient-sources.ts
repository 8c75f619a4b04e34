// The recipient sources (users/recipient-source) as one decider about RCPT: asked in order until one knows the recipient. Without sources it
// costs nothing.
import type { RecipientAnswer, RecipientSource } from '../../users/recipient-source.ts';
import { echo, reply } from '../protocol/reply.ts';
import type { Objection } from './command.ts';
import { followed } from './followed-wait.ts';
import type { RecipientDecider, RecipientInHand } from './recipient-decider.ts';
import { type ErrorName, errorReply } from './reply-table.ts';
import type { SessionCore } from './session-core.ts';

export const recipientSources: RecipientDecider = {
  decide: (inHand, core) => {
    const { recipientSources } = core.deps;
    if (recipientSources === undefined) return undefined;
    const sources = recipientSources.filter((source) => source.isOn?.(core.values) ?? true);
    // No mail goes to one whom the policy has taken out.
    if (sources.length === 0 || core.transaction?.final.isRemoved(inHand.recipient) === true)
      return undefined;
    return ask(inHand, sources, core);
  },
};

async function ask(
  { recipient, path }: RecipientInHand,
  sources: readonly RecipientSource[],
  core: SessionCore,
): Promise<Objection | undefined> {
  const { address } = recipient;
  const question = {
    address,
    domain: path.domain,
    user: core.auth?.user,
    client: core.client.address,
    session: core.idSess,
    values: core.values,
    log: core.log,
    signal: core.abortSignal,
  };
  let unknown: Objection | undefined;
  let unavailable: Objection | undefined;
  for (const source of sources) {
    const answer = await followed(core, source.look(question), () => ({
      ...{ for: 'users', what: `${source.name}: ${address}` },
      outcome: ({ kind }) => kind,
    }));
    if (core.isOver) return undefined;
    if (core.log.wants('answer-given'))
      core.log.emit('answer-given', { of: 'recipient', key: address, answer: recordedAnswer(answer) });
    switch (answer.kind) {
      case 'known':
        recipient.maildir = answer.maildir;
        recipient.userFields = answer.fields;
        return undefined;
      case 'foreign':
        break;
      case 'unknown':
        unknown ??= refusal('unknownRecipient', source.name, address, core);
        break;
      case 'refused':
        return { reply: reply(550, echo(`${answer.status} ${answer.text}`)), cause: source.name };
      case 'unavailable':
        core.log.emit('rcpt-unavailable', { source: source.name, recipient: address, cause: answer.cause });
        unavailable ??= refusal('recipientUnavailable', source.name, address, core);
        break;
    }
  }
  // Who could not be asked may be the one that knows.
  return unavailable ?? unknown;
}

/** What decides a reply. What else a source knows of a user may be secret, and is in no recording. */
function recordedAnswer(answer: RecipientAnswer): string {
  return JSON.stringify(answer.kind === 'known' ? { kind: 'known', maildir: answer.maildir } : answer);
}

function refusal(error: ErrorName, cause: string, address: string, core: SessionCore): Objection {
  return {
    reply: errorReply(error, core.values['smtp-error-url'], { address }, core.transaction?.isUtf8),
    cause,
  };
}
