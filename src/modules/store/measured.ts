// Calls of a store as they are counted: which function, what the policy was told, how long it took. Nothing is done while nobody counts.
import type { Clock } from '../../base/clock.ts';
import type { CallContext } from '../../lua-api/call-context.ts';
import type { FunctionSpec, LuaResults } from '../../lua-api/function-spec.ts';
import { storeCauses } from '../../store/store.ts';

const causes: ReadonlySet<unknown> = new Set(storeCauses);

/** The function with its calls told. `store` as the options name it: `store`, `store.NAME`. */
export function measured(spec: FunctionSpec, store: string, clock: Clock): FunctionSpec {
  return {
    ...spec,
    call: (context, args) => {
      if (!context.log.wants('store-asked')) return spec.call(context, args);
      const since = clock.monotonic();
      const given = spec.call(context, args);
      const tell = (results: LuaResults): LuaResults => {
        report(context, { store, op: spec.name, seconds: (clock.monotonic() - since) / 1000 }, results);
        return results;
      };
      if (!('kind' in given)) return tell(given);
      return {
        kind: 'suspension',
        describe: () => given.describe(),
        done: given.done.then(tell),
        cancel: () => given.cancel(),
      };
    },
  };
}

function report(
  { log }: CallContext,
  call: { readonly store: string; readonly op: string; readonly seconds: number },
  results: LuaResults,
): void {
  // A cause is the second result of whatever gives none.
  const cause = results[1];
  log.emit('store-asked', { ...call, result: causes.has(cause) ? String(cause) : 'ok' });
}
