// MAIL, RFC 5321 section 4.1.1.2, with SIZE (RFC 1870), BODY (RFC 6152) and AUTH (RFC 4954) among its parameters.
import { type CommandSpec, command, go, refuse } from '../command.ts';
import { senderOk } from '../default-reply.ts';
import { pathArgument } from '../path-argument.ts';
import type { Transaction } from '../transaction.ts';

export const mailCommand = command({
  verb: 'MAIL',
  phases: ['hello'],
  parse: (line, context) => {
    const parsed = pathArgument(line, 'MAIL', context.has('auth'), context.values);
    if (parsed.kind === 'refuse') return parsed;
    const { path, parameters } = parsed.value;
    const limit = context.values['smtp-max-size'];
    if (limit > 0 && (parameters.size ?? 0) > limit) return refuse('size', { limit });
    return go(context.newTransaction(path, parameters));
  },
  prepare: (transaction, context) => context.showTransaction(transaction),
  hook: 'mail',
  args: ({ path }) => [path.address, path.domain],
  reply: ({ path }) => senderOk(path.address),
  effect: (transaction, success) => (success ? { kind: 'mail', transaction } : { kind: 'mail-refused' }),
} satisfies CommandSpec<Transaction>);
