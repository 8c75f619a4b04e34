// A policy whose hooks are told of: with what they were called, what they answered, how often. It changes nothing of what they do.
import { chain, type Maybe } from '../base/maybe.ts';
import { type LuaValue, luaTypeName, type SliceBatch } from '../lua-api/value.ts';
import type { HookName } from '../policy/hook-table.ts';
import type { HookOutcome, InstanceOwner, OpenOutcome, Policy, PolicyInstance } from '../policy/instance.ts';

/** Told in the order in which it happens. */
export interface HookListener {
  called(hook: string, args: string): void;
  ended(hook: string, outcome: HookOutcome): void;
}

function sketch(value: LuaValue): string {
  if (typeof value === 'string' || Buffer.isBuffer(value)) return JSON.stringify(value.toString('latin1'));
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return luaTypeName(value);
}

/** What a hook answered, in words. */
export function outcomeText(outcome: HookOutcome): string {
  switch (outcome.kind) {
    case 'returned': {
      const { drop, reply } = outcome;
      if (reply === undefined) return drop ? 'true (drop)' : 'nothing';
      return drop ? `true, ${reply}` : reply;
    }
    case 'misshapen':
      return `${outcome.results.map(({ text, type }) => text ?? type).join(', ')} (no [drop,] reply)`;
    case 'not-callable':
      return `the ${outcome.what} is a ${outcome.type}`;
    case 'error':
    case 'limit':
      return `error: ${outcome.message}`;
    case 'cancelled':
      return 'cut off';
    case 'undefined':
      return 'no such hook';
  }
}

class RecordedInstance implements PolicyInstance {
  readonly #inner: PolicyInstance;
  readonly #listener: HookListener;

  constructor(inner: PolicyInstance, listener: HookListener) {
    this.#inner = inner;
    this.#listener = listener;
  }

  has(hook: HookName): boolean {
    return this.#inner.has(hook);
  }

  placeOf(hook: HookName): string {
    return this.#inner.placeOf(hook);
  }

  get resumedMs(): number {
    return this.#inner.resumedMs;
  }

  get verifies(): boolean {
    return this.#inner.verifies;
  }

  call(hook: HookName, args: readonly LuaValue[]): Maybe<HookOutcome> {
    if (!this.#inner.has(hook)) return this.#inner.call(hook, args);
    this.#listener.called(hook, args.map(sketch).join(', '));
    return chain(this.#inner.call(hook, args), (outcome) => {
      this.#listener.ended(hook, outcome);
      return outcome;
    });
  }

  callEach(hook: HookName, batch: SliceBatch) {
    if (!this.#inner.has(hook)) return this.#inner.callEach(hook, batch);
    const shown =
      batch.count === 1
        ? batch.bytes.toString('latin1', batch.starts[0], batch.ends[0]).trimEnd()
        : undefined;
    this.#listener.called(hook, shown === undefined ? `${batch.count} lines` : JSON.stringify(shown));
    return chain(this.#inner.callEach(hook, batch), (row) => {
      this.#listener.ended(hook, row.outcome);
      return row;
    });
  }

  run(source: string, chunkName: string): Maybe<HookOutcome> {
    return this.#inner.run(source, chunkName);
  }

  setClient(fields: Parameters<PolicyInstance['setClient']>[0]): void {
    this.#inner.setClient(fields);
  }

  forget(module: string, field: string): void {
    this.#inner.forget(module, field);
  }

  cancel(): void {
    this.#inner.cancel();
  }

  close(): void {
    this.#inner.close();
  }
}

export function recordedPolicy(policy: Policy, listener: HookListener): Policy {
  return {
    revision: policy.revision,
    path: policy.path,
    open: (owner: InstanceOwner) =>
      chain(policy.open(owner), (opened): OpenOutcome => {
        if (opened.kind === 'open')
          return { kind: 'open', instance: new RecordedInstance(opened.instance, listener) };
        listener.ended('script', opened.outcome);
        return opened;
      }),
  };
}
