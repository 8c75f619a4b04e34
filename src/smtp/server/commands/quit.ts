// QUIT, RFC 5321 section 4.1.1.10: served at any time, also after a refusing banner, and it ends the session whatever hook.quit says.
import { ANY_PHASE, type CommandSpec, command, NO_ARGS, parseNoArgument } from '../command.ts';
import { closing } from '../default-reply.ts';

export const quitCommand = command({
  verb: 'QUIT',
  phases: [...ANY_PHASE, 'refused'],
  parse: parseNoArgument,
  hook: 'quit',
  args: () => NO_ARGS,
  reply: (_, context) => closing(context.hostName, context.idSess),
  effect: () => ({ kind: 'close' }),
} satisfies CommandSpec<undefined>);
