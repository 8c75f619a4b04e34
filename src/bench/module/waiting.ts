// Functions of a test that have the case go on: they begin when Lua has stopped running, as policies run in the same engine.
import type { LuaResults, Suspension } from '../../lua-api/function-spec.ts';

export function waiting(what: string, act: () => Promise<LuaResults>): Suspension {
  return {
    kind: 'suspension',
    describe: () => what,
    done: Promise.resolve().then(act),
    cancel: () => undefined,
  };
}
