// The parts that every piece of the Lua runtime needs, put together once per engine.
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { Account, account, installAllocator } from '../state/allocator.ts';
import { Bridge } from '../state/bridge.ts';
import { HookKilled, type KillReason } from '../state/kill.ts';
import { Memory } from '../state/memory.ts';
import { type Native, Natives } from '../state/natives.ts';
import { Objects } from '../state/objects.ts';
import { Pace } from '../state/pace.ts';
import { Positions } from '../state/position.ts';
import type { Anchor } from '../state/references.ts';
import { Threads } from '../state/threads.ts';
import type { ActiveThreads, LoadedWasm } from '../state/wasm.ts';
import {
  type LuaApi,
  maskCount,
  maskLine,
  type Pointer,
  registry,
  type State,
  Status,
  Type,
  typeNameOf,
} from '../state/wasm-api.ts';
import { kept } from './environment.ts';
import { Results } from './results.ts';
import { Slices } from './slices.ts';
import type { Task } from './task.ts';

/** Told each line of Lua that begins to run: `source` is the name of its chunk as Lua has it, `@path` of a file. */
export type LineWatcher = (source: string, line: number) => void;

/** What hooks are called for (lua.h), and where lua_Debug has it (32-bit layout of Lua 5.4). */
const LINE_EVENT = 2;
const activation = { event: 0, source: 16, currentLine: 24 } as const;

/** Processor time, in milliseconds, that may be used where a run cannot be interrupted (a __tostring called by a C function ...). */
const UNINTERRUPTED = 50;

export class Core {
  readonly api: LuaApi;
  readonly memory: Memory;
  readonly account: Account;
  /** The main thread: nothing runs on it after start-up, its stack is for the engine's own work. */
  readonly main: State;
  readonly objects: Objects;
  readonly bridge: Bridge;
  readonly natives: Natives;
  readonly positions: Positions;
  readonly log: Log;
  /** Of waits and their limits. */
  readonly clock: Clock;
  /** By which processor time is measured. */
  readonly processor: Pick<Clock, 'monotonic'>;
  /** The address that marks an engine wait among yielded values; no policy can make this light userdata. */
  readonly tag: Pointer;
  /** Where lua_resume puts the number of results. */
  readonly resultCount: Pointer;
  /** Who is running Lua at this moment. Lua never runs for two at once. */
  running: Task | undefined;
  /** Bytes from which on whoever runs gives way, so that room is made. */
  crowded = Number.POSITIVE_INFINITY;
  /** Refusals of memory that have led to something. */
  #refusals = 0;
  /** An exception went through Lua frames that should not have: nothing runs any more. */
  broken = false;
  readonly threads: Threads;
  readonly slices: Slices;
  readonly pace: Pace;
  readonly results: Results;
  readonly #active: ActiveThreads;
  readonly #source: Pointer;
  /** The source of the line that was watched last. */
  #watched = '';
  readonly #names = new Map<string, Pointer>();
  #strings: Anchor | undefined;

  constructor(
    wasm: LoadedWasm,
    log: Log,
    clock: Clock,
    processor: Pick<Clock, 'monotonic'> = clock,
    watchLine?: LineWatcher,
  ) {
    this.api = wasm.api;
    this.log = log;
    this.clock = clock;
    this.processor = processor;
    this.memory = new Memory(wasm.api);
    const at = this.memory.allocate(account.size);
    this.account = new Account(() => this.memory.words, at);
    this.slices = new Slices(processor);
    this.#active = wasm.active;
    printWholeFloatsAsLua51(this.memory);
    const countHook = wasm.addFunction(
      watchLine === undefined
        ? (L) => this.#counted(L as State)
        : (L, at) => this.#hooked(L as State, at as Pointer, watchLine),
      'vii',
    );
    this.#source = this.memory.name('S');
    const mask = watchLine === undefined ? maskCount : maskCount | maskLine;
    const pace = new Pace(
      (L) => wasm.api.lua_gethookcount(L),
      (L, instructions) => wasm.api.lua_sethook(L, countHook, mask, instructions),
    );
    this.pace = pace;
    const allocator = installAllocator(wasm.api, {
      created: (block, size) => this.#longString(block, size),
      gone: (block) => this.#gone(block),
    });
    this.main = wasm.api.lua_newstate(allocator, at);
    if (this.main === 0) throw new Error('Lua: no memory for a state');
    wasm.api.lua_atpanic(
      this.main,
      wasm.addFunction((L) => this.#panic(L as State), 'ii'),
    );
    wasm.api.luaL_openlibs(this.main);
    this.objects = new Objects(wasm.api);
    this.bridge = new Bridge(wasm.api, this.memory, this.objects, this.main, this.account);
    this.natives = new Natives(wasm, this.bridge, log, {
      kill: (L, limit) => this.kill(L, limit.reason, limit.message),
      goOn: (L) => this.#goOn(L),
    });
    this.positions = new Positions(wasm.api, this.memory, this.bridge, this.main);
    this.tag = this.memory.allocate(8);
    this.resultCount = this.memory.allocate(8);
    this.results = new Results(wasm.api, this.bridge, this.tag);
    this.threads = new Threads(wasm.api, this.main, (L) => pace.apply(L));
  }

  /** A long string is there: what is running, and every thread that begins to run while it is, is looked at more often. */
  #longString(block: Pointer, size: number): void {
    const { pace } = this;
    if (!pace.created(block, size)) return;
    if (this.#active.innermost !== 0) pace.apply(this.#active.innermost);
    this.#watchThreads();
  }

  #gone(block: Pointer): void {
    this.pace.gone(block);
    this.#watchThreads();
  }

  #watchThreads(): void {
    const { pace } = this;
    this.#active.onEnter = pace.quick ? (L) => pace.apply(L) : undefined;
  }

  /** The count hook of every thread: so many instructions have been executed. */
  #counted(L: State): undefined {
    if (this.look(L)) this.#interrupt(L);
  }

  /** The hook of every thread where lines are watched. */
  #hooked(L: State, at: Pointer, watchLine: LineWatcher): undefined {
    const { words } = this.memory;
    if (words[(at + activation.event) >> 2] !== LINE_EVENT) return this.#counted(L);
    const line = words[(at + activation.currentLine) >> 2] ?? 0;
    this.api.lua_getinfo(L, this.#source, at);
    const source = this.memory.words[(at + activation.source) >> 2] ?? 0;
    // As a rule the line before was of the same text.
    if (!this.memory.isCString(source, this.#watched)) this.#watched = this.memory.cString(source);
    watchLine(this.#watched, line);
  }

  /** Yields on `L` without values: the run goes on in the middle of what it was doing when it is resumed. */
  #interrupt(L: State): void {
    this.slices.interrupted = true;
    this.api.lua_yieldk(L, 0, 0, 0);
  }

  /**
   * Looks whether the run has used up its time, and stops it then. True when it has to give way now, and can: `L` must yield without
   * values. To be called from anything that may take long.
   */
  look(L: State): boolean {
    const task = this.running;
    const { slices } = this;
    if (task === undefined || slices.interrupted) return false;
    const now = this.processor.monotonic();
    if (task.exhausted(now)) {
      this.kill(L, 'cpu', `used more than ${task.cpuLimit} ms of processor time`);
    }
    this.pace.looked(L, now);
    if (this.pace.quick || this.#active.onEnter !== undefined) this.#watchThreads();
    if (!slices.over(now)) {
      if (this.account.used <= this.crowded) return false;
      return slices.enabled && this.canYield() && task.mayGiveWay();
    }
    if (slices.enabled && this.canYield() && task.mayGiveWay()) return true;
    if (task.overdue(now, UNINTERRUPTED)) {
      this.kill(
        L,
        'cpu',
        `used more than ${UNINTERRUPTED} ms of processor time where it cannot be interrupted (a function that is called by a function of the library, such as __tostring, or a handler of errors)`,
      );
    }
    return false;
  }

  /** Whether what is running can be suspended: no C function is under way that could not go on afterwards, in any of its coroutines. */
  canYield(): boolean {
    const { states, depth } = this.#active;
    if (depth === 0) return false;
    let previous = 0;
    for (let i = 0; i < depth; i++) {
      const L = states[i] ?? 0;
      if (L !== previous && this.api.lua_isyieldable(L) === 0) return false;
      previous = L;
    }
    return true;
  }

  /** Makes the native that calls this give way; what it has on its stack stays, and `goOn` is called, in its place, later. */
  giveWay(L: State, goOn: Native): never {
    if (this.running === undefined) throw new Error('no policy is running');
    this.running.resumable = goOn;
    this.slices.interrupted = true;
    this.api.lua_yieldk(L, 0, 0, this.natives.continuation);
    throw new Error('lua_yieldk returned');
  }

  /** Makes the native that calls this wait for the answer to a suspension; `goOn` is called, in its place, with the answer alone on the stack. */
  waitForAnswer(L: State, goOn: Native): never {
    if (this.running === undefined) throw new Error('no policy is running');
    this.running.resumable = goOn;
    this.api.lua_settop(L, 0);
    this.api.lua_pushlightuserdata(L, this.tag);
    this.api.lua_yieldk(L, 1, 0, this.natives.continuation);
    throw new Error('lua_yieldk returned');
  }

  /** For the function behind the continuation of natives that gave way. */
  #goOn(L: State): number {
    const goOn = this.running?.resumable;
    if (goOn === undefined) throw new Error('nothing to go on with');
    if (this.running !== undefined) this.running.resumable = undefined;
    return goOn(L);
  }

  /** Stops the run when Lua has been refused memory. */
  checkMemory(L: State): 0 {
    const { account } = this;
    if (account.refused !== this.#refusals) this.kill(L, 'memory', this.memoryText(account.limit));
    return 0;
  }

  /** Why memory was refused; `limit` in bytes. */
  memoryText(limit: number): string {
    const { wanted, longest, largest } = this.account;
    this.#refusals = this.account.refused;
    const what = `not enough memory (limit ${limit} bytes for all Lua`;
    if (wanted <= longest) return `${what})`;
    return `${what}, ${longest} for a string, ${largest} for a table; ${wanted} were wanted at once)`;
  }

  /** Stops the run in progress. Does not return. */
  kill(L: State, reason: KillReason, message: string): never {
    this.account.limit = 0;
    let traceback = this.positions.traceback(L);
    const outer = this.running?.thread;
    if (outer !== undefined && outer !== L) {
      traceback += `\nresumed by: ${this.positions.traceback(outer)}`;
    }
    throw new HookKilled(reason, message, this.positions.of(L), traceback);
  }

  /** The error value on top of `L` as text; undefined for an object. */
  errorText(L: State): string | undefined {
    const type = this.api.lua_type(L, -1);
    if (type === Type.string || type === Type.number) return this.bridge.pullString(L, -1);
    if (type === Type.table || type === Type.userdata) return undefined;
    return `(error object is a ${typeNameOf(type)} value)`;
  }

  /** Pushes a name from a bounded set: kept as a Lua string, so that nothing is copied. */
  pushName(L: State, name: string): void {
    this.api.lua_rawgetp(L, registry, this.#names.get(name) ?? this.#newName(name));
  }

  /** A method of its own: where a function is made for what hardly ever happens, each call makes what that one would hold. */
  #newName(name: string): Pointer {
    return this.account.unlimited(() => this.#keepName(name));
  }

  #keepName(name: string): Pointer {
    const key = this.memory.allocate(1);
    this.bridge.pushBytes(this.main, name);
    this.api.lua_rawsetp(this.main, registry, key);
    this.#names.set(name, key);
    return key;
  }

  /** The table on top of the main thread is `runtime` in lib-lua/runtime. */
  keepRuntime(): void {
    this.api.lua_rawsetp(this.main, registry, this.memory.name('smtpe.runtime'));
  }

  pushRuntimeTable(): void {
    this.api.lua_rawgetp(this.main, registry, this.memory.name('smtpe.runtime'));
  }

  /** Pushes a field of `runtime` onto the main thread. */
  pushRuntime(field: string): void {
    this.pushRuntimeTable();
    this.pushName(this.main, field);
    this.api.lua_rawget(this.main, -2);
    this.api.lua_rotate(this.main, -2, 1);
    this.api.lua_settop(this.main, -2);
  }

  /**
   * A thread that was reset within an xpcall keeps its handler, and would call it for any later error: no reset forgets one. A pcall that is
   * reset has none. False when the thread is not to be used again.
   */
  forgetHandler(L: State): boolean {
    const { api, main } = this;
    api.lua_settop(L, 0);
    this.pushRuntime('bare_pcall');
    this.pushRuntime('bare_yield');
    api.lua_xmove(main, L, 2);
    const waits = api.lua_resume(L, 0, 1, this.resultCount) === Status.yield;
    api.lua_resetthread(L, 0);
    return waits;
  }

  /** Makes `metatable` the metatable of strings; undefined stands for the common one. */
  useStrings(metatable: Anchor | undefined): void {
    if (this.#strings === metatable) return;
    this.#strings = metatable;
    const { api, main } = this;
    this.pushName(main, '');
    if (metatable === undefined) api.lua_rawgetp(main, registry, this.memory.name(kept.stringMetatable));
    else metatable.push(main);
    api.lua_setmetatable(main, -2);
    api.lua_settop(main, -2);
  }

  /** A Lua error outside any protected call: a bug of the engine. Throwing keeps Lua from aborting the process. */
  #panic(L: State): number {
    throw new Error(`Lua panic: ${this.bridge.pullString(L, -1)}`);
  }

  /** Calls the function below `nargs` arguments on the main thread; the result or the error is on top. For start-up only. */
  mustCall(nargs: number, nresults: number): void {
    const status = this.api.lua_pcallk(this.main, nargs, nresults, 0, 0, 0);
    if (status !== 0) throw new Error(`Lua: ${this.bridge.pullString(this.main, -1)}`);
  }
}

/**
 * Lua 5.4 prints 10/2 as "5.0", Lua 5.1 as "5". The ".0" is added when the digits are all in "-0123456789", a constant that nothing
 * else uses: emptied, nothing is added. Lua 5.1 policies build replies with such numbers. The self-test looks whether it worked.
 */
function printWholeFloatsAsLua51(memory: Memory): void {
  const digits = Buffer.from('-0123456789\0', 'latin1');
  const at = memory.bytes.indexOf(digits);
  if (at > 0 && memory.bytes.indexOf(digits, at + 1) < 0) memory.bytes[at] = 0;
}
