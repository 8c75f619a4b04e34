// HELO, RFC 5321 section 4.1.1.1. A good one ends a transaction; a refused one changes nothing (RFC 5321 section 4.1.4).
import { ANY_PHASE, type CommandSpec, command, go, refuse } from '../command.ts';
import { helo } from '../default-reply.ts';

export const heloCommand = command({
  verb: 'HELO',
  phases: ANY_PHASE,
  endsTransaction: true,
  parse: (line) => (line.argument === '' ? refuse('missingArgument') : go(line.argument)),
  hook: 'helo',
  args: (argument) => [argument],
  reply: (argument, context) => helo(argument, context.client.address, context.client.host),
  effect: (_, success) => (success ? { kind: 'hello', hello: 'helo' } : undefined),
} satisfies CommandSpec<string>);
