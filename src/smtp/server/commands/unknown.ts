// What is no command here (RFC 5321 section 4.2.4: 502), a command that does not fit where the session stands (503), and one that has to wait for
// TLS (RFC 3207 section 4: 530), of which no hook hears: what was said in clear is nobody's word.
import type { Reply } from '../../protocol/reply.ts';
import { ANY_PHASE, type CommandContext, type CommandSpec, command, go, refuse } from '../command.ts';

import { errorReply } from '../reply-table.ts';

function replyWith(
  error: 'unknown' | 'outOfSequence',
  input: string,
  { isUtf8, values }: CommandContext,
): Reply {
  return errorReply(error, values['smtp-error-url'], { input }, isUtf8);
}

export const unknownCommand = command({
  verb: '',
  phases: ANY_PHASE,
  parse: (line) => go(line.input),
  hook: 'unknown',
  args: (input) => [input],
  reply: (input, context) => replyWith('unknown', input, context),
} satisfies CommandSpec<string>);

export const outOfSequence = command({
  verb: '',
  phases: [...ANY_PHASE, 'refused'],
  parse: (line) => go(line.input),
  hook: 'out_seq',
  args: (input) => [input],
  reply: (input, context) => replyWith('outOfSequence', input, context),
} satisfies CommandSpec<string>);

export const tlsRequired = command({
  verb: '',
  phases: ANY_PHASE,
  parse: () => refuse('tlsRequired'),
  hook: undefined,
  args: () => [],
  reply: (_, context) => errorReply('tlsRequired', context.values['smtp-error-url']),
} satisfies CommandSpec<undefined>);
