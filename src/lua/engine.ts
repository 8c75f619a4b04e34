// A Lua engine: one WebAssembly instance with one master state, in which every connection has a coroutine and globals of its own.
import { readFileSync } from 'node:fs';
import { join, normalize } from 'node:path';
import type { Clock } from '../ops/clock.ts';
import type { Heartbeat } from '../ops/heartbeat.ts';
import type { Log } from '../ops/log.ts';
import type { Options } from '../options/options.ts';
import type { CallEnvironment, Caller } from './call-functions.ts';
import { Chunks, type Compiled } from './chunks.ts';
import { Core } from './core.ts';
import { Environment, type EnvironmentShape } from './environment.ts';
import { environmentNatives, type FilePlace } from './environment-natives.ts';
import type { ModuleSpec } from './function-spec.ts';
import { libraryNames } from './library-names.ts';
import { MemoryGuard } from './memory-guard.ts';
import type { Native } from './natives.ts';
import { patternNatives } from './pattern-natives.ts';
import { pipeClass } from './pipe.ts';
import { RealFiles } from './real-files.ts';
import type { Anchor } from './references.ts';
import { Registrar } from './register.ts';
import { latin1Of, ScriptFiles, type ScriptFilesSettings } from './script-files.ts';
import { selfTest } from './self-test.ts';
import { Surroundings } from './surroundings.ts';
import { systemNatives } from './system-natives.ts';
import { TailCalls } from './tail-calls.ts';
import { Task, type TaskOwner } from './task.ts';
import { loadWasm } from './wasm.ts';
import type { State } from './wasm-api.ts';

/** What others do when a policy touches files. */
export interface FileHooks {
  /** Called before a path (latin1, as the policy wrote it) is opened, renamed, removed or looked at. */
  onPath(path: string): void;
}

export interface LuaEngineDependencies {
  readonly log: Log;
  readonly clock: Clock;
  readonly options: Options;
  readonly modules: readonly ModuleSpec[];
  /** lib-lua: `runtime/` in it is the engine's own Lua, the rest are modules that policies may require. */
  readonly libLuaDirectory: string;
  readonly files: FileHooks;
  /** Told what is running, for the watchdog. */
  readonly heartbeat?: Heartbeat;
  /** The tables that belong to a connection; default: `hook` and `client`. */
  readonly shape?: EnvironmentShape;
  /** Called once when the engine cannot go on (memory corrupted, out of WebAssembly memory). Every later call fails. */
  readonly onBroken?: (reason: string) => void;
}

/** The engine's own Lua, in order. */
const runtimeFiles = [
  'environment',
  'positions',
  'coroutines',
  'bounded',
  'chunks',
  'patterns',
  'lines',
  'system',
  'lua51',
  'libraries51',
  'debug51',
  'start',
  'measure',
] as const;

const usualShape: EnvironmentShape = { ownTable: 'hook', fieldsModule: 'client' };

export class LuaEngine {
  readonly core: Core;
  readonly #shape: EnvironmentShape;
  readonly #deps: LuaEngineDependencies;
  readonly #chunks: Chunks;
  readonly #tailCalls: TailCalls;
  readonly #memory: MemoryGuard;
  readonly #files: RealFiles;
  readonly #around: Surroundings;
  readonly #calls: CallEnvironment;
  #each: Anchor | undefined;
  #closed = false;

  constructor(core: Core, files: RealFiles, deps: LuaEngineDependencies) {
    this.core = core;
    this.#deps = deps;
    this.#files = files;
    this.#memory = new MemoryGuard(core, deps.options);
    this.#around = new Surroundings({
      core,
      files,
      memory: this.#memory,
      heartbeat: deps.heartbeat,
      fail: (error) => this.fail(error),
    });
    this.#calls = {
      api: core.api,
      bridge: core.bridge,
      tag: core.tag,
      canYield: () => core.canYield(),
      caller: () => this.#caller(),
    };
    this.#shape = deps.shape ?? usualShape;
    this.#tailCalls = new TailCalls(core.memory, libraryNames(deps.modules));
    this.#chunks = new Chunks(core, this.#tailCalls);
  }

  /** Runs the engine's own Lua and registers the modules. */
  start(): void {
    const { api, main, natives } = this.core;
    api.lua_createtable(main, 0, 0);
    this.core.keepRuntime();
    this.core.pushRuntimeTable();
    this.core.bridge.push(main, 'native');
    api.lua_createtable(main, 0, 0);
    for (const [name, native] of Object.entries(this.#natives())) {
      this.core.bridge.push(main, name);
      natives.push(main, name, native);
      api.lua_rawset(main, -3);
    }
    api.lua_rawset(main, -3);
    this.#setRuntime('tag', () => api.lua_pushlightuserdata(main, this.core.tag));
    this.#setRuntime('library_path', () =>
      this.core.bridge.push(main, latin1Of(join(this.#deps.libLuaDirectory, '?.lua'))),
    );
    api.lua_settop(main, 0);
    for (const name of runtimeFiles) this.#runRuntimeFile(name);
    const registrar = new Registrar(this.core, this.#calls);
    registrar.defineClass(pipeClass);
    for (const module of this.#deps.modules) {
      this.core.pushRuntime('define');
      this.core.bridge.push(main, module.name);
      registrar.pushModule(module, module.name);
      this.core.mustCall(2, 0);
    }
    this.core.pushRuntime('finish');
    this.core.bridge.push(main, this.#shape.ownTable);
    this.core.bridge.push(main, this.#shape.fieldsModule);
    this.core.mustCall(2, 0);
  }

  #setRuntime(name: string, push: () => void): void {
    this.core.bridge.push(this.core.main, name);
    push();
    this.core.api.lua_rawset(this.core.main, -3);
  }

  #runRuntimeFile(name: string): void {
    const { api, main, memory } = this.core;
    const source = readFileSync(join(this.#deps.libLuaDirectory, 'runtime', `${name}.lua`));
    const status = memory.with(source, (at, size) =>
      api.luaL_loadbufferx(main, at, size, memory.name('=[smtpe]'), memory.name('t')),
    );
    if (status !== 0) throw new Error(`lib-lua/runtime/${name}.lua: ${this.core.errorText(main)}`);
    this.#tailCalls.mend(api.lua_topointer(main, -1), true);
    this.core.pushRuntimeTable();
    this.core.mustCall(1, 1);
    this.core.pushRuntimeTable();
    this.core.bridge.push(main, name);
    api.lua_pushvalue(main, -3);
    api.lua_rawset(main, -3);
    api.lua_settop(main, 0);
  }

  /** Bytes. */
  #maxSource(): number {
    return (this.core.running?.context.options ?? this.#deps.options).values['lua-max-source'] * 1024;
  }

  #caller(): Caller {
    if (this.core.running === undefined)
      throw new Error('a function of the API was called while no policy is running');
    return this.core.running;
  }

  #placeOf(written: string): FilePlace {
    const base = latin1Of(join(this.#deps.libLuaDirectory, '/'));
    const path = normalize(written);
    if (!path.startsWith(base)) return 'elsewhere';
    return /^(runtime|stubs)\//.test(path.slice(base.length)) ? 'engine' : 'library';
  }

  #natives(): Record<string, Native> {
    return {
      ...patternNatives(this.core),
      ...systemNatives(this.core, this.#calls, this.#files, (path) => this.#deps.files.onPath(path)),
      ...environmentNatives(this.core, this.#chunks, {
        placeOf: (path) => this.#placeOf(path),
        maxSource: () => this.#maxSource(),
      }),
    };
  }

  /** A coroutine and globals for one connection; or for one call of several that share `globals`. */
  newTask(owner: TaskOwner, scripts: ScriptFiles, globals?: Environment): Task {
    const environment = globals ?? new Environment(this.core, this.#shape, scripts);
    const task = new Task(this.#around, owner, environment);
    this.#memory.add(task);
    return task;
  }

  /** Globals for several calls at once, of which none comes in while another is in the middle of something. To be released. */
  newSharedGlobals(scripts: ScriptFiles): Environment {
    const environment = new Environment(this.core, this.#shape, scripts);
    environment.exclusive = true;
    return environment;
  }

  /** Compiles a policy; `chunkName` as in Lua: `@path` or `=name`. */
  compile(source: string, chunkName: string): Compiled {
    if (this.#closed) return { kind: 'failed', message: 'the process ends' };
    return this.#chunks.compile(source, chunkName);
  }

  /** The files that a revision of a policy is made of. */
  newScriptFiles(settings: Omit<ScriptFilesSettings, 'maxBytes'>): ScriptFiles {
    const maxBytes = (): number => this.#maxSource();
    return new ScriptFiles(this.#chunks, this.#deps.log, { ...settings, maxBytes });
  }

  /** Pushes a chunk (`+test` lines) onto `L`, with the globals of the task. Gives the message when it does not compile. */
  pushChunk(task: Task, L: State, source: string, chunkName: string): string | undefined {
    task.environment.pushGlobals(L);
    if (this.#chunks.pushLoaded(L, source, chunkName, 1, this.#maxSource()) === 2)
      return this.core.errorText(L);
    this.core.api.lua_rotate(L, 1, 1);
    this.core.api.lua_settop(L, 1);
    return undefined;
  }

  /** Pushes a Lua function and its first argument that find and call hook `name` by Lua's own rules (metatables included); it gives the engine's tag when there is none. */
  pushHookLookUp(L: State, name: string): void {
    const { api, main } = this.core;
    this.core.pushRuntime('call_hook');
    api.lua_xmove(main, L, 1);
    this.core.pushName(L, name);
  }

  /** Pushes what calls a hook for each value of a batch: each(globals, own table, hook, values, count). */
  pushEach(L: State): void {
    if (this.#each === undefined) {
      const { api, main } = this.core;
      this.core.pushRuntime('lines');
      this.core.pushName(main, 'each');
      api.lua_rawget(main, -2);
      this.#each = this.core.bridge.anchor(main);
      api.lua_settop(main, -2);
    }
    this.#each.push(L);
    this.core.pushName(L, this.#shape.ownTable);
  }

  /** Files that policies have open. */
  get openFiles(): number {
    return this.#files.count();
  }

  get broken(): boolean {
    return this.core.broken;
  }

  fail(error: unknown): void {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#deps.log.write('crit', `the Lua engine failed: ${reason}`);
    if (this.core.broken) return;
    this.core.broken = true;
    this.#deps.onBroken?.(reason);
  }

  get options(): Options {
    return this.#deps.options;
  }

  /** Bytes: held by Lua, and of the whole WebAssembly memory (which never shrinks). */
  memoryUse(): { readonly lua: number; readonly wasm: number } {
    return { lua: this.core.account.used, wasm: this.core.api.memory.buffer.byteLength };
  }

  /** Full collection; for tests and after something big was thrown away. */
  collect(): void {
    const { main } = this.core;
    this.core.pushRuntime('collect');
    this.core.mustCall(0, 0);
    this.core.api.lua_settop(main, 0);
  }

  /** Cuts off what still runs, with its commands. Nothing is begun afterwards. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const open = this.#memory.tasks;
    for (const task of open) task.giveUp();
    // Whoever waited for them has yet to give up what he holds of this memory; it goes with the process.
    if (open.length === 0) this.core.api.lua_close(this.core.main);
  }
}

/** Loads Lua, runs its self-test and registers the modules. */
export async function createLuaEngine(deps: LuaEngineDependencies): Promise<LuaEngine> {
  let core: Core | undefined;
  let files: RealFiles | undefined;
  const wasm = await loadWasm((imports, api) => {
    files = new RealFiles(api, {
      onPath: (path) => deps.files.onPath(path),
      onChange: (path) => core?.running?.environment.scripts.isData(path),
      owner: () => core?.running?.environment,
      limit: () => (core?.running?.context.options ?? deps.options).values['lua-max-files'],
      exhausted: () => core?.running?.exhausted() ?? false,
    });
    files.adapt(imports);
  });
  if (files === undefined) throw new Error('Lua: the module was not instantiated');
  core = new Core(wasm, deps.log, deps.clock);
  const { warnings } = selfTest(core);
  const engine = new LuaEngine(core, files, deps);
  engine.start();
  for (const warning of warnings) deps.log.write('warning', warning);
  return engine;
}
