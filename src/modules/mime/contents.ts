// What the functions about parts share: the stored message of a transaction with its parts, found once and again when the policy has changed the
// message, and what is left to be read of it. One for each connection; it keeps nothing of a transaction that is over.
import type { CallContext, Slot } from '../../lua-api/call-context.ts';
import { LuaError, type LuaResults, type Suspension } from '../../lua-api/function-spec.ts';
import { Pace, type ReadBudget, ReadTooMuch } from '../../message/content/pace.ts';
import { indexParts, type PartIndex } from '../../message/content/part-index.ts';
import type { IndexedMessage } from '../../message/content/part-octets.ts';
import { type MimeLimits, mimeLimits } from '../../message/mime/limits.ts';
import type { PartPlace } from '../../message/mime/part.ts';
import type { StoredMessage } from '../../message/stored-message.ts';
import { optionsOf } from '../../options/options.ts';
import { sessionOf } from '../../policy/session-view.ts';

/** What a function has to work with. */
export interface OpenedPart {
  readonly message: IndexedMessage;
  readonly place: PartPlace;
  readonly pace: Pace;
  readonly limits: MimeLimits;
}

interface Known {
  readonly transaction: string;
  readonly budget: ReadBudget;
  readonly limits: MimeLimits;
  state: string;
  index: PartIndex | undefined;
}

class Contents {
  #known: Known | undefined;

  of(transaction: string, limits: () => MimeLimits): Known {
    if (this.#known?.transaction !== transaction) {
      const found = limits();
      const budget = { left: found.readBytes };
      this.#known = { transaction, budget, limits: found, state: '', index: undefined };
    }
    return this.#known;
  }

  forget(): void {
    this.#known = undefined;
  }
}

const slot: Slot<Contents> = {
  name: 'mime contents',
  create: () => new Contents(),
  dispose: (contents) => contents.forget(),
};

/** All of the message, as it is stored at this moment. */
async function indexed(known: Known, message: StoredMessage, pace: Pace): Promise<IndexedMessage> {
  const state = (await message.state?.()) ?? 'the same';
  if (known.index === undefined || known.state !== state) {
    known.index = undefined;
    known.index = await indexParts(message, known.limits, pace);
    known.state = state;
  }
  return { message, index: known.index };
}

/** Runs `work` on part `number`; its results, or nil and why not. Raises where there is no complete message. */
export function withPart(
  context: CallContext,
  name: string,
  number: number,
  work: (part: OpenedPart) => Promise<LuaResults>,
): Suspension {
  const session = sessionOf(context);
  const transaction = session?.transaction;
  const message = transaction?.message;
  if (session === undefined || transaction?.isComplete !== true || message === undefined)
    throw new LuaError(
      `${name}: the message is not complete; right is to call it in hook.dot or later, before the transaction is over`,
    );
  const { values } = optionsOf(context);
  const known = context.slot(slot).of(transaction.id, () => mimeLimits(values));
  const stop = new AbortController();
  const pace = new Pace(stop.signal, known.budget);
  const run = async (): Promise<LuaResults> => {
    try {
      const found = await indexed(known, message, pace);
      const place = found.index.get(number);
      if (place === undefined)
        return [undefined, `there is no part ${number}: the message has ${found.index.size}`];
      return await work({ message: found, place, pace, limits: known.limits });
    } catch (error) {
      if (error instanceof LuaError || stop.signal.aborted) throw error;
      if (error instanceof ReadTooMuch) {
        session.reached?.('readBytes');
        return [undefined, error.message];
      }
      if (error instanceof Error && 'code' in error)
        throw new LuaError(`${name}: the message cannot be read: ${error.message}`);
      throw error;
    }
  };
  return {
    kind: 'suspension',
    describe: () => `${name} (part ${number})`,
    done: run(),
    cancel: () => stop.abort(),
  };
}
