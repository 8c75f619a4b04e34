// MAIL, RFC 5321 section 4.1.1.2; its parameters are those of protocol/extension-table.
import { type CommandSpec, command, go, refuse } from '../command.ts';
import { senderOk } from '../default-reply.ts';
import { pathArgument } from '../path-argument.ts';
import type { Transaction } from '../transaction.ts';

export const mailCommand = command({
  verb: 'MAIL',
  phases: ['hello'],
  parse: (line, context) => {
    if (context.mustAuthenticate) return refuse('authRequired');
    const parsed = pathArgument(line, 'MAIL', context);
    if (parsed.kind === 'refuse') return parsed;
    const { parameters } = parsed.value;
    const limit = context.values['smtp-max-size'];
    if (limit > 0 && (parameters.SIZE ?? 0) > limit) return refuse('size', { limit });
    return go(context.newTransaction(parsed.value));
  },
  prepare: (transaction, context) => {
    transaction.routes.during('mail');
    return context.showTransaction(transaction);
  },
  hook: 'mail',
  args: ({ path }) => [path.address, path.domain],
  finish: ({ routes }) => routes.during(undefined),
  decide: (transaction, context) => context.decideSender(transaction),
  reply: ({ isUtf8, path }) => senderOk(path.address, isUtf8),
  effect: (transaction, success) => (success ? { kind: 'mail', transaction } : { kind: 'mail-refused' }),
} satisfies CommandSpec<Transaction>);
