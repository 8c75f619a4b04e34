// EHLO, RFC 5321 section 4.1.1.1, with what protocol/extension-table offers to this client.
import { ehloLines } from '../../protocol/extension-table.ts';
import { ANY_PHASE, type CommandSpec, command, go, refuse } from '../command.ts';
import { ehlo } from '../default-reply.ts';

export const ehloCommand = command({
  verb: 'EHLO',
  phases: ANY_PHASE,
  endsTransaction: true,
  parse: (line) => (line.argument === '' ? refuse('missingArgument') : go(line.argument)),
  hook: 'ehlo',
  args: (argument) => [argument],
  reply: (argument, context) =>
    ehlo(argument, context.client.address, context.client.host, ehloLines(context)),
  effect: (_, success) => (success ? { kind: 'hello', hello: 'ehlo' } : undefined),
} satisfies CommandSpec<string>);
