// RCPT, RFC 5321 section 4.1.1.3. hook.rcpt, hook.forward and the next hop get the recipient as the client wrote it, in upper and lower case.
// A refusal of hook.rcpt ends it; a positive reply is the text only, when nobody behind it objects.

import { type CommandSpec, command, go, refuse } from '../command.ts';
import { recipientOk } from '../default-reply.ts';
import { rcptFields } from '../envelope-fields.ts';
import { pathArgument } from '../path-argument.ts';
import type { RecipientInHand } from '../recipient-decider.ts';
import { fieldsEndingAt } from '../session-facts.ts';

export const rcptCommand = command({
  verb: 'RCPT',
  phases: ['mail', 'rcpt'],
  parse: (line, context) => {
    const { transaction } = context.state;
    const parsed = pathArgument(line, 'RCPT', context, transaction.parameters);
    if (parsed.kind === 'refuse') return parsed;
    const { path, parameters, sent } = parsed.value;
    if (path.address === '') return refuse('nullRecipient');
    const taken = transaction.recipients.length;
    if (taken >= context.values['limit-recipients']) return refuse('recipients');
    return go({ path, sent, recipient: { address: path.address, parameters } });
  },
  prepare: ({ recipient, sent }, context) => {
    const { final, routes, story } = context.state.transaction;
    story.asks('rcpt', recipient.address);
    routes.during('rcpt');
    final.beginRecipient(recipient);
    context.setClient(rcptFields(recipient.parameters, sent));
  },
  hook: 'rcpt',
  args: ({ path }) => [path.address, path.domain],
  finish: ({ sent }, context) => {
    context.state.transaction.routes.during(undefined);
    context.setClient(fieldsEndingAt('rcpt-done', sent));
  },
  decide: (inHand, context) => context.decideRecipient(inHand),
  reply: ({ path }, context) => recipientOk(path.normal, context.isUtf8),
  effect: ({ recipient }, success, context) => {
    const { transaction } = context.state;
    transaction.final.endRecipient(success);
    if (success) {
      transaction.recipients.push(recipient);
      context.recipientTaken();
    }
    return { kind: 'rcpt' };
  },
} satisfies CommandSpec<RecipientInHand & { readonly sent: string }, 'mail' | 'rcpt'>);
