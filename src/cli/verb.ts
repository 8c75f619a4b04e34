// The first word of the command line when it is a verb, and the verb that an option stands for.
import { nearestName } from '../options/nearest-name.ts';
import type { Options } from '../options/options.ts';

export const verbs = ['run', 'check', 'test', 'help', 'info', 'version'] as const;
export type Verb = (typeof verbs)[number];

export interface CommandLine {
  /** `run` when none is given. */
  readonly verb: Verb;
  /** Was the verb a word of its own? Then printing something is no usage error. */
  readonly spelled: boolean;
  /** The option words. */
  readonly words: readonly string[];
}

/** Words that are always meant as a verb although they are none. */
const aliases: Readonly<Record<string, Verb>> = {
  '--help': 'help',
  '-h': 'help',
  '-?': 'help',
  '--version': 'version',
  '-V': 'version',
};

export function readCommandLine(args: readonly string[]): CommandLine {
  const [first, ...rest] = args;
  const verb = verbs.find((it) => it === first) ?? (first === undefined ? undefined : aliases[first]);
  return verb === undefined
    ? { verb: 'run', spelled: false, words: args }
    : { verb, spelled: true, words: rest };
}

/** What `+help`, `+info`, `+version` and `+test` ask for, in the order in which the original looked at them. */
export function effectiveVerb(commandLine: CommandLine, options: Options): Verb {
  if (commandLine.spelled) return commandLine.verb;
  const { values } = options;
  if (values.version) return 'version';
  if (values.info) return 'info';
  if (values.help) return 'help';
  return values.test ? 'test' : 'run';
}

/** A hint for a first word that looks like a misspelt verb. */
export function verbHint(word: string | undefined): string | undefined {
  if (word === undefined || !/^[a-z]+$/i.test(word)) return undefined;
  const near = nearestName(word, verbs);
  return near === undefined ? undefined : `did you mean: smtpe ${near}?`;
}
