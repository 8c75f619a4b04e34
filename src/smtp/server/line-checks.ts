// What is judged about a line of the client before it is run as a command: whether its sender has used up what he may do, and whether he waits
// for replies (RFC 2920). The conversation asks; nothing is sent here.
import { isOffered } from '../protocol/extension-table.ts';
import type { CommandContext } from './command.ts';
import type { ErrorName } from './reply-table.ts';
import type { SessionCore } from './session-core.ts';
import { helloOf } from './state-machine.ts';

const past = (count: number, limit: number): boolean => limit > 0 && count > limit;

/** The limit that the client has passed with this line. */
export function overLimit({ counts, values, transaction }: SessionCore): ErrorName | undefined {
  // Recipients that were taken have a limit of their own, which EHLO tells (LIMITS). They count all the same when their transaction is given up:
  // nobody is asked about recipients for ever.
  const taken = transaction?.recipients.length ?? 0;
  if (past(counts.commandsWithoutMessage - taken, values['limit-commands'])) return 'commands';
  if (past(counts.errors + 1, values['limit-errors'])) return 'errors';
  if (past(counts.unknown + 1, values['limit-unknown'])) return 'unknowns';
  return undefined;
}

/** A smaller chunk counts for limit-small-chunks. */
const SMALL_CHUNK = 1024;

/** A chunk of so many octets is no command but a part of the message. True when there were too many of those that bring next to nothing. */
export function overChunks(octets: number, { counts, values }: SessionCore): boolean {
  counts.commandsWithoutMessage--;
  if (octets < SMALL_CHUNK) counts.smallChunks++;
  return past(counts.smallChunks, values['limit-small-chunks']);
}

/** Input is there behind this command: noted. True when that is to be refused: rfc2920-pipelining-reject, and not announced. */
export function pipelinesUnasked(core: SessionCore, context: CommandContext): boolean {
  if (!core.pipelining) core.log.emit('protocol-pipelining', {});
  core.pipelining = true;
  core.setClient({ is_pipelining: true });
  const announced = isOffered('PIPELINING', context) && helloOf(context.state) === 'ehlo';
  return core.values['rfc2920-pipelining-reject'] && !announced;
}

/** Who has used up what he may do can still leave in good order. */
export function isQuit(input: string): boolean {
  // Asked about every command: most are told apart by their first letter.
  return (input.startsWith('Q') || input.startsWith('q')) && /^quit[ \t]*$/i.test(input);
}
