// HELO, RFC 5321 section 4.1.1.1. A good one ends a transaction; a refused one takes the session back to before the hello.
import { ANY_PHASE, type CommandSpec, command, go, refuse } from '../command.ts';
import { helo } from '../default-reply.ts';

export const heloCommand = command({
  verb: 'HELO',
  phases: ANY_PHASE,
  parse: (line) => (line.argument === '' ? refuse('missingArgument') : go(line.argument)),
  hook: 'helo',
  args: (argument) => [argument],
  reply: (argument, context) => helo(argument, context.client.address, context.client.host),
  effect: (_, success) => (success ? { kind: 'hello', hello: 'helo' } : { kind: 'hello-refused' }),
} satisfies CommandSpec<string>);
