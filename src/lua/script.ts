// A script at work: globals of its own, a Lua thread, the state of its modules. The one face that others call: they name entries, give
// values and read results, and never see a Lua stack. What suspends gives a promise, what does not gives its end at once.
//
// A script must never be called while a call of it is under way, and runs nothing after close. It says how a call ended, and logs nothing.
import type { Capabilities } from '../base/capability.ts';
import type { Log } from '../base/log.ts';
import type { Maybe } from '../base/maybe.ts';
import type { Entry } from '../lua-api/entry-table.ts';
import { ByteSlice, type LuaRecord, type LuaRef, type LuaValue, type SliceBatch } from '../lua-api/value.ts';
import type { Options } from '../options/options.ts';
import type { Calls } from './run/calls.ts';
import type { Core } from './run/core.ts';
import type { Environment, NotCallable } from './run/environment.ts';
import type { Failure } from './run/failure.ts';
import type { Frame } from './run/frame.ts';
import type { WaitsFor } from './run/pending.ts';
import type { Reader, Results } from './run/results.ts';
import { Row, type RowRead, type RowReader } from './run/row.ts';
import { Task } from './run/task.ts';
import type { TaskLimits, TaskOwner } from './run/task-owner.ts';
import { ScriptContext } from './script-context.ts';
import { Anchor } from './state/references.ts';
import { Type } from './state/wasm-api.ts';

export { rowReader } from './run/row.ts';
export type { ScriptFiles, ScriptTexts } from './run/script-files.ts';
export type { Failure, NotCallable, Reader, Results, RowReader, TaskLimits, WaitsFor };
/** A compiled file, held until it is released. */
export type Factory = Anchor;

/** There is no such function. */
export interface Undefined {
  readonly kind: 'undefined';
  /** Lua was asked, and has run: the script has given the table a metatable. */
  readonly asked?: true;
}

/** What a call came to: what was read of its results, or how it failed. */
export type End<T> = T | Undefined | NotCallable | Failure;

/** What a row of calls came to: how many were done, and the end of the last one. */
export interface RowEnd<T> {
  readonly done: number;
  readonly last: End<T>;
}

/** Whose script it is. */
export interface ScriptOwner {
  /** For the watchdog; may be ''. */
  readonly id: string;
  readonly options: Options;
  /** For functions of the API; asked for once, when the first is called. */
  readonly capabilities: Capabilities;
  readonly log: Log;
  /** Of a call; `label` is that of the entry, `script` for the file level. Called before each. */
  limits(label: string): TaskLimits;
  /** Grows when a call that goes on for long has come further: its processor time counts anew from there. Undefined: it never does. */
  progress?(): number;
  /** The engine ends: to be closed now. Idempotent. */
  close(): void;
}

/** What all scripts of an engine share. */
export interface ScriptParts {
  readonly core: Core;
  readonly calls: Calls;
  readonly around: Frame;
  /** The longest text that is compiled, bytes. */
  readonly maxSource: () => number;
}

const nothingThere: Undefined = { kind: 'undefined' };
const nothingFound: Undefined = { kind: 'undefined', asked: true };

export class Script implements TaskOwner {
  readonly #parts: ScriptParts;
  readonly #owner: ScriptOwner;
  readonly #task: Task;
  #known: ScriptContext | undefined;
  #closed = false;
  /** The row of calls that is running. */
  #row: Row | undefined;

  constructor(parts: ScriptParts, owner: ScriptOwner, environment: Environment) {
    this.#parts = parts;
    this.#owner = owner;
    this.#task = new Task(parts.around, this, environment);
    parts.around.opened(this.#task);
  }

  get id(): string {
    return this.#owner.id;
  }

  get options(): Options {
    return this.#owner.options;
  }

  get log(): Log {
    return this.#owner.log;
  }

  /** Milliseconds that it has run after it had been suspended, all calls together. */
  get resumedMs(): number {
    return this.#task.resumedMs;
  }

  /** All that the call under way waits for. */
  get waitsFor(): readonly WaitsFor[] {
    return this.#task.waitsForAll;
  }

  /** For the engine, which makes another one beside it. */
  get environment(): Environment {
    return this.#task.environment;
  }

  get progress(): number {
    return this.#row?.at ?? this.#owner.progress?.() ?? 0;
  }

  get context(): ScriptContext {
    this.#known ??= new ScriptContext(this.#parts.core, this.#task, this.#owner, () => this.#row?.stop());
    return this.#known;
  }

  ended(): void {
    this.#known?.ended();
  }

  /** Runs the file level. To be called first, and once. */
  load<T>(factory: Factory, read: Reader<T>): Maybe<T | Failure> {
    this.#parts.calls.pushFile(this.#task.acquire(), factory, this.#task.environment);
    return this.#task.start('script', 0, read, this.#owner.limits('script'));
  }

  /** It was ended for its memory: nothing of it can be called any more. */
  get isLost(): boolean {
    return this.#task.condemned;
  }

  /** Whether a call would find anything. True once, too, when the script was ended for its memory: the call says so. */
  has(entry: Entry): boolean {
    if (this.#closed) return false;
    if (this.#task.condemned) return !this.#task.told;
    const answer = this.#task.environment.lookUp(entry);
    if (answer === 'found') this.#parts.core.api.lua_settop(this.#parts.core.main, -2);
    return answer !== 'absent';
  }

  /** `file:line` where the function of an entry is defined, as far as that can be told without running Lua; else ''. */
  placeOf(entry: Entry): string {
    const { api, main, positions } = this.#parts.core;
    if (this.#closed || this.#task.condemned || this.#task.environment.lookUp(entry) !== 'found') return '';
    if (api.lua_type(main, -1) === Type.function) return positions.ofFunction(main);
    api.lua_settop(main, -2);
    return '';
  }

  /** Calls the function of an entry, if there is one. */
  call<T>(entry: Entry, args: readonly LuaValue[], read: Reader<T>): Maybe<End<T>> {
    const task = this.#task;
    if (this.#closed || task.condemned) return this.#refused(entry.label, read);
    this.#mustBeFree(entry.label);
    const answer = task.environment.lookUp(entry);
    if (answer === 'absent') return nothingThere;
    if (typeof answer === 'object') return answer;
    const { core, calls } = this.#parts;
    const L = task.acquire();
    let nargs = args.length;
    try {
      if (answer === 'found') core.api.lua_xmove(core.main, L, 1);
      else {
        calls.pushLookUp(L, entry);
        nargs += 2;
      }
      for (const arg of args) core.bridge.push(L, arg);
    } catch (error) {
      task.release();
      throw error;
    }
    const limits = this.#owner.limits(entry.label);
    return answer === 'found'
      ? task.start(entry.label, nargs, read, limits)
      : task.start<End<T>>(entry.label, nargs, (results) => lookedUp(results, read), limits);
  }

  /** After close, and when the script was ended for its memory: the first call says so. */
  #refused<T>(label: string, read: Reader<T>): Maybe<End<T>> {
    if (this.#closed) return { kind: 'cancelled' };
    return this.#task.told ? nothingThere : this.#task.start(label, 0, read, this.#owner.limits(label));
  }

  #mustBeFree(label: string): void {
    if (this.#task.busy) throw new Error(`${label} was called while ${this.#task.label} is still running`);
  }

  /**
   * Calls the function of an entry with one value of the batch after the other, at least with the first, and stops behind the first call that
   * returns something or does not end by itself.
   */
  callEach<T>(entry: Entry, batch: SliceBatch, read: RowReader<T>): Maybe<RowEnd<T>> {
    const ready = !this.#closed && !this.#task.condemned;
    const answer = ready ? this.#task.environment.lookUp(entry) : 'unknown';
    if (answer === 'absent') return { done: batch.count, last: nothingThere };
    if (typeof answer === 'object') return { done: 1, last: answer };
    if (answer === 'found') this.#parts.core.api.lua_settop(this.#parts.core.main, 0);
    return answer === 'unknown' || batch.count === 1
      ? this.#callFirst(entry, batch, read)
      : this.#callRow(entry, batch, read);
  }

  #callFirst<T>(entry: Entry, batch: SliceBatch, read: RowReader<T>): Maybe<RowEnd<T>> {
    const value = new ByteSlice();
    value.bytes = batch.bytes;
    value.start = batch.starts[0] ?? 0;
    value.end = batch.ends[0] ?? 0;
    const end = this.call(entry, [value], read.one);
    return end instanceof Promise ? end.then((last) => ({ done: 1, last })) : { done: 1, last: end };
  }

  #callRow<T>(entry: Entry, batch: SliceBatch, read: RowReader<T>): Maybe<RowEnd<T>> {
    const { core, calls } = this.#parts;
    const task = this.#task;
    const L = task.acquire();
    let row: Row;
    try {
      calls.pushEach(L, entry, task.environment);
      row = new Row(core, L, batch);
      core.bridge.pushNumber(L, batch.count);
    } catch (error) {
      task.release();
      throw error;
    }
    this.#row = row;
    const ended = task.start(entry.label, 5, read.row, this.#owner.limits(entry.label));
    if (!(ended instanceof Promise)) return this.#rowDone(row, ended);
    // It waits: the hook is over when it goes on to the next line.
    row.stop();
    return ended.then((later) => this.#rowDone(row, later));
  }

  #rowDone<T>(row: Row, ended: RowRead<T> | Failure): RowEnd<T> {
    row.release();
    this.#row = undefined;
    return ended.kind === 'row' ? { done: ended.done, last: ended.last } : { done: 1, last: ended };
  }

  /** A function that the script gave away (an argument of the API, a result that was held), to be called when no call is under way. */
  held(ref: LuaRef, label: string): HeldFunction {
    if (!(ref instanceof Anchor)) throw new Error(`${label} is no value of this engine`);
    return new HeldFunction(this, ref, label);
  }

  /** For HeldFunction. */
  placeOfHeld(ref: Anchor): string {
    const { main, positions } = this.#parts.core;
    if (this.#closed || this.#task.condemned || ref.released) return '';
    ref.push(main);
    return positions.ofFunction(main);
  }

  /** For HeldFunction. */
  callHeld<T>(ref: Anchor, label: string, args: readonly LuaValue[], read: Reader<T>): Maybe<End<T>> {
    if (this.#closed || this.#task.condemned) return this.#refused(label, read);
    if (ref.released) return nothingThere;
    this.#mustBeFree(label);
    const { bridge } = this.#parts.core;
    const L = this.#task.acquire();
    try {
      ref.push(L);
      for (const arg of args) bridge.push(L, arg);
    } catch (error) {
      this.#task.release();
      throw error;
    }
    return this.#task.start(label, args.length, read, this.#owner.limits(label));
  }

  /** Runs a text as a chunk of its own, with the script's globals. */
  run<T>(source: string, chunkName: string, read: Reader<T>): Maybe<T | Failure> {
    if (this.#closed) return { kind: 'cancelled' };
    const { calls, maxSource } = this.#parts;
    const task = this.#task;
    const message = calls.pushText(task.acquire(), source, chunkName, task.environment, maxSource());
    if (message === undefined) return task.start(chunkName, 0, read, this.#owner.limits(chunkName));
    task.release();
    return { kind: 'error', message, traceback: '' };
  }

  /** What is wrong with a text as a chunk; nothing of it runs. Undefined: nothing, or the script is closed. */
  problemOf(source: string, chunkName: string): string | undefined {
    if (this.#closed || this.#task.condemned || this.#task.busy) return undefined;
    const { calls, maxSource } = this.#parts;
    const problem = calls.pushText(
      this.#task.acquire(),
      source,
      chunkName,
      this.#task.environment,
      maxSource(),
    );
    this.#task.release();
    return problem;
  }

  /** Sets fields of the script's own module (`client`) before Lua runs again; undefined removes one. */
  setFields(fields: LuaRecord): void {
    if (!this.#closed) this.#task.environment.setFields(fields);
  }

  /** Drops a lazy field: it is asked for again at the next read. */
  forget(module: string, field: string): void {
    if (!this.#closed) this.#task.environment.forget(module, field);
  }

  /** Cuts off the call that waits: its coroutine ends (to-be-closed variables run), its pending calls are cancelled. */
  cancel(): void {
    this.#task.cancel();
  }

  giveUp(): void {
    this.#owner.close();
  }

  /** Ends the script and releases all it holds; then `onClosed` is called, at once unless Lua is running. Idempotent. */
  close(onClosed: () => void): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#task.close(() => {
      this.#known?.dispose();
      onClosed();
    });
  }
}

/** Results of a function that Lua itself looked up: it may turn out that there is none. */
function lookedUp<T>(results: Results, read: Reader<T>): T | Undefined | NotCallable {
  if (!results.isTag(0)) return read(results);
  if (results.count === 1) return nothingFound;
  return { kind: 'not-callable', what: 'hook', type: results.text(1) };
}

/** A function of a script that others hold. It lives until it is released or the script that gave it away is closed. */
export class HeldFunction {
  readonly #script: Script;
  readonly #ref: Anchor;
  readonly #label: string;

  constructor(script: Script, ref: Anchor, label: string) {
    this.#script = script;
    this.#ref = ref;
    this.#label = label;
  }

  call<T>(args: readonly LuaValue[], read: Reader<T>): Maybe<End<T>> {
    return this.#script.callHeld(this.#ref, this.#label, args, read);
  }

  /** `file:line` where it is defined; '' when that cannot be told. */
  get place(): string {
    return this.#script.placeOfHeld(this.#ref);
  }

  release(): void {
    this.#ref.release();
  }
}
