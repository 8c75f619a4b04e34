// DATA, RFC 5321 section 4.1.1.4. Only a 354 opens the message; with any other reply of hook.data more RCPT or another DATA may follow.
import { type CommandSpec, command, go, NO_ARGS, parseNoArgument, refuse } from '../command.ts';
import { START_MAIL } from '../default-reply.ts';
import { transactionOf } from '../state-machine.ts';
import type { Transaction } from '../transaction.ts';

export const dataCommand = command({
  verb: 'DATA',
  phases: ['rcpt'],
  parse: (line, context) => {
    const argument = parseNoArgument(line, context);
    if (argument.kind !== 'go') return argument;
    const transaction = transactionOf(context.state);
    return transaction === undefined || transaction.recipients.length === 0
      ? refuse('noRecipients')
      : go(transaction);
  },
  prepare: (transaction, context) => context.openMessage(transaction),
  hook: 'data',
  args: () => NO_ARGS,
  reply: () => START_MAIL,
  succeeds: (code) => code === 354,
  effect: (_, success) => (success ? { kind: 'content' } : undefined),
} satisfies CommandSpec<Transaction>);
