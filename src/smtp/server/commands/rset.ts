// RSET, RFC 5321 section 4.1.1.5. The transaction ends whatever hook.rset says.
import { ANY_PHASE, type CommandSpec, command, NO_ARGS, parseNoArgument } from '../command.ts';
import { OK } from '../default-reply.ts';

export const rsetCommand = command({
  verb: 'RSET',
  phases: ANY_PHASE,
  endsTransaction: true,
  parse: parseNoArgument,
  hook: 'rset',
  args: () => NO_ARGS,
  reply: () => OK,
  effect: () => ({ kind: 'reset' }),
} satisfies CommandSpec<undefined>);
