// Which command a line asks for where it stands: the one of that name, or one that answers why not. Pure.
import type { Command, CommandContext } from './command.ts';
import { commands, outOfSequence, tlsRequired, unknownCommand } from './commands/index.ts';
import { looksLikeCommand } from './interactive.ts';
import type { State } from './state-machine.ts';

/** What a client may say in clear on a listener with the flag tls-required (RFC 3207 section 4). */
const IN_CLEAR: ReadonlySet<string> = new Set(['EHLO', 'HELO', 'STARTTLS', 'NOOP', 'QUIT']);

/** `verb`: upper case. */
export function commandFor(
  verb: string,
  phase: State['phase'],
  context: CommandContext & { readonly mustSecure: boolean },
): Command {
  const found = commands.get(verb);
  if (found?.ownOctets === true) return found;
  if (context.mustSecure && !IN_CLEAR.has(verb) && phase !== 'refused') return tlsRequired;
  if (phase !== 'refused' && (found === undefined || !found.offered(context))) return unknownCommand;
  return found?.phases.includes(phase) === true ? found : outOfSequence;
}

/** A command is meant, which is not offered: the answer says why. */
export const isMeant = (input: string): boolean => looksLikeCommand(input, (verb) => commands.has(verb));

/** Begins with the verb of a command. */
export function isCommand(input: string): boolean {
  const [verb = ''] = input.split(/[ \t]/, 1);
  return commands.has(verb.toUpperCase());
}
