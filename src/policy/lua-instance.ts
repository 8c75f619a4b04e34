// A policy at work for one connection: its globals, its coroutine, its modules' state. Hooks that do not suspend give their outcome
// without a promise; every way a hook can fail is logged here, once, with hook, place and cause.
import type { CallContext, Slot } from '../lua/call-context.ts';
import type { LuaEngine } from '../lua/engine.ts';
import type { Anchor } from '../lua/references.ts';
import type { Finished, Task, TaskLimits } from '../lua/task.ts';
import type { LiveTable, LuaRecord, LuaValue } from '../lua/value.ts';
import type { Log } from '../ops/log.ts';
import type { Options } from '../options/options.ts';
import { nothingReturned, type Returned, readAll, readHookResult } from './hook-result.ts';
import type { HookName } from './hook-table.ts';
import type { HookOutcome, PolicyInstance } from './instance.ts';
import type { SessionView } from './session-view.ts';

/** Like InstanceOwner, but hook.init and the start-up check have no session. */
export interface LuaOwner {
  readonly session: SessionView | undefined;
  readonly options: Options;
  readonly log: Log;
}

interface Held {
  readonly slot: Slot<unknown>;
  readonly value: unknown;
}

class InstanceContext implements CallContext {
  readonly #owner: LuaOwner;
  readonly createLiveTable: () => LiveTable;
  readonly held: Held[] = [];

  constructor(owner: LuaOwner, createTable: () => LiveTable) {
    this.#owner = owner;
    this.createLiveTable = createTable;
  }
  get session(): SessionView | undefined {
    return this.#owner.session;
  }
  get options(): Options {
    return this.#owner.options;
  }
  get log(): Log {
    return this.#owner.log;
  }
  slot<T>(slot: Slot<T>): T {
    for (const held of this.held) if (held.slot === slot) return held.value as T;
    const value = slot.create(this);
    this.held.push({ slot: slot as Slot<unknown>, value });
    return value;
  }
}

export class LuaInstance implements PolicyInstance {
  readonly #engine: LuaEngine;
  readonly #owner: LuaOwner;
  readonly #context: InstanceContext;
  readonly #task: Task;
  readonly #onClose: () => void;
  #fields: Record<string, LuaValue> | undefined;
  #live: LiveTable[] | undefined;
  #closed = false;
  #sentenced = false;

  constructor(engine: LuaEngine, owner: LuaOwner, packagePath: string, onClose: () => void) {
    this.#engine = engine;
    this.#owner = owner;
    this.#onClose = onClose;
    this.#context = new InstanceContext(owner, () => this.createLiveTable());
    this.#task = engine.newTask({ context: this.#context }, packagePath);
  }

  /** Runs the file level of a compiled policy. */
  load(factory: Anchor): HookOutcome | Promise<HookOutcome> {
    const { api, bridge } = this.#engine.core;
    const push = (L: number): number => {
      factory.push(L);
      this.#task.environment.pushGlobals(L);
      api.lua_callk(L, 1, 1, 0, 0);
      return 0;
    };
    const read = (L: number, count: number): Returned => readHookResult(api, bridge, L, count);
    return this.#run('script', push, read);
  }

  has(hook: HookName): boolean {
    if (this.#closed) return false;
    if (this.#task.condemned) return !this.#sentenced;
    const answer = this.#task.environment.lookUp(hook);
    if (answer === 'found') this.#engine.core.api.lua_settop(this.#engine.core.main, 0);
    return answer !== 'absent';
  }

  call(hook: HookName, args: readonly LuaValue[]): HookOutcome | Promise<HookOutcome> {
    if (this.#closed) return { kind: 'cancelled' };
    if (this.#task.condemned) return this.#sentence(hook);
    const { api, bridge, main } = this.#engine.core;
    const answer = this.#task.environment.lookUp(hook);
    if (answer === 'absent') return { kind: 'undefined' };
    const push = (L: number): number => {
      if (answer === 'found') api.lua_xmove(main, L, 1);
      else this.#engine.pushHookLookUp(L, hook);
      for (const arg of args) bridge.push(L, arg);
      return args.length + (answer === 'found' ? 0 : 1);
    };
    return this.#run(`hook.${hook}`, push, (L, count) => readHookResult(api, bridge, L, count));
  }

  /** The first hook after the connection's Lua was ended for its memory says so; there are no hooks after it. */
  #sentence(hook: HookName): HookOutcome | Promise<HookOutcome> {
    if (this.#sentenced) return { kind: 'undefined' };
    this.#sentenced = true;
    return this.#run(
      `hook.${hook}`,
      () => 0,
      () => nothingReturned,
    );
  }

  run(source: string, chunkName: string): HookOutcome | Promise<HookOutcome> {
    if (this.#closed) return { kind: 'cancelled' };
    const message = this.#engine.pushChunk(this.#task, source, chunkName);
    if (message !== undefined) return { kind: 'error', message, traceback: '' };
    return this.#run(
      chunkName,
      () => 0,
      (L, count) => readAll(this.#engine.core.bridge, L, count),
    );
  }

  #run(
    what: string,
    push: (L: number) => number,
    read: (L: number, count: number) => Returned,
  ): HookOutcome | Promise<HookOutcome> {
    if (this.#fields !== undefined) {
      this.#task.environment.setFields(this.#fields);
      this.#fields = undefined;
    }
    const finished = this.#task.start(what, push, read, this.#limits());
    if (finished instanceof Promise) return finished.then((end) => this.#outcome(what, end));
    return this.#outcome(what, finished);
  }

  #limits(): TaskLimits {
    const values = this.#owner.options.values;
    return {
      cpu: values['hook-cpu-limit'],
      time: values['hook-time-limit'] * 1000,
      pending: values['hook-max-pending'],
      memory: values['lua-max-memory'] * 1_048_576,
    };
  }

  #outcome(what: string, finished: Finished<Returned>): HookOutcome {
    for (const { slot, value } of this.#context.held) slot.endOfHook?.(value);
    switch (finished.kind) {
      case 'returned':
        return finished.value;
      case 'cancelled':
        return finished;
      case 'error':
        this.#owner.log.write('err', `${what}: ${finished.message}`, {
          hook: what,
          traceback: finished.traceback,
        });
        return finished;
      case 'limit':
        this.#owner.log.write('err', `${what}: stopped: ${finished.message}`, {
          hook: what,
          limit: finished.limit,
          ...(finished.traceback === '' ? {} : { traceback: finished.traceback }),
        });
        return { kind: 'limit', limit: finished.limit, message: finished.message };
    }
  }

  setClient(fields: LuaRecord): void {
    if (this.#closed) return;
    this.#fields = { ...this.#fields, ...fields };
  }

  forget(module: string, field: string): void {
    if (!this.#closed) this.#task.environment.forget(module, field);
  }

  createLiveTable(): LiveTable {
    const table = this.#engine.core.bridge.newTable();
    this.#live ??= [];
    this.#live.push(table);
    return table;
  }

  cancel(): void {
    this.#task.cancel();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#task.close();
    this.#task.environment.release();
    for (const table of this.#live ?? []) table.release();
    for (const { slot, value } of this.#context.held) slot.dispose?.(value);
    this.#context.held.length = 0;
    this.#onClose();
  }
}
