// BDAT, RFC 3030 section 2: so many octets of the message follow the line, whatever is said to it, and are no commands. They are taken off before
// every reply, also where the command does not fit or is not offered; only when nobody knows how many they are, or when they are too many to be
// waited for, the session ends instead. hook.data is asked by the first chunk of a message. A chunk that is refused ends the transaction.

import { OctetsFraming } from '../../../message/framing/octets.ts';
import type { Spool } from '../../../message/spool.ts';
import { isOffered } from '../../protocol/extension-table.ts';
import {
  ANY_PHASE,
  type Command,
  type CommandContext,
  type CommandSpec,
  command,
  go,
  NO_ARGS,
  type Parsed,
  refuse,
} from '../command.ts';
import type { CommandLine } from '../command-parser.ts';
import { chunkOk } from '../default-reply.ts';
import type { ErrorName } from '../reply-table.ts';
import type { Event } from '../state-machine.ts';

interface Chunk {
  readonly octets: number;
  readonly last: boolean;
  readonly message: Spool;
  readonly framing: OctetsFraming;
}

const ARGUMENT = /^(\d{1,20})(?:[ \t]+(LAST))?$/i;

/** A chunk that is so much larger than a message may be is not waited for. */
const FAR_TOO_MUCH = 67_108_864;

/** Octets that belong to this line; 0 for every other command. */
export function octetsBehind(input: string): number {
  if (!beginsChunk(input)) return 0;
  return Number(ARGUMENT.exec(input.slice(4).trim())?.[1] ?? 0);
}

/** Whether the line is a BDAT, however little of it can be read. */
export function beginsChunk(line: string): boolean {
  return /^bdat(?:[ \t]|$)/i.test(line);
}

function parse(line: CommandLine, context: CommandContext): Parsed<Chunk> {
  const { state, values } = context;
  const [, digits, last] = ARGUMENT.exec(line.argument) ?? [];
  if (digits === undefined) return { ...refuse('chunkSize', { word: line.argument }), closes: true };
  const octets = Number(digits);
  const limit = values['smtp-max-size'];
  const most = limit > 0 ? limit + FAR_TOO_MUCH : Number.MAX_SAFE_INTEGER;
  const received = state.phase === 'chunks' ? (state.transaction.receiver?.received ?? 0) : 0;
  if (received + octets > most) return { ...refuse('size', { limit: limit || most }), closes: true };
  const no = (error: ErrorName): Parsed<Chunk> => ({
    ...refuse(error, { input: line.input }),
    swallow: octets,
  });
  if (state.phase === 'refused') return no('outOfSequence');
  if (context.mustSecure) return no('tlsRequired');
  if (!isOffered('CHUNKING', context)) return no('unknown');
  const rest = { octets, last: last !== undefined };
  switch (state.phase) {
    case 'chunks':
      return go({ ...rest, message: state.message, framing: state.framing });
    case 'rcpt': {
      const { transaction } = state;
      if (transaction.recipients.length === 0) return no('noRecipients');
      return go({
        ...rest,
        message: context.openMessage(transaction),
        framing: new OctetsFraming(transaction.isBinary),
      });
    }
    default:
      return no('outOfSequence');
  }
}

const chunk = {
  verb: 'BDAT',
  phases: ['refused', ...ANY_PHASE],
  ownOctets: true,
  offered: (context: CommandContext) => isOffered('CHUNKING', context),
  parse,
  args: () => NO_ARGS,
  octets: ({ octets }: Chunk) => octets,
  reply: ({ octets }: Chunk) => chunkOk(octets),
  effect: (value: Chunk): Event => ({ kind: 'chunk', ...value }),
} satisfies Omit<CommandSpec<Chunk>, 'hook'>;

const first = command<Chunk>({ ...chunk, hook: 'data', succeeds: (code) => code === 354 });
const next = command<Chunk>({ ...chunk, hook: undefined });

export const bdatCommand: Command = {
  ...first,
  start: (line, context, answers) =>
    (context.state.phase === 'chunks' ? next : first).start(line, context, answers),
};
