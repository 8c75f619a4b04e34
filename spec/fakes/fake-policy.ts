// A policy made of TypeScript functions, for specs of the session: what a hook returns is the outcome, a promise suspends it, an exception
// is a Lua error. Every call is recorded. Checks the contract: hooks of one instance never overlap, none is called after close.
import {
  ByteSlice,
  type LiveTable,
  type LuaRecord,
  type LuaValue,
  type SliceBatch,
} from '../../src/lua-api/value.ts';
import type { HookName } from '../../src/policy/hook-table.ts';
import type {
  HookOutcome,
  InstanceOwner,
  OpenOutcome,
  Policy,
  PolicyInstance,
  RowOutcome,
} from '../../src/policy/instance.ts';
import { FakeLiveTable } from './live-table.ts';

/** A reply, [drop flag, reply], nothing, or a whole outcome. */
export type HookReturn = undefined | string | readonly [boolean, string] | HookOutcome;
export type FakeHook = (
  instance: FakeInstance,
  ...args: readonly LuaValue[]
) => HookReturn | Promise<HookReturn>;
export type FakeHooks = Readonly<Partial<Record<HookName, FakeHook>>>;

export class FakeInstance implements PolicyInstance {
  readonly owner: InstanceOwner;
  readonly calls: (readonly [HookName, ...LuaValue[]])[] = [];
  /** The client table as Lua sees it now. */
  readonly client: Record<string, LuaValue> = {};
  readonly forgotten: string[] = [];
  readonly tables: FakeLiveTable[] = [];
  closed = false;
  readonly verifies = false;
  readonly resumedMs = 0;
  readonly #hooks: FakeHooks;
  #running: ((outcome: HookOutcome) => void) | undefined;
  #fields: Record<string, LuaValue> = {};

  constructor(hooks: FakeHooks, owner: InstanceOwner) {
    this.#hooks = hooks;
    this.owner = owner;
  }

  placeOf(hook: HookName): string {
    return this.has(hook) ? 'policy.lua:1' : '';
  }

  has(hook: HookName): boolean {
    return this.#hooks[hook] !== undefined;
  }

  call(hook: HookName, args: readonly LuaValue[]): HookOutcome | Promise<HookOutcome> {
    if (this.closed) throw new Error(`hook.${hook} called after close`);
    if (this.#running !== undefined) throw new Error(`hook.${hook} called while another one is suspended`);
    const run = this.#hooks[hook];
    if (run === undefined) return { kind: 'undefined' };
    Object.assign(this.client, this.#fields);
    for (const [name, value] of Object.entries(this.#fields))
      if (value === undefined) delete this.client[name];
    this.#fields = {};
    const plain = args.map((arg) =>
      Buffer.isBuffer(arg) ? arg.toString('latin1') : arg instanceof ByteSlice ? arg.toString() : arg,
    );
    this.calls.push([hook, ...plain]);
    let result: HookReturn | Promise<HookReturn>;
    try {
      result = run(this, ...plain);
    } catch (error) {
      return failure(error);
    }
    if (!(result instanceof Promise)) return outcome(result);
    return new Promise((resolve) => {
      const end = (value: HookOutcome): void => {
        this.#running = undefined;
        resolve(value);
      };
      this.#running = end;
      (result as Promise<HookReturn>).then(
        (value) => {
          if (this.#running === end) end(outcome(value));
        },
        (error: unknown) => {
          if (this.#running === end) end(failure(error));
        },
      );
    });
  }

  async callEach(hook: HookName, batch: SliceBatch): Promise<RowOutcome> {
    const line = batch.bytes.toString('latin1', batch.starts[0], batch.ends[0]);
    return { done: 1, outcome: await this.call(hook, [line]) };
  }

  run(source: string): HookOutcome {
    return { kind: 'returned', reply: undefined, drop: false, values: [`ran ${source}`] };
  }

  /** As the compiler says it: a statement is no value. */
  problemOf(source: string): string | undefined {
    return source.startsWith('return return') ? 'unexpected symbol near return' : undefined;
  }

  setClient(fields: LuaRecord): void {
    Object.assign(this.#fields, fields);
  }

  forget(module: string, field: string): void {
    this.forgotten.push(`${module}.${field}`);
  }

  createLiveTable(): LiveTable {
    const table = new FakeLiveTable();
    this.tables.push(table);
    return table;
  }

  cancel(): void {
    this.#running?.({ kind: 'cancelled' });
  }

  close(): void {
    if (this.#running !== undefined) throw new Error('closed while a hook is suspended');
    this.closed = true;
  }
}

function outcome(value: HookReturn): HookOutcome {
  if (typeof value === 'object' && 'kind' in value) return value;
  const [drop, reply] = typeof value === 'object' ? value : [false, value];
  return { kind: 'returned', reply, drop, values: [] };
}

function failure(error: unknown): HookOutcome {
  return { kind: 'error', message: error instanceof Error ? error.message : String(error), traceback: '' };
}

export class FakePolicy implements Policy {
  readonly revision = 1;
  readonly path = 'fake';
  readonly instances: FakeInstance[] = [];
  readonly #hooks: FakeHooks;

  constructor(hooks: FakeHooks) {
    this.#hooks = hooks;
  }

  open(owner: InstanceOwner): OpenOutcome {
    const instance = new FakeInstance(this.#hooks, owner);
    this.instances.push(instance);
    return { kind: 'open', instance };
  }
}
