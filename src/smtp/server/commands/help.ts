// HELP, RFC 5321 section 4.1.1.8: the commands that this client may use. An argument is ignored.
import { ANY_PHASE, type Command, type CommandSpec, command, go, NO_ARGS } from '../command.ts';
import { help } from '../default-reply.ts';

/** `others`: all commands but HELP. */
export function helpCommand(others: readonly Command[]): Command {
  return command({
    verb: 'HELP',
    phases: ANY_PHASE,
    parse: () => go(undefined),
    hook: 'help',
    args: () => NO_ARGS,
    reply: (_, context) => {
      const offered = others.filter((one) => one.offered(context)).map((one) => one.verb);
      return help([...offered, 'HELP']);
    },
  } satisfies CommandSpec<undefined>);
}
