// Reads a stored message for its verification where nobody was expected to ask while it came in (a policy whose text names no verifier): at
// once when it is small and in memory, else in pieces with a turn of the event loop between them. Of the message only the header block is kept.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { LuaError } from '../../lua-api/function-spec.ts';
import { MessageIntake, type ReceivedLimits, type ReceivedMessage } from '../../mail-auth/received.ts';
import type { TransactionView } from '../../policy/session-view.ts';

const pieceOctets = 65_536;
/** So much is read without a turn: about half a millisecond. */
const atOnceOctets = 262_144;

const changed =
  'the message is not as it was received any more; to be asked before its file is written to and before a service replaces it';

/** Rejects with LuaError when the message cannot be read, is another one by now, or `signal` says that nobody waits any more. */
export async function takeIn(
  transaction: Pick<TransactionView, 'message' | 'layout' | 'isAsReceived'>,
  limits: ReceivedLimits,
  signal: AbortSignal,
): Promise<ReceivedMessage> {
  const { message, layout } = transaction;
  // Headers end where the receiver says, so that a signature is never judged over others than the policy sees.
  const blockEnd = (block: Buffer): number => layout?.headerLength ?? block.length;
  const intake = new MessageIntake({ limits, blockEnd });
  const { pieces, size = 0 } = message ?? {};
  try {
    if (message !== undefined && !(await transaction.isAsReceived())) throw new LuaError(changed);
    if (pieces !== undefined && size <= atOnceOctets) for (const piece of pieces) intake.feed(piece);
    else if (message !== undefined) {
      for await (const piece of message.read()) {
        for (let at = 0; at < piece.length; at += pieceOctets) {
          if (signal.aborted) throw new Error('nobody waits any more');
          intake.feed(piece.subarray(at, at + pieceOctets));
          await nextTurn();
        }
      }
    }
  } catch (error) {
    if (error instanceof LuaError) throw error;
    throw new LuaError(
      `the message cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  intake.end();
  const { received } = intake;
  if (received === undefined) throw new Error('a message that ended and is not there');
  return received;
}
