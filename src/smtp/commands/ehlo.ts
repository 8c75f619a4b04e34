// EHLO, RFC 5321 section 4.1.1.1, with the extensions of RFC 1870, 2034, 2920, 4954 and 6152 that are on.
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
    ehlo(argument, context.client.address, context.client.host, {
      xclient: context.trusted && context.values['smtp-xclient'],
      pipelining: context.values['rfc2920-pipelining-enable'],
      auth: context.has('auth'),
      maxSize: context.values['smtp-max-size'],
    }),
  effect: (_, success) => (success ? { kind: 'hello', hello: 'ehlo' } : undefined),
} satisfies CommandSpec<string>);
