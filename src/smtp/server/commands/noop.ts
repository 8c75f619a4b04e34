// NOOP, RFC 5321 section 4.1.1.9. An argument is ignored.
import { ANY_PHASE, type CommandSpec, command, go, NO_ARGS } from '../command.ts';
import { OK } from '../default-reply.ts';

export const noopCommand = command({
  verb: 'NOOP',
  phases: ANY_PHASE,
  parse: () => go(undefined),
  hook: 'noop',
  args: () => NO_ARGS,
  reply: () => OK,
} satisfies CommandSpec<undefined>);
