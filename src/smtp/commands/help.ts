// HELP, RFC 5321 section 4.1.1.8.
import { ANY_PHASE, type CommandSpec, command, go, NO_ARGS } from '../command.ts';
import { HELP } from '../default-reply.ts';

export const helpCommand = command({
  verb: 'HELP',
  phases: ANY_PHASE,
  parse: () => go(undefined),
  hook: 'help',
  args: () => NO_ARGS,
  reply: () => HELP,
} satisfies CommandSpec<undefined>);
