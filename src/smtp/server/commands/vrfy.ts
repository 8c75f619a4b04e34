// VRFY, RFC 5321 section 4.1.1.6 and 7.3: answered, as section 4.5.1 asks, and nobody learns anything by it. A policy that has an answer of
// its own gives it in hook.unknown, as ever. A name in UTF-8 has SMTPUTF8 behind it (RFC 6531 section 3.7.4.2).
import { hasEightBitOctets, isUtf8Text } from '../../../text/utf8.ts';
import { isOffered } from '../../protocol/extension-table.ts';
import { ANY_PHASE, type CommandContext, type CommandSpec, command, go, refuse } from '../command.ts';
import { CANNOT_VERIFY } from '../default-reply.ts';

function mayBeSaid(argument: string, context: CommandContext): boolean {
  if (!hasEightBitOctets(argument)) return true;
  return isUtf8Text(argument) && /[ \t]SMTPUTF8$/i.test(argument) && isOffered('SMTPUTF8', context);
}

export const vrfyCommand = command({
  verb: 'VRFY',
  phases: ANY_PHASE,
  parse: (line, context) => {
    if (line.argument === '') return refuse('missingArgument');
    return mayBeSaid(line.argument, context) ? go(line.input) : refuse('nonAscii');
  },
  hook: 'unknown',
  args: (input) => [input],
  reply: () => CANNOT_VERIFY,
} satisfies CommandSpec<string>);
