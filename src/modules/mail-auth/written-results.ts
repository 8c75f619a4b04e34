// What auth.add has written into the message being received, for whoever records it once more (ARC-Authentication-Results).
import type { CallContext, Slot } from '../../lua-api/call-context.ts';
import { sessionOf } from '../../policy/session-view.ts';

interface Written {
  transaction: string | undefined;
  value: string | undefined;
}

const slot: Slot<Written> = {
  name: 'auth',
  create: () => ({ transaction: undefined, value: undefined }),
};

/** The value that was written last in this transaction, folded; undefined when none was. */
export function writtenResults(context: CallContext): string | undefined {
  return resultsAtEnd(context)();
}

/** The same when it is asked for, as long as the transaction of the call lasts. */
export function resultsAtEnd(context: CallContext): () => string | undefined {
  const transaction = sessionOf(context)?.transaction?.id;
  const written = context.slot(slot);
  return () => (transaction !== undefined && written.transaction === transaction ? written.value : undefined);
}

export function noteWritten(context: CallContext, value: string): void {
  const written = context.slot(slot);
  written.transaction = sessionOf(context)?.transaction?.id;
  written.value = value;
}
