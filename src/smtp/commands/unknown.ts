// What is no command here (RFC 5321 section 4.2.4: 502), and a command that does not fit where the session stands (503).
import { ANY_PHASE, type CommandSpec, command, go } from '../command.ts';
import { errorReply } from '../reply-table.ts';

export const unknownCommand = command({
  verb: '',
  phases: ANY_PHASE,
  parse: (line) => go(line.input),
  hook: 'unknown',
  args: (input) => [input],
  reply: (input, context) => errorReply('unknown', context.values['smtp-error-url'], { input }),
} satisfies CommandSpec<string>);

export const outOfSequence = command({
  verb: '',
  phases: [...ANY_PHASE, 'refused'],
  parse: (line) => go(line.input),
  hook: 'out_seq',
  args: (input) => [input],
  reply: (input, context) => errorReply('outOfSequence', context.values['smtp-error-url'], { input }),
} satisfies CommandSpec<string>);
