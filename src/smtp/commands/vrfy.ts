// VRFY, RFC 5321 section 4.1.1.6 and 7.3: answered, as section 4.5.1 asks, and nobody learns anything by it. A policy that has an answer of
// its own gives it in hook.unknown, as ever.
import { ANY_PHASE, type CommandSpec, command, go, refuse } from '../command.ts';
import { CANNOT_VERIFY } from '../default-reply.ts';

export const vrfyCommand = command({
  verb: 'VRFY',
  phases: ANY_PHASE,
  parse: (line) => (line.argument === '' ? refuse('missingArgument') : go(line.input)),
  hook: 'unknown',
  args: (input) => [input],
  reply: () => CANNOT_VERIFY,
} satisfies CommandSpec<string>);
