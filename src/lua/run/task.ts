// The Lua of one connection: runs its hooks one after the other on a Lua thread of its own; suspends at API waits, goes on with their
// results, is cut off by limits or when the client is gone.
//
// The thread is made when the first hook runs and kept to the end, so that coroutine.running() is the same in all hooks: after an error
// and after a cut, too, as Lua empties a thread and it serves on. Only when an exception of ours went through Lua's frames (too much
// processor time, memory or pending operations) the thread is lost, and the next hook runs on a new one.
import type { CallContext, Operation, OperationGroup } from '../../lua-api/call-context.ts';
import type { Suspension } from '../../lua-api/function-spec.ts';
import type { Options } from '../../options/options.ts';
import type { Caller } from '../state/call-functions.ts';
import { KeptReferences } from '../state/kept-references.ts';
import { HookKilled } from '../state/kill.ts';
import type { Native } from '../state/natives.ts';
import type { Anchor } from '../state/references.ts';
import type { Thread } from '../state/threads.ts';
import { type State, Status } from '../state/wasm-api.ts';
import { CpuMeter } from './cpu-meter.ts';
import type { Environment } from './environment.ts';
import { describeFailure, type Failure } from './failure.ts';
import type { Frame } from './frame.ts';
import { Pause, type Paused } from './pause.ts';
import { Operations, pendingText, pendingWaits, type Wait, type WaitsFor } from './pending.ts';
import type { Reader } from './results.ts';
import type { TaskLimits, TaskOwner } from './task-owner.ts';
import { tellAnswer, tellWait, type WaitAnswer } from './tell-wait.ts';

/** `taken`: the thread is being made ready for a run. Within a run it waits when its pause has a wait. */
type TaskState = 'idle' | 'taken' | 'run';

export class Task implements Caller, Paused {
  readonly #around: Frame;
  readonly #owner: TaskOwner;
  readonly environment: Environment;
  #state: TaskState = 'idle';
  /** From the first run on. */
  #thread: Thread | undefined;
  /** Of the run in progress, or of the last one. */
  #read: Reader<unknown> | undefined;
  #limits: TaskLimits | undefined;
  /** Set when the run in progress has suspended. */
  #pause: Pause | undefined;
  #operations: Operations | undefined;
  #refs: KeptReferences | undefined;
  #meter: CpuMeter | undefined;
  /** The policy knows the thread (coroutine.running), or something is left in it: nobody else may get it. */
  #pinned = false;
  #cancelled = false;
  #condemned: string | undefined;
  #told = false;
  #onClosed: (() => void) | undefined;
  #closed = false;
  #progress = 0;
  /** A stretch of Lua has taken long: the next waits for those of others when there is no time left in a round of the event loop. */
  #slow = false;
  /** The name of what was waited for before the present stretch; undefined when it is the first. */
  after: string | undefined;
  /** A native that gave way goes on with this. */
  resumable: Native | undefined;
  /** Bytes that Lua has allocated while this ran, and what it held when it was last measured: it cannot hold more. */
  allocated = 0;
  /** Milliseconds that Lua has run after it had been suspended, all runs together. */
  resumedMs = 0;
  /** What is or was last run, e.g. `hook.rcpt`. */
  label = '';

  constructor(around: Frame, owner: TaskOwner, environment: Environment) {
    this.#around = around;
    this.#owner = owner;
    this.environment = environment;
  }

  get context(): CallContext {
    return this.#owner.context;
  }

  get options(): Options {
    return this.#owner.options;
  }

  /** The engine ends: whoever has this task gives it up. */
  giveUp(): void {
    this.#owner.giveUp();
  }

  get id(): string {
    return this.#owner.id;
  }

  readonly keep = (ref: Anchor): void => {
    this.#refs ??= new KeptReferences();
    this.#refs.add(ref);
  };

  /** The thread that runs begin on. */
  get thread(): State | undefined {
    return this.#thread?.L;
  }

  /** True from acquire to the end of the run. */
  get busy(): boolean {
    return this.#state !== 'idle';
  }

  pin(): void {
    this.#pinned = true;
  }

  /** What the run waits for, in the words of whoever it waits for; undefined while it does not. */
  get waitsFor(): string | undefined {
    const wait = this.#pause?.wait;
    return wait && (wait.suspension?.describe() ?? wait.name);
  }

  /** All that the run waits for; nothing while it does not. */
  get waitsForAll(): readonly WaitsFor[] {
    const wait = this.#pause?.wait;
    return wait === undefined ? [] : pendingWaits(wait, this.#operations);
  }

  /** The thread, empty, for the next run: push the function and its arguments, then start. */
  acquire(): State {
    if (this.#state !== 'idle') throw new Error('a hook of this connection is still running');
    this.#thread ??= this.#around.core.threads.take();
    this.#state = 'taken';
    return this.#thread.L;
  }

  /** Gives up what acquire gave, or what a run has left on the thread. */
  release(): void {
    if (this.#state === 'idle') return;
    this.#state = 'idle';
    if (this.#thread !== undefined) this.#around.core.api.lua_settop(this.#thread.L, 0);
  }

  /** Runs the function below `nargs` arguments on the thread. A promise is given only when it suspends. */
  start<T>(
    label: string,
    nargs: number,
    read: Reader<T>,
    limits: TaskLimits,
  ): T | Failure | Promise<T | Failure> {
    if (this.#closed || this.#condemned !== undefined || this.#around.core.broken) return this.#refuse();
    if (this.#state !== 'taken') throw new Error(`${label} was begun without a thread`);
    this.#state = 'run';
    this.label = label;
    this.#read = read;
    this.#limits = limits;
    this.#cancelled = false;
    this.#progress = 0;
    this.#meter?.start(limits.cpu);
    this.#around.core.pace.start();
    this.after = undefined;
    let ended: unknown;
    if (this.#around.full || this.mustQueue || this.environment.isHeldFrom(this)) {
      this.#paused().beforeBegin(nargs);
    } else ended = this.#step(nargs);
    if (ended === undefined) ended = this.#paused().end(limits.time, () => this.#timeUp());
    this.#around.relieve();
    return ended as T | Failure | Promise<T | Failure>;
  }

  #paused(): Pause {
    this.#pause ??= new Pause(this.#around.core, this);
    return this.#pause;
  }

  #refuse(): Failure {
    this.release();
    if (this.#condemned !== undefined) {
      this.#told = true;
      return { kind: 'limit', limit: 'memory', message: this.#condemned, traceback: '' };
    }
    if (this.#closed) return { kind: 'cancelled' };
    return { kind: 'error', message: 'internal error: the Lua engine failed', traceback: '' };
  }

  /** True when the run has used up its processor time. Called now and then while Lua runs. */
  exhausted(now: number = this.#around.core.processor.monotonic()): boolean {
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

  /** Whether the run may be interrupted. */
  mayGiveWay(): boolean {
    return this.#pause?.mayGiveWay() ?? true;
  }

  /** Milliseconds. */
  get cpuLimit(): number {
    return this.#limits?.cpu ?? 1000;
  }

  suspend(suspension: Suspension, name: string): void {
    this.#paused().suspend(suspension, name);
  }

  /** Counts something that goes on in the background. Ends the hook when there is too much of it. */
  begin(describe: () => string, group?: OperationGroup): Operation {
    this.#operations ??= new Operations();
    const limit = this.#limits?.pending ?? 1;
    return this.#operations.begin(describe, this.#around.core.clock.monotonic(), limit, group);
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
    const pause = this.#paused();
    if (core.slices.interrupted) {
      // In the middle of something: what lies on the stack stays.
      if (count > 0) api.lua_settop(thread.L, -count - 1);
      pause.giveWay('its turn of the processor');
      this.environment.hold(this);
    } else {
      const tagged = count === 1 && api.lua_touserdata(thread.L, -1) === core.tag;
      api.lua_settop(thread.L, -count - 1);
      this.environment.letGo(this);
      pause.listen(tagged);
    }
    if (!this.#cancelled) return undefined;
    this.#stop();
    return this.#end({ kind: 'cancelled' });
  }

  #leave(): void {
    if (this.#meter?.running === true) this.#meter.pause(this.#around.core.processor.monotonic());
    const took = this.#around.leave(this);
    if (took > 0 && this.#around.core.slices.took(took, this.environment.scripts, this.#stretch))
      this.#slow = true;
  }

  /** What the present stretch is, for all connections of the policy. */
  get #stretch(): string {
    return this.after === undefined ? this.label : `${this.label} after ${this.after}`;
  }

  get takesLong(): boolean {
    return this.#slow || this.#around.core.slices.isStubborn(this.environment.scripts, this.#stretch);
  }

  get mustQueue(): boolean {
    const { slices } = this.#around.core;
    return slices.spent || (slices.strained && this.takesLong);
  }

  #results(L: State): unknown {
    const { core } = this.#around;
    return this.#read?.(core.results.of(L, core.api.lua_gettop(L), this.keep));
  }

  waits(wait: Wait): void {
    const L = this.#thread?.L;
    if (L === undefined || !this.#owner.log.wants('hook-waits')) return;
    tellWait(this.#owner.log, wait, this.#around.core.positions.of(L));
  }

  waited(wait: Wait, answer: WaitAnswer): void {
    if (wait.told) tellAnswer(this.#owner.log, wait, answer);
  }

  goOn(name: string, push: (L: State) => number): void {
    const pause = this.#pause;
    const L = this.#thread?.L;
    if (pause === undefined || L === undefined) return;
    const { api, natives } = this.#around.core;
    const top = api.lua_gettop(L);
    let nargs: number;
    try {
      nargs = push(L);
    } catch (error) {
      api.lua_settop(L, top);
      nargs = pause.pushError(L, natives.bug(name, error));
    }
    const since = this.#around.core.processor.monotonic();
    this.#metered().resume(since);
    const ended = this.#step(nargs);
    this.resumedMs += this.#around.core.processor.monotonic() - since;
    if (ended !== undefined) pause.resolve?.(ended);
    this.#around.relieve();
  }

  /** The run is over. */
  #end(ended: unknown): unknown {
    this.#pause?.over();
    this.#pause = undefined;
    this.resumable = undefined;
    this.environment.letGo(this);
    this.release();
    this.#owner.ended();
    if (this.#closed) this.#finish();
    return ended;
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
    this.#pinned = true;
    return this.#guarded(() => {
      this.#around.core.api.lua_resetthread(L, 0);
      if (!this.#around.core.forgetHandler(L)) this.#loseThread();
    });
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

  /** The thread is not to be used again; the next run begins on a new one. */
  #loseThread(): void {
    if (this.#thread !== undefined) this.#around.core.threads.drop(this.#thread);
    this.#thread = undefined;
    this.#pinned = false;
  }

  /** An exception went through Lua frames: the thread's stack is not to be trusted any more. */
  #abandon(error: unknown): Failure {
    this.#loseThread();
    if (error instanceof HookKilled) {
      const message = `${error.position}${error.message}`;
      return { kind: 'limit', limit: error.reason, message, traceback: error.traceback };
    }
    this.#around.broken(error);
    return this.#refuse();
  }

  #timeUp(): void {
    const [wait, limits, L] = [this.#pause?.wait, this.#limits, this.#thread?.L];
    if (wait === undefined || limits === undefined || L === undefined) return;
    const { positions, clock } = this.#around.core;
    const pending = pendingText(wait, this.#operations, clock.monotonic());
    const message = `${positions.of(L)}still running after ${limits.time / 1000} s; ${pending}`;
    this.#cut({ kind: 'limit', limit: 'wall-clock', message, traceback: positions.traceback(L) });
  }

  /** Ends a run that waits. */
  #cut(failure: Failure): void {
    const pause = this.#pause;
    if (pause?.wait !== undefined) pause.endInTurn(() => this.#cutNow(pause, failure));
  }

  #cutNow(pause: Pause, failure: Failure): void {
    const { resolve } = pause;
    pause.drop();
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
    const pause = this.#pause;
    const L = pause?.wait === undefined ? undefined : this.#thread?.L;
    const { positions } = this.#around.core;
    this.#told = L !== undefined;
    this.#condemned = L === undefined ? message : `${positions.of(L)}${message}`;
    if (pause !== undefined && L !== undefined) {
      const traceback = positions.traceback(L);
      this.#cutNow(pause, { kind: 'limit', limit: 'memory', message: this.#condemned, traceback });
    }
    this.environment.abandon();
  }

  get condemned(): boolean {
    return this.#condemned !== undefined;
  }

  /** Whether a run has ended, or was refused, because this is condemned. */
  get told(): boolean {
    return this.#told;
  }

  /** Cancels what is running and releases everything; then `onClosed` is called, at once unless Lua is running. Idempotent. */
  close(onClosed: () => void): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onClosed = onClosed;
    if (this.#pause?.wait !== undefined) this.cancel();
    else if (this.#state === 'idle') this.#finish();
    else this.#cancelled = true;
  }

  #finish(): void {
    this.#refs?.release();
    if (this.#thread !== undefined && !this.#pinned) this.#around.core.threads.giveBack(this.#thread);
    else this.#loseThread();
    this.#thread = undefined;
    this.#around.closed(this);
    if (!this.environment.exclusive) this.environment.release();
    const onClosed = this.#onClosed;
    this.#onClosed = undefined;
    onClosed?.();
  }
}
