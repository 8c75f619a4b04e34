// VERB, a command of the original: switches groups of log lines of the whole process on and off. Only for clients of smtp-xclient-hosts;
// the policy is not asked.

import { multiline } from '../../protocol/reply.ts';
import { ANY_PHASE, type CommandSpec, command, go, NO_ARGS, refuse } from '../command.ts';

const WIDTH = 64;

/** As many words on a line as fit. */
function wrap(all: readonly string[]): readonly string[] {
  const lines: string[] = [];
  let line = '2.0.0';
  for (const word of all) {
    if (line.length + 1 + word.length > WIDTH + '2.0.0 '.length) {
      lines.push(line);
      line = '2.0.0';
    }
    line += ` ${word}`;
  }
  lines.push(line);
  return lines;
}

export const verbCommand = command({
  verb: 'VERB',
  phases: ANY_PHASE,
  offered: (context) => context.trusted,
  parse: (line, context) => {
    const outcome = context.verbosity(line.argument);
    return outcome.kind === 'unknown' ? refuse('invalidArgument', { word: outcome.word }) : go(outcome.words);
  },
  hook: undefined,
  args: () => NO_ARGS,
  reply: (all) => multiline(214, wrap(all)),
} satisfies CommandSpec<readonly string[]>);
