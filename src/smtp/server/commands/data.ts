// DATA, RFC 5321 section 4.1.1.4; binary content comes by BDAT only (RFC 3030 section 3). Only a 354 opens the message; with any other reply of hook.data more RCPT or another DATA may follow.
import type { Spool } from '../../../message/spool.ts';
import { type CommandSpec, command, go, NO_ARGS, parseNoArgument, refuse } from '../command.ts';
import { START_MAIL } from '../default-reply.ts';

export const dataCommand = command({
  verb: 'DATA',
  phases: ['rcpt'],
  parse: (line, context) => {
    const argument = parseNoArgument(line, context);
    if (argument.kind !== 'go') return argument;
    const { transaction } = context.state;
    if (transaction.isBinary) return refuse('outOfSequence', { input: line.input });
    return transaction.recipients.length === 0
      ? refuse('noRecipients')
      : go(context.openMessage(transaction));
  },
  prepare: (_, context) => context.state.transaction.story.asks('data'),
  hook: 'data',
  args: () => NO_ARGS,
  reply: () => START_MAIL,
  succeeds: (code) => code === 354,
  effect: (message, success) => (success ? { kind: 'content', message } : undefined),
} satisfies CommandSpec<Spool, 'rcpt'>);
