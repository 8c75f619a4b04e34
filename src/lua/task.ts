// The Lua of one connection: runs its hooks as coroutines one after the other; suspends at API waits, goes on with their results, is
// cut off by limits or when the client is gone.
import type { Timer } from '../ops/clock.ts';
import type { CallContext } from './call-context.ts';
import type { Caller } from './call-functions.ts';
import { CpuMeter } from './cpu-meter.ts';
import type { Environment } from './environment.ts';
import { describeFailure, type Failure } from './failure.ts';
import { LuaError, type LuaResults, type Suspension } from './function-spec.ts';
import { HookKilled } from './kill.ts';
import type { Native } from './natives.ts';
import { type Operation, Operations, pendingText, type Wait } from './pending.ts';
import type { Anchor } from './references.ts';
import type { Surroundings } from './surroundings.ts';
import type { Thread } from './threads.ts';
import { type State, Status } from './wasm-api.ts';

export interface TaskLimits {
  /** Processor time of one run, milliseconds. */
  readonly cpu: number;
  /** One run from its first wait to its end, milliseconds. */
  readonly time: number;
  /** Operations pending at once. */
  readonly pending: number;
  /** Bytes of the whole engine while this runs; for the message. */
  readonly memory: number;
}

/** Reads `count` results on top of the thread. */
export type Reader<T> = (L: State, count: number) => T;

/** Who owns a task. `context` is asked for when a function of the API is called. */
export interface TaskOwner {
  readonly context: CallContext;
  /** The session's id, for the watchdog; may be ''. */
  readonly id: string;
  /** A number that changes when, within one run, the next call of a hook began: its processor time counts from there. */
  readonly progress: number;
  /** Gives up everything that was begun; the engine ends. Idempotent. */
  close(): void;
}

type Resolve = (ended: unknown) => void;

export class Task implements Caller {
  readonly #around: Surroundings;
  readonly #owner: TaskOwner;
  readonly environment: Environment;
  #thread: Thread | undefined;
  /** Set while a run is in progress. */
  #read: Reader<unknown> | undefined;
  #limits: TaskLimits | undefined;
  #resolve: Resolve | undefined;
  #timer: Timer | undefined;
  #wait: Wait | undefined;
  #operations: Operations | undefined;
  #refs: Set<Anchor> | undefined;
  #meter: CpuMeter | undefined;
  /** The policy knows the thread (coroutine.running): nobody else may get it. */
  #pinned = false;
  #cancelled = false;
  #condemned: string | undefined;
  #onClosed: (() => void) | undefined;
  #closed = false;
  #progress = 0;
  /** Looks at the clock since a function of the API said that the run will wait. */
  #looks = 0;
  /** Arguments of a run that has to wait before it begins. */
  #first: number | undefined;
  /** A stretch of Lua has taken long: the next waits for those of others when there is no time left in a round of the event loop. */
  #slow = false;
  /** A native that gave way goes on with this. */
  resumable: Native | undefined;
  /** Bytes that Lua has allocated while this ran, and what it held when it was last measured: it cannot hold more. */
  allocated = 0;
  /** What is or was last run, e.g. `hook.rcpt`. */
  label = '';

  constructor(around: Surroundings, owner: TaskOwner, environment: Environment) {
    this.#around = around;
    this.#owner = owner;
    this.environment = environment;
  }

  get context(): CallContext {
    return this.#owner.context;
  }

  /** The engine ends: whoever has this task gives it up. */
  giveUp(): void {
    this.#owner.close();
  }

  get id(): string {
    return this.#owner.id;
  }

  readonly keep = (ref: Anchor): void => {
    this.#refs ??= new Set();
    this.#refs.add(ref);
  };

  /** The thread that the run in progress began on. */
  get thread(): State | undefined {
    return this.#thread?.L;
  }

  /** True from acquire to the end of the run. */
  get busy(): boolean {
    return this.#thread !== undefined;
  }

  pin(): void {
    this.#pinned = true;
  }

  /** An empty thread for the next run: push the function and its arguments, then start. */
  acquire(): State {
    if (this.#thread !== undefined) throw new Error('a hook of this connection is still running');
    this.#thread = this.#around.core.threads.take();
    return this.#thread.L;
  }

  /** Gives up what acquire gave. */
  release(): void {
    if (this.#thread === undefined) return;
    if (this.#pinned) this.#around.core.threads.drop(this.#thread);
    else this.#around.core.threads.giveBack(this.#thread);
    this.#thread = undefined;
    this.#pinned = false;
  }

  /** Runs the function below `nargs` arguments on the thread. A promise is given only when it suspends. */
  start<T>(
    label: string,
    nargs: number,
    read: Reader<T>,
    limits: TaskLimits,
  ): T | Failure | Promise<T | Failure> {
    if (this.#closed || this.#condemned !== undefined || this.#around.core.broken) return this.#refuse();
    this.label = label;
    this.#read = read;
    this.#limits = limits;
    this.#cancelled = false;
    this.#progress = 0;
    this.#meter?.start(limits.cpu);
    this.#around.core.pace.start();
    if (this.#around.full || this.#around.core.slices.spent || this.environment.isHeldFrom(this)) {
      this.#first = nargs;
      this.#giveWay('its turn to begin');
    }
    const ended = this.#first !== undefined ? undefined : (this.#step(nargs) as T | Failure | undefined);
    if (ended === undefined) return this.#later(limits.time);
    this.#around.relieve();
    return ended;
  }

  #later<T>(time: number): Promise<T | Failure> {
    this.#timer = this.#around.core.clock.after(time, () => this.#timeUp());
    const promise = new Promise<T | Failure>((resolve) => {
      this.#resolve = resolve as Resolve;
    });
    this.#around.relieve();
    return promise;
  }

  #refuse(): Failure {
    this.release();
    if (this.#condemned !== undefined) {
      return { kind: 'limit', limit: 'memory', message: this.#condemned, traceback: '' };
    }
    if (this.#closed) return { kind: 'cancelled' };
    return { kind: 'error', message: 'internal error: the Lua engine failed', traceback: '' };
  }

  /** True when the run has used up its processor time. Called now and then while Lua runs. */
  exhausted(now: number = this.#around.core.clock.monotonic()): boolean {
    const meter = this.#metered();
    if (!meter.exhausted(now)) return false;
    const progress = this.#owner.progress;
    if (progress === this.#progress) return true;
    this.#progress = progress;
    meter.start(this.cpuLimit);
    meter.resume(now);
    return false;
  }

  /** True when the run has gone on for `bound` milliseconds of processor time since it began or was resumed. */
  overdue(now: number, bound: number): boolean {
    return this.#metered().overdue(now, bound);
  }

  #metered(): CpuMeter {
    if (this.#meter === undefined) {
      this.#meter = new CpuMeter();
      this.#meter.start(this.cpuLimit);
    }
    return this.#meter;
  }

  /**
   * Whether the run may be interrupted. Not on the way from a function of the API that has to wait to the yield for it; when that yield does
   * not come, as something in between did not let it through, the wait is given up.
   */
  mayGiveWay(): boolean {
    if (this.#wait === undefined) return true;
    this.#looks += 1;
    if (this.#looks < 100) return false;
    this.#dropWait();
    return true;
  }

  /** Milliseconds. */
  get cpuLimit(): number {
    return this.#limits?.cpu ?? 1000;
  }

  suspend(suspension: Suspension, name: string): void {
    this.#dropWait();
    this.#looks = 0;
    this.#wait = { suspension, name, since: this.#around.core.clock.monotonic() };
  }

  /** Counts something that goes on in the background. Ends the hook when there is too much of it. */
  begin(describe: () => string): Operation {
    this.#operations ??= new Operations();
    const limit = this.#limits?.pending ?? 1;
    return this.#operations.begin(describe, this.#around.core.clock.monotonic(), limit);
  }

  /** Resumes the thread with `nargs` values on it; undefined when it has suspended again. */
  #step(nargs: number): unknown {
    const thread = this.#thread;
    if (thread === undefined) return this.#refuse();
    const { core } = this.#around;
    const { api } = core;
    const stack = api.stackSave();
    let status: number;
    this.#around.enter(this);
    try {
      status = api.lua_resume(thread.L, 0, nargs, core.resultCount);
    } catch (error) {
      api.stackRestore(stack);
      return this.#end(this.#abandon(error));
    } finally {
      this.#leave();
    }
    if (status !== Status.yield) {
      return this.#end(status === Status.ok ? this.#results(thread.L) : this.#failure(thread.L, status));
    }
    const count = core.memory.words[core.resultCount >> 2] ?? 0;
    if (core.slices.interrupted) {
      // In the middle of something: what lies on the stack stays.
      if (count > 0) api.lua_settop(thread.L, -count - 1);
      this.#giveWay('its turn of the processor');
      this.environment.hold(this);
    } else {
      const tagged = count === 1 && api.lua_touserdata(thread.L, -1) === core.tag;
      api.lua_settop(thread.L, -count - 1);
      this.environment.letGo(this);
      this.#listen(tagged);
    }
    if (!this.#cancelled) return undefined;
    this.#stop();
    return this.#end({ kind: 'cancelled' });
  }

  #leave(): void {
    if (this.#meter?.running === true) this.#meter.pause(this.#around.core.clock.monotonic());
    if (this.#around.leave(this)) this.#slow = true;
  }

  #results(L: State): unknown {
    return this.#read?.(L, this.#around.core.api.lua_gettop(L));
  }

  /** After a yield: an engine wait, or the policy's own coroutine.yield at top level, which lets others run for a turn. */
  #listen(tagged: boolean): void {
    const wait = this.#wait;
    const suspension = wait?.suspension;
    if (wait === undefined || suspension === undefined || !tagged) {
      this.#giveWay('coroutine.yield');
      return;
    }
    suspension.done.then(
      (results) => this.#settled(wait, results),
      (error: unknown) => this.#rejected(wait, error),
    );
  }

  /** Lets others run, and goes on when it is this run's turn again. */
  #giveWay(name: string): void {
    this.#dropWait();
    const { slices, clock } = this.#around.core;
    const turn: Wait = { suspension: undefined, name, since: clock.monotonic() };
    this.#wait = turn;
    slices.queue(() => this.#settled(turn, []), !this.#slow);
  }

  /** Calls `goOn`, which ends `wait`, as soon as this may go on: `turn` says that it is its turn. */
  #whenItMay(wait: Wait, turn: boolean, goOn: () => void): void {
    if (this.#wait !== wait) return;
    const { slices } = this.#around.core;
    if (this.environment.isHeldFrom(this)) {
      this.environment.whenFree(() => this.#whenItMay(wait, true, goOn));
    } else if (!turn && slices.spent) {
      slices.queue(() => this.#whenItMay(wait, true, goOn), !this.#slow);
    } else {
      this.#wait = undefined;
      goOn();
    }
  }

  #settled(wait: Wait, results: LuaResults): void {
    this.#whenItMay(wait, wait.suspension === undefined, () => this.#goOn(wait, results));
  }

  #goOn(wait: Wait, results: LuaResults): void {
    this.#continue(wait.name, (L) => {
      if (wait.suspension === undefined) {
        const first = this.#first ?? 0;
        this.#first = undefined;
        return first;
      }
      const { api, bridge } = this.#around.core;
      api.lua_pushboolean(L, 1);
      if (results.length > 8) api.lua_checkstack(L, results.length + 8);
      for (const value of results) bridge.push(L, value);
      return results.length + 1;
    });
  }

  #rejected(wait: Wait, error: unknown): void {
    const { natives } = this.#around.core;
    const message = error instanceof LuaError ? error.message : natives.bug(wait.name, error);
    this.#whenItMay(wait, false, () => this.#continue(wait.name, (L) => this.#pushError(L, message)));
  }

  #pushError(L: State, message: string): number {
    this.#around.core.api.lua_pushboolean(L, 0);
    this.#around.core.bridge.pushBytes(L, message);
    return 2;
  }

  #continue(name: string, push: (L: State) => number): void {
    const L = this.#thread?.L;
    if (L === undefined) return;
    const { api, natives } = this.#around.core;
    const top = api.lua_gettop(L);
    let nargs: number;
    try {
      nargs = push(L);
    } catch (error) {
      api.lua_settop(L, top);
      nargs = this.#pushError(L, natives.bug(name, error));
    }
    const resolve = this.#resolve;
    this.#metered().resume(this.#around.core.clock.monotonic());
    const ended = this.#step(nargs);
    if (ended !== undefined) resolve?.(ended);
    this.#around.relieve();
  }

  /** The run is over. */
  #end(ended: unknown): unknown {
    this.#dropWait();
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#resolve = undefined;
    this.#read = undefined;
    this.resumable = undefined;
    this.#first = undefined;
    this.environment.letGo(this);
    this.release();
    if (this.#closed) this.#finish();
    return ended;
  }

  /** Gives up the pending operation. One is left, too, when its yield could not be passed on (inside table.sort ...). */
  #dropWait(): void {
    const wait = this.#wait;
    this.#wait = undefined;
    try {
      wait?.suspension?.cancel();
    } catch (error) {
      this.#around.core.natives.bug(`${wait?.name}, when it was cancelled`, error);
    }
  }

  #failure(L: State, status: number): Failure {
    const { core } = this.#around;
    const failure = describeFailure(core, L, status, this.#limits?.memory ?? 0, (run) => this.#guarded(run));
    return this.#stop() ?? failure;
  }

  /** Empties the thread; to-be-closed variables are closed, which runs Lua under the same limits. */
  #stop(): Failure | undefined {
    const L = this.#thread?.L;
    if (L === undefined) return undefined;
    // It may have been within an xpcall, whose handler is not forgotten by that: nobody else may have the thread.
    this.#pinned = true;
    return this.#guarded(() => this.#around.core.api.lua_resetthread(L, 0));
  }

  /** Runs Lua; gives the outcome when an exception came through it. */
  #guarded(run: () => void): Failure | undefined {
    const { api, slices } = this.#around.core;
    const stack = api.stackSave();
    this.#around.enter(this);
    slices.enabled = false;
    try {
      run();
      return undefined;
    } catch (error) {
      api.stackRestore(stack);
      return this.#abandon(error);
    } finally {
      slices.enabled = true;
      this.#leave();
    }
  }

  /** An exception went through Lua frames: the thread's stack is not to be trusted any more. */
  #abandon(error: unknown): Failure {
    if (this.#thread !== undefined) this.#around.core.threads.drop(this.#thread);
    this.#thread = undefined;
    this.#pinned = false;
    if (error instanceof HookKilled) {
      const message = `${error.position}${error.message}`;
      return { kind: 'limit', limit: error.reason, message, traceback: error.traceback };
    }
    this.#around.broken(error);
    return this.#refuse();
  }

  #timeUp(): void {
    const [wait, limits, L] = [this.#wait, this.#limits, this.#thread?.L];
    if (wait === undefined || limits === undefined || L === undefined) return;
    const { positions, clock } = this.#around.core;
    const pending = pendingText(wait, this.#operations, clock.monotonic());
    const message = `${positions.of(L)}still running after ${limits.time / 1000} s; ${pending}`;
    this.#cut({ kind: 'limit', limit: 'wall-clock', message, traceback: positions.traceback(L) });
  }

  /** Ends a suspended run: when it is its turn, as the variables that are closed by it run Lua. */
  #cut(failure: Failure): void {
    if (this.#wait === undefined) return;
    const { slices, clock } = this.#around.core;
    if (!slices.spent) {
      this.#cutNow(failure);
      return;
    }
    this.#dropWait();
    const turn: Wait = { suspension: undefined, name: 'its turn to end', since: clock.monotonic() };
    this.#wait = turn;
    slices.queue(() => {
      if (this.#wait === turn) this.#cutNow(failure);
    }, !this.#slow);
  }

  #cutNow(failure: Failure): void {
    const resolve = this.#resolve;
    this.#dropWait();
    this.#stop();
    this.#end(failure);
    resolve?.(failure);
  }

  /** Ends the run in progress with `cancelled`: at once when it is suspended, else when it would suspend. */
  cancel(): void {
    this.#cancelled = true;
    this.#cut({ kind: 'cancelled' });
  }

  /** Pushes everything that leads to what this holds, and gives the number of values. It must not be running. */
  pushRoots(L: State): number {
    const { api } = this.#around.core;
    const roots = this.environment.pushRoots(L);
    const thread = this.#thread?.L;
    if (thread === undefined) return roots;
    api.lua_checkstack(thread, 1);
    api.lua_pushthread(thread);
    api.lua_xmove(thread, L, 1);
    return roots + 1;
  }

  /** Ends the task because Lua's memory is nearly full and this one holds most of it. Its globals are given up. */
  condemn(message: string): void {
    if (this.#closed || this.#condemned !== undefined) return;
    const L = this.#wait === undefined ? undefined : this.#thread?.L;
    const { positions } = this.#around.core;
    this.#condemned = L === undefined ? message : `${positions.of(L)}${message}`;
    const traceback = L === undefined ? '' : positions.traceback(L);
    if (L !== undefined)
      this.#cutNow({ kind: 'limit', limit: 'memory', message: this.#condemned, traceback });
    this.environment.abandon();
  }

  get condemned(): boolean {
    return this.#condemned !== undefined;
  }

  /** Cancels what is running and releases everything; then `onClosed` is called, at once unless Lua is running. Idempotent. */
  close(onClosed: () => void): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onClosed = onClosed;
    if (this.#wait !== undefined) this.cancel();
    else if (this.#thread === undefined) this.#finish();
    else this.#cancelled = true;
  }

  #finish(): void {
    for (const ref of this.#refs ?? []) ref.release();
    this.#refs = undefined;
    this.#around.closed(this);
    if (!this.environment.exclusive) this.environment.release();
    const onClosed = this.#onClosed;
    this.#onClosed = undefined;
    onClosed?.();
  }
}
