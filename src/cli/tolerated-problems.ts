// Mistakes in an option file that keep a verb from nothing: who asks a server that runs, or looks something up, is often about to mend them.
import type { LoadedOptions } from '../options/load-options.ts';
import { isOffline } from './trace-words.ts';
import { type CommandLine, isAdminVerb } from './verb.ts';

/** Tells only what is in this program. */
const isReference = ({ topics, verb }: CommandLine): boolean =>
  verb === 'explain' || verb === 'doc' || (verb === 'help' && topics.length > 0 && !topics.includes('all'));

/** Of all that is in the file it needs where the server is asked. */
const asksServer = ({ operands, verb }: CommandLine): boolean =>
  isAdminVerb(verb) && !(verb === 'trace' && isOffline(operands));

/**
 * What is wrong with the options and does not matter to the verb: what of it is worth a warning. undefined: it does matter, or nothing is
 * wrong.
 */
export function toleratedProblems(line: CommandLine, loaded: LoadedOptions): readonly string[] | undefined {
  const { options, problems } = loaded;
  if (problems.length === 0 || problems.some((one) => one.startsWith('command line: '))) return undefined;
  if (isReference(line)) return [];
  if (!asksServer(line) || options.values['admin-listen'] === '') return undefined;
  if (problems.some((one) => /\badmin-/.test(one))) return undefined;
  // To a reload the server says it itself.
  return line.verb === 'reload' ? [] : problems;
}
