// What the outcomes of a store are in Lua: a value, or nil or false with a cause. A failure never raises.
import type { LuaResults } from '../../lua-api/function-spec.ts';
import type { StoreCause } from '../../store/store.ts';

/** What a call gave: `value` behind it, or the cause why there is none. */
type Outcome =
  | { readonly kind: 'missing' | 'exists' | 'changed' | 'done' | 'added' | 'present' }
  | { readonly kind: 'failed'; readonly cause: StoreCause };

const yes: LuaResults = [true];
const no: LuaResults = [false];

/** For calls that do something. */
export function doneResults(outcome: Outcome): LuaResults {
  switch (outcome.kind) {
    case 'done':
    case 'added':
      return yes;
    case 'present':
      return no;
    case 'missing':
    case 'exists':
    case 'changed':
      return [false, outcome.kind];
    case 'failed':
      return [false, outcome.cause];
  }
}

const missing: LuaResults = [undefined, 'missing'];

/** For calls that give something. */
export const noValue = (
  outcome: { readonly kind: 'missing' } | { readonly kind: 'failed'; readonly cause: StoreCause },
): LuaResults => (outcome.kind === 'missing' ? missing : [undefined, outcome.cause]);
