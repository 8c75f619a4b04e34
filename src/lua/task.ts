// One coroutine of Lua in which the hooks of a connection run, one after the other: starts, suspends at API waits, goes on with
// their results, is cut off by limits or when the client is gone. The thread is reused for every hook.
import type { Timer } from '../ops/clock.ts';
import type { CallContext } from './call-context.ts';
import type { Caller } from './call-functions.ts';
import type { Core } from './core.ts';
import { CpuMeter } from './cpu-meter.ts';
import type { Environment } from './environment.ts';
import { LuaError, type LuaResults, type Suspension } from './function-spec.ts';
import { HookKilled } from './kill.ts';
import { pendingText, type Wait } from './pending.ts';
import type { Anchor } from './references.ts';
import { maskCount, registry, type State, Status, Type } from './wasm-api.ts';

/** Instructions between two looks at the clock. C functions count as one instruction, so not too many. */
const instructionsPerTick = 200;

export interface TaskLimits {
  /** Processor time of one run, milliseconds. */
  readonly cpu: number;
  /** One run from start to end, waiting included, milliseconds. */
  readonly time: number;
  /** Operations pending at once. */
  readonly pending: number;
  /** Bytes of the whole engine while this runs. */
  readonly memory: number;
}

export type TaskLimit = 'cpu' | 'wall-clock' | 'memory' | 'pending';

/** How a run ended. `T` is what the reader made of the results on the stack. */
export type Finished<T> =
  | { readonly kind: 'returned'; readonly value: T }
  | { readonly kind: 'error'; readonly message: string; readonly traceback: string }
  | {
      readonly kind: 'limit';
      readonly limit: TaskLimit;
      readonly message: string;
      readonly traceback: string;
    }
  | { readonly kind: 'cancelled' };

/** Pushes function and arguments onto the thread and gives the number of arguments. */
export type Pusher = (L: State) => number;
/** Reads `count` results on top of the thread. */
export type Reader<T> = (L: State, count: number) => T;

export interface TaskHost {
  readonly core: Core;
  readonly context: CallContext;
  readonly environment: Environment;
  /** Lua is about to run, or has stopped running, for this task. */
  enter(task: Task): void;
  leave(task: Task): void;
  /** The task is closed. */
  closed(task: Task): void;
  /** An exception that is neither Lua's nor a kill went through Lua frames: the engine cannot be trusted any more. */
  broken(error: unknown): void;
}

interface Run {
  readonly read: Reader<unknown>;
  readonly limits: TaskLimits;
  resolve: ((finished: Finished<unknown>) => void) | undefined;
  timer: Timer | undefined;
}

export class Task implements Caller {
  readonly #host: TaskHost;
  readonly #core: Core;
  #thread: State = 0;
  #threadRef = 0;
  #run: Run | undefined;
  #wait: Wait | undefined;
  readonly #refs = new Set<Anchor>();
  readonly cpu: CpuMeter;
  /** By how many bytes Lua's memory has grown while this ran: who to blame when it is nearly full. */
  grown = 0;
  /** What is or was last run, e.g. `hook.rcpt`. */
  label = '';
  #condemned: string | undefined;
  #closed = false;

  constructor(host: TaskHost) {
    this.#host = host;
    this.#core = host.core;
    this.cpu = new CpuMeter(host.core.clock);
    this.#newThread();
  }

  get context(): CallContext {
    return this.#host.context;
  }

  get environment(): Environment {
    return this.#host.environment;
  }

  readonly keep = (ref: Anchor): void => {
    this.#refs.add(ref);
  };

  /** True from start to the end of a run. */
  get busy(): boolean {
    return this.#run !== undefined;
  }

  /** The thread; only while not busy, to look at values before a run. */
  get thread(): State {
    return this.#thread;
  }

  #newThread(): void {
    const { api, main } = this.#core;
    this.#thread = api.lua_newthread(main);
    this.#threadRef = api.luaL_ref(main, registry);
    api.lua_sethook(this.#thread, this.#core.countHook, maskCount, instructionsPerTick);
  }

  #dropThread(): void {
    this.#core.api.luaL_unref(this.#core.main, registry, this.#threadRef);
  }

  /** Runs a function as a coroutine. Ends at once unless it suspends; then a promise is given. `label`: for the watchdog. */
  start<T>(
    label: string,
    push: Pusher,
    read: Reader<T>,
    limits: TaskLimits,
  ): Finished<T> | Promise<Finished<T>> {
    if (this.#closed) return { kind: 'cancelled' };
    if (this.#condemned !== undefined) return this.#sentence(this.#condemned);
    if (this.#run !== undefined) throw new Error('a hook of this connection is still running');
    const run: Run = { read, limits, resolve: undefined, timer: undefined };
    this.#run = run;
    this.label = label;
    this.cpu.start(limits.cpu);
    const finished = this.#step(push(this.#thread)) as Finished<T> | undefined;
    if (finished !== undefined) return finished;
    run.timer = this.#core.clock.after(limits.time, () => this.#timeUp());
    return new Promise((resolve) => {
      run.resolve = resolve as (finished: Finished<unknown>) => void;
    });
  }

  #sentence(message: string): Finished<never> {
    return { kind: 'limit', limit: 'memory', message, traceback: '' };
  }

  /** Ends the task because Lua's memory is nearly full and this one holds most of it. Its globals are given up. */
  condemn(message: string): void {
    if (this.#closed || this.#condemned !== undefined) return;
    this.#condemned = message;
    this.#cut(this.#sentence(message));
    this.#dropThread();
    this.#newThread();
    this.environment.abandon();
  }

  get condemned(): boolean {
    return this.#condemned !== undefined;
  }

  suspend(suspension: Suspension, name: string): void {
    this.#wait?.suspension?.cancel();
    this.#wait = { suspension, name, since: this.#core.clock.monotonic() };
  }

  /** Resumes the thread with `nargs` values on it; undefined when it has suspended again. */
  #step(nargs: number): Finished<unknown> | undefined {
    const { api } = this.#core;
    const thread = this.#thread;
    let status: number = Status.ok;
    const broken = this.#guarded(() => {
      status = api.lua_resume(thread, 0, nargs, this.#core.resultCount);
    });
    if (broken !== undefined) return this.#end(broken);
    const count = this.#core.memory.words[this.#core.resultCount >> 2] ?? 0;
    if (status === Status.yield) {
      const tagged = count === 1 && api.lua_touserdata(thread, -1) === this.#core.tag;
      api.lua_settop(thread, -count - 1);
      this.#listen(tagged);
      return undefined;
    }
    return this.#end(status === Status.ok ? this.#results(thread) : this.#failure(thread, status));
  }

  #results(thread: State): Finished<unknown> {
    const { api } = this.#core;
    try {
      return { kind: 'returned', value: this.#run?.read(thread, api.lua_gettop(thread)) };
    } finally {
      api.lua_settop(thread, 0);
    }
  }

  /** After a yield: an engine wait, or the policy's own coroutine.yield at top level, which lets others run for a turn. */
  #listen(tagged: boolean): void {
    const wait = this.#wait;
    if (wait === undefined || !tagged) {
      const turn: Wait = {
        suspension: undefined,
        name: 'coroutine.yield',
        since: this.#core.clock.monotonic(),
      };
      this.#wait = turn;
      setImmediate(() => this.#settled(turn, []));
      return;
    }
    wait.suspension?.done.then(
      (results) => this.#settled(wait, results),
      (error: unknown) => this.#rejected(wait, error),
    );
  }

  #settled(wait: Wait, results: LuaResults): void {
    if (this.#wait !== wait) return;
    this.#wait = undefined;
    this.#continue((L) => {
      if (wait.suspension === undefined) return 0;
      const { api, bridge } = this.#core;
      api.lua_pushboolean(L, 1);
      if (results.length > 8) api.lua_checkstack(L, results.length + 8);
      for (const value of results) bridge.push(L, value);
      return results.length + 1;
    }, wait.name);
  }

  #rejected(wait: Wait, error: unknown): void {
    if (this.#wait !== wait) return;
    this.#wait = undefined;
    const message = error instanceof LuaError ? error.message : this.#core.natives.bug(wait.name, error);
    this.#continue((L) => this.#pushError(L, message), wait.name);
  }

  #pushError(L: State, message: string): number {
    this.#core.api.lua_pushboolean(L, 0);
    this.#core.bridge.pushBytes(L, message);
    return 2;
  }

  #continue(push: Pusher, name: string): void {
    const { api } = this.#core;
    let nargs: number;
    const top = api.lua_gettop(this.#thread);
    try {
      nargs = push(this.#thread);
    } catch (error) {
      api.lua_settop(this.#thread, top);
      nargs = this.#pushError(this.#thread, this.#core.natives.bug(name, error));
    }
    const run = this.#run;
    const finished = this.#step(nargs);
    if (finished !== undefined) run?.resolve?.(finished);
  }

  #end(finished: Finished<unknown>): Finished<unknown> {
    // A wait is left when its yield could not be passed on (inside table.sort ...).
    this.#wait?.suspension?.cancel();
    this.#wait = undefined;
    this.#run?.timer?.cancel();
    this.#run = undefined;
    return finished;
  }

  /** After an error of Lua: what happened and where, then the thread is made good again. */
  #failure(thread: State, status: number): Finished<unknown> {
    const { positions } = this.#core;
    if (status === Status.errorMemory) {
      const position = positions.of(thread);
      const text = `${position}not enough memory (limit ${this.#run?.limits.memory} bytes for all Lua)`;
      return this.#reset() ?? { kind: 'limit', limit: 'memory', message: text, traceback: '' };
    }
    const traceback = positions.traceback(thread);
    let message = positions.corrected(this.#core.errorText(thread), thread);
    const object = message === undefined ? this.#core.bridge.anchor(thread) : undefined;
    const killed = this.#reset();
    if (killed !== undefined) return killed;
    if (object !== undefined) {
      message = this.#describeObject(object);
      object.release();
    }
    return { kind: 'error', message: message ?? '(error object is not a string)', traceback };
  }

  /** The text that an error object's __tostring gives. */
  #describeObject(object: Anchor): string | undefined {
    const { api, bridge } = this.#core;
    const thread = this.#thread;
    this.#core.pushRuntime('error_text');
    api.lua_xmove(this.#core.main, thread, 1);
    object.push(thread);
    let text: string | undefined;
    const killed = this.#guarded(() => {
      const status = api.lua_resume(thread, 0, 1, this.#core.resultCount);
      if (status === Status.ok && api.lua_type(thread, -1) === Type.string)
        text = bridge.pullString(thread, -1);
      api.lua_resetthread(thread, 0);
    });
    api.lua_settop(this.#thread, 0);
    return killed === undefined ? text : undefined;
  }

  /** Empties the thread; to-be-closed variables are closed, which runs Lua under the same limits. */
  #reset(): Finished<unknown> | undefined {
    const killed = this.#guarded(() => this.#core.api.lua_resetthread(this.#thread, 0));
    this.#core.api.lua_settop(this.#thread, 0);
    return killed;
  }

  /** Runs Lua; gives an outcome when an exception came through it. */
  #guarded(run: () => void): Finished<unknown> | undefined {
    const { api } = this.#core;
    const stack = api.stackSave();
    this.#host.enter(this);
    try {
      run();
      return undefined;
    } catch (error) {
      api.stackRestore(stack);
      return this.#abandon(error);
    } finally {
      this.cpu.pause();
      this.#host.leave(this);
    }
  }

  /** After an exception went through Lua frames: the thread's stack is no more to be trusted, a new one replaces it. */
  #abandon(error: unknown): Finished<unknown> {
    this.#wait?.suspension?.cancel();
    this.#wait = undefined;
    this.#dropThread();
    this.#newThread();
    if (error instanceof HookKilled) {
      const message = `${error.position}${error.message}`;
      return { kind: 'limit', limit: error.reason, message, traceback: error.traceback };
    }
    this.#host.broken(error);
    return { kind: 'error', message: 'internal error: the Lua engine failed', traceback: '' };
  }

  #timeUp(): void {
    const run = this.#run;
    const wait = this.#wait;
    if (run === undefined || wait === undefined) return;
    const { positions, clock } = this.#core;
    const message = `${positions.of(this.#thread)}still running after ${run.limits.time / 1000} s; ${pendingText(wait, clock.monotonic())}`;
    const traceback = positions.traceback(this.#thread);
    this.#cut({ kind: 'limit', limit: 'wall-clock', message, traceback });
  }

  /** Ends a suspended run: its to-be-closed variables are closed, its pending operation is cancelled. */
  #cut(finished: Finished<unknown>): void {
    const run = this.#run;
    const wait = this.#wait;
    if (run === undefined || wait === undefined) return;
    this.#wait = undefined;
    wait.suspension?.cancel();
    this.#reset();
    this.#end(finished);
    run.resolve?.(finished);
  }

  cancel(): void {
    this.#cut({ kind: 'cancelled' });
  }

  /** Cancels what is running and releases the thread and every reference. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.cancel();
    for (const ref of this.#refs) ref.release();
    this.#refs.clear();
    this.#dropThread();
    this.#host.closed(this);
  }
}
