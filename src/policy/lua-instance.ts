// A policy at work for one connection: its globals, its coroutine, its modules' state. Hooks that do not suspend give their outcome
// without a promise; every way a hook can fail is logged here, once, with hook, place and cause.
import type { CallContext, Slot } from '../lua/call-context.ts';
import type { LuaEngine } from '../lua/engine.ts';
import type { Failure } from '../lua/failure.ts';
import type { Operation } from '../lua/pending.ts';
import type { Anchor } from '../lua/references.ts';
import type { ScriptFiles } from '../lua/script-files.ts';
import type { Reader, Task } from '../lua/task.ts';
import { ByteSlice, type LiveTable, type LuaRecord, type LuaValue, type SliceBatch } from '../lua/value.ts';
import type { Log } from '../ops/log.ts';
import type { Options } from '../options/options.ts';
import { adapt, HookBatch } from './hook-batch.ts';
import type { RowReturned, RunSettings } from './hook-result.ts';
import { type HookName, hookNames } from './hook-table.ts';
import type { HookOutcome, PolicyInstance, RowOutcome } from './instance.ts';
import type { SessionView } from './session-view.ts';

const hookLabels = Object.fromEntries(hookNames.map((name) => [name, `hook.${name}`])) as Record<
  HookName,
  string
>;

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
  readonly #engine: LuaEngine;
  readonly #task: Task;
  /** Something must be told when the hook has ended: no further call may follow in the same run. */
  readonly #endSoon: () => void;
  readonly held: Held[] = [];
  readonly live: LiveTable[] = [];

  constructor(owner: LuaOwner, engine: LuaEngine, task: Task, endSoon: () => void) {
    this.#owner = owner;
    this.#endSoon = endSoon;
    this.#engine = engine;
    this.#task = task;
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
    if (slot.endOfHook !== undefined) this.#endSoon();
    for (const held of this.held) if (held.slot === slot) return held.value as T;
    const value = slot.create(this);
    this.held.push({ slot: slot as Slot<unknown>, value });
    return value;
  }
  operation(describe: () => string): Operation {
    return this.#task.begin(describe);
  }
  createLiveTable(): LiveTable {
    const table = this.#engine.core.bridge.newTable();
    this.live.push(table);
    return table;
  }
}

export class LuaInstance implements PolicyInstance {
  readonly #engine: LuaEngine;
  readonly #settings: RunSettings;
  readonly #owner: LuaOwner;
  readonly #task: Task;
  readonly #onClose: () => void;
  #known: InstanceContext | undefined;
  #closed = false;
  #sentenced = false;
  /** The row of calls that is running. */
  #row: HookBatch | undefined;

  constructor(
    engine: LuaEngine,
    settings: RunSettings,
    owner: LuaOwner,
    scripts: ScriptFiles,
    onClose: () => void,
  ) {
    this.#engine = engine;
    this.#settings = settings;
    this.#owner = owner;
    this.#onClose = onClose;
    this.#task = engine.newTask(this, scripts);
  }

  get id(): string {
    return this.#owner.session?.idSess ?? '';
  }

  get progress(): number {
    return this.#row?.at ?? 0;
  }

  /** Made when a function of the API first asks for it. */
  get context(): InstanceContext {
    this.#known ??= new InstanceContext(this.#owner, this.#engine, this.#task, () => this.#row?.stop());
    return this.#known;
  }

  /** Runs the file level of a compiled policy. */
  load(factory: Anchor): HookOutcome | Promise<HookOutcome> {
    const { api } = this.#engine.core;
    const L = this.#task.acquire();
    factory.push(L);
    this.#task.environment.pushGlobals(L);
    api.lua_callk(L, 1, 1, 0, 0);
    return this.#run('script', 0, this.#settings.readNothing);
  }

  has(hook: HookName): boolean {
    if (this.#closed) return false;
    if (this.#task.condemned) return !this.#sentenced;
    const answer = this.#task.environment.lookUp(hook);
    if (answer === 'found') this.#engine.core.api.lua_settop(this.#engine.core.main, -2);
    return answer !== 'absent';
  }

  call(hook: HookName, args: readonly LuaValue[]): HookOutcome | Promise<HookOutcome> {
    if (this.#closed) return { kind: 'cancelled' };
    if (this.#task.condemned) return this.#sentence(hook);
    if (this.#task.busy)
      throw new Error(`hook.${hook} was called while ${this.#task.label} is still running`);
    const answer = this.#task.environment.lookUp(hook);
    if (answer === 'absent') return { kind: 'undefined' };
    if (typeof answer === 'object') return answer;
    const L = this.#task.acquire();
    let nargs = args.length;
    try {
      if (answer === 'found') this.#engine.core.api.lua_xmove(this.#engine.core.main, L, 1);
      else {
        this.#engine.pushHookLookUp(L, hook);
        nargs += 1;
      }
      for (const arg of args) this.#engine.core.bridge.push(L, arg);
    } catch (error) {
      this.#task.release();
      throw error;
    }
    return this.#run(
      hookLabels[hook],
      nargs,
      answer === 'found' ? this.#settings.readHook : this.#settings.readLookedUp,
    );
  }

  callEach(hook: HookName, batch: SliceBatch): RowOutcome | Promise<RowOutcome> {
    const { api, main } = this.#engine.core;
    const ready = !this.#closed && !this.#task.condemned;
    const answer = ready ? this.#task.environment.lookUp(hook) : 'unknown';
    if (answer === 'absent') return { done: batch.count, outcome: { kind: 'undefined' } };
    if (typeof answer === 'object') return { done: 1, outcome: answer };
    if (answer === 'found') api.lua_settop(main, 0);
    return answer === 'unknown' || batch.count === 1
      ? this.#callFirst(hook, batch)
      : this.#callRow(hook, batch);
  }

  #callFirst(hook: HookName, batch: SliceBatch): RowOutcome | Promise<RowOutcome> {
    const value = new ByteSlice();
    value.bytes = batch.bytes;
    value.start = batch.starts[0] ?? 0;
    value.end = batch.ends[0] ?? 0;
    const outcome = this.call(hook, [value]);
    return outcome instanceof Promise
      ? outcome.then((later) => ({ done: 1, outcome: later }))
      : { done: 1, outcome };
  }

  #callRow(hook: HookName, batch: SliceBatch): RowOutcome | Promise<RowOutcome> {
    const { core } = this.#engine;
    const L = this.#task.acquire();
    let row: HookBatch;
    try {
      this.#engine.pushEach(L);
      this.#task.environment.pushGlobals(L);
      core.api.lua_rotate(L, -2, 1);
      core.pushName(L, hook);
      row = new HookBatch(core, L, batch);
      core.bridge.pushNumber(L, batch.count);
    } catch (error) {
      this.#task.release();
      throw error;
    }
    this.#row = row;
    const what = hookLabels[hook];
    const limits = this.#settings.limits(this.#owner.options.values, what);
    const ended = this.#task.start(what, 5, this.#settings.readRow, limits);
    if (!(ended instanceof Promise)) return this.#rowDone(what, row, batch, ended);
    // It waits: the hook is over when it goes on to the next line.
    row.stop();
    return ended.then((later) => this.#rowDone(what, row, batch, later));
  }

  #rowDone(what: string, row: HookBatch, batch: SliceBatch, ended: RowReturned | Failure): RowOutcome {
    row.release();
    this.#row = undefined;
    const done = ended.kind === 'row' ? ended.done : 1;
    adapt(batch, done);
    return { done, outcome: this.#outcome(what, ended.kind === 'row' ? ended.outcome : ended) };
  }

  /** The first hook after the connection's Lua was ended for its memory says so; there are no hooks after it. */
  #sentence(hook: HookName): HookOutcome | Promise<HookOutcome> {
    if (this.#sentenced) return { kind: 'undefined' };
    this.#sentenced = true;
    return this.#run(hookLabels[hook], 0, this.#settings.readHook);
  }

  run(source: string, chunkName: string): HookOutcome | Promise<HookOutcome> {
    if (this.#closed) return { kind: 'cancelled' };
    const message = this.#engine.pushChunk(this.#task, this.#task.acquire(), source, chunkName);
    if (message === undefined) return this.#run(chunkName, 0, this.#settings.readAll);
    this.#task.release();
    return { kind: 'error', message, traceback: '' };
  }

  #run(what: string, nargs: number, read: Reader<HookOutcome>): HookOutcome | Promise<HookOutcome> {
    const ended = this.#task.start(
      what,
      nargs,
      read,
      this.#settings.limits(this.#owner.options.values, what),
    );
    if (ended instanceof Promise) return ended.then((end) => this.#outcome(what, end));
    return this.#outcome(what, ended);
  }

  #outcome(what: string, ended: HookOutcome | Failure): HookOutcome {
    if (this.#known !== undefined) {
      for (const { slot, value } of this.#known.held) slot.endOfHook?.(value);
    }
    if (ended.kind === 'error') {
      const { message, traceback } = ended;
      this.#owner.log.write('err', `${what}: ${message}`, { hook: what, traceback });
    } else if (ended.kind === 'limit') {
      if (this.#task.condemned) this.#sentenced = true;
      const { limit, message } = ended;
      const traceback = 'traceback' in ended && ended.traceback !== '' ? { traceback: ended.traceback } : {};
      this.#owner.log.write('err', `${what}: stopped: ${message}`, { hook: what, limit, ...traceback });
      return { kind: 'limit', limit, message };
    }
    return ended;
  }

  setClient(fields: LuaRecord): void {
    if (!this.#closed) this.#task.environment.setFields(fields);
  }

  forget(module: string, field: string): void {
    if (!this.#closed) this.#task.environment.forget(module, field);
  }

  createLiveTable(): LiveTable {
    return this.context.createLiveTable();
  }

  cancel(): void {
    this.#task.cancel();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#task.close(() => this.#released());
  }

  #released(): void {
    for (const table of this.#known?.live ?? []) table.release();
    for (const { slot, value } of this.#known?.held.splice(0) ?? []) slot.dispose?.(value);
    this.#onClose();
  }
}
