// Calls of a store as they are counted and recorded: which function, what the policy was told, how long it took. Nothing is done while nobody listens.
// Where a recorded session is played, what was told then is told again.
import type { Clock } from '../../base/clock.ts';
import type { CallContext } from '../../lua-api/call-context.ts';
import type { FunctionSpec, LuaResults } from '../../lua-api/function-spec.ts';
import type { LuaValue } from '../../lua-api/value.ts';
import { storeCauses } from '../../store/store.ts';
import type { RecordedCall } from '../../store/stores.ts';

const causes: ReadonlySet<unknown> = new Set(storeCauses);

export interface MeasuredParts {
  /** As the options name it: `store`, `store.NAME`. */
  readonly store: string;
  readonly clock: Clock;
  /** What the same call was told when the session was recorded, the next time of several. */
  readonly recorded: ((call: RecordedCall) => readonly unknown[] | undefined) | undefined;
}

/** The function with its calls told. */
export function measured(spec: FunctionSpec, { clock, recorded, store }: MeasuredParts): FunctionSpec {
  return {
    ...spec,
    call: (context, args) => {
      const told = recorded?.({ store, op: spec.name, args: asJson(args) });
      if (told !== undefined) {
        // What only the policy at hand asks behind it finds what was written.
        void spec.call(context, args);
        return told.map(fromJson);
      }
      const isRecorded = context.log.wants('answer-given');
      if (!isRecorded && !context.log.wants('store-asked')) return spec.call(context, args);
      const since = clock.monotonic();
      const given = spec.call(context, args);
      const tell = (results: LuaResults): LuaResults => {
        report(context, { store, op: spec.name, seconds: (clock.monotonic() - since) / 1000 }, results);
        if (isRecorded) {
          const answer = asJson(results);
          context.log.emit('answer-given', {
            of: 'store',
            key: `${store}.${spec.name} ${asJson(args)}`,
            answer,
          });
        }
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

/** Octets are texts of them: who looks for a password in it finds it. */
const asJson = (values: readonly unknown[]): string =>
  JSON.stringify(values, function (this: unknown, key: string, given: unknown) {
    // JSON has made an object of a Buffer by now.
    const value = Reflect.get(this as object, key) as unknown;
    if (Buffer.isBuffer(value)) return value.toString('latin1');
    return value instanceof Map ? Object.fromEntries(value) : given;
  });

function fromJson(value: unknown): LuaValue {
  if (Array.isArray(value)) return new Map(value.map((one, i) => [i + 1, fromJson(one)]));
  if (typeof value === 'object' && value !== null)
    return new Map(Object.entries(value).map(([name, one]) => [name, fromJson(one)]));
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? value
    : undefined;
}

function report(
  { log }: CallContext,
  call: { readonly store: string; readonly op: string; readonly seconds: number },
  results: LuaResults,
): void {
  if (!log.wants('store-asked')) return;
  // A cause is the second result of whatever gives none.
  const cause = results[1];
  log.emit('store-asked', { ...call, result: causes.has(cause) ? String(cause) : 'ok' });
}
