// How a function of Lua gets its answer of a store: at once when it can, else by suspending the hook.
import type { Maybe } from '../../base/maybe.ts';
import type { LuaResults, Suspension } from '../../lua-api/function-spec.ts';
import type { OpenOutcome } from '../../store/adapter.ts';
import type { Store } from '../../store/store.ts';

/** Lua strings are octets. */
export const octets = (text: string): Buffer => Buffer.from(text, 'latin1');

/** How a store is come by, and what it is called in errors and logs. */
export interface StoreAccess {
  readonly name: string;
  open(): Maybe<OpenOutcome>;
}

export const down: LuaResults = [undefined, 'down'];
export const downFalse: LuaResults = [false, 'down'];

/** Calls the store when it is open: at once, or by a suspension. */
export function ask(
  access: StoreAccess,
  name: string,
  call: (store: Store) => Maybe<LuaResults>,
  refused: LuaResults,
): LuaResults | Suspension {
  const opened = access.open();
  const after = (outcome: OpenOutcome): Maybe<LuaResults> =>
    outcome.kind === 'open' ? call(outcome.store) : refused;
  const answer = opened instanceof Promise ? opened.then(after) : after(opened);
  if (!(answer instanceof Promise)) return answer;
  return {
    kind: 'suspension',
    describe: () => `${access.name}.${name}`,
    done: answer,
    // What was sent may still be done: nobody waits for it.
    cancel: () => undefined,
  };
}

export function on<T>(outcome: Maybe<T>, results: (outcome: T) => LuaResults): Maybe<LuaResults> {
  return outcome instanceof Promise ? outcome.then(results) : results(outcome);
}
