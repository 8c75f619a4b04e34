// Hooks of scripts (option load-script) that are asked about a command before the policy is: whether there are any, and the question. What their verdict means
// for the command is the conversation's.
import type { Maybe } from '../../base/maybe.ts';
import { type AboutCommand, askScripts, type ScriptsSaid } from './ask-scripts.ts';
import type { Command } from './command.ts';
import type { CommandLine } from './command-parser.ts';
import { outOfSequence, tlsRequired } from './commands/index.ts';
import type { SessionCore } from './session-core.ts';

/** Nobody is asked about them but the policy. */
const SILENT_COMMANDS: ReadonlySet<Command> = new Set([outOfSequence, tlsRequired]);

export const isHello = ({ verb }: Command): boolean => verb === 'HELO' || verb === 'EHLO';

/** Whether hooks of scripts come before the rest: a command that is refused for where it stands or how it is written never gets here. */
export function scriptsAreAsked({ deps: { scripts } }: SessionCore, command: Command, verb: string): boolean {
  return scripts !== undefined && !SILENT_COMMANDS.has(command) && scripts.has('command', verb.toLowerCase());
}

/** `input`: the whole line, as they are shown it. */
export function askAboutCommand(
  core: SessionCore,
  command: Command,
  line: CommandLine,
  input: string,
): Maybe<ScriptsSaid> {
  const about: AboutCommand = {
    ...{ verb: line.verb.toLowerCase(), line: input },
    ...(isHello(command) && { helo: line.argument }),
  };
  const story = core.transaction?.story;
  if (command.verb === 'RCPT') story?.asks('rcpt', withoutWord(line.argument));
  if (command.verb === 'DATA') story?.asks('data');
  return askScripts(core, 'command', about);
}

/** What stands behind `TO:`, for a path that could not be read. */
export function withoutWord(argument: string): string {
  return argument.replace(/^to:[ \t]*/i, '').replace(/^<(.*)>$/, '$1');
}
