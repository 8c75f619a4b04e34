// A Lua engine: one WebAssembly instance with one master state, in which every connection has a coroutine and globals of its own.

import { readFileSync } from 'node:fs';
import { join, normalize } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { traceOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { ClassSpec } from '../lua-api/class-spec.ts';
import type { ModuleSpec } from '../lua-api/module-spec.ts';
import { LuaObject } from '../lua-api/value.ts';
import type { Heartbeat } from '../ops/heartbeat.ts';
import { realSystem, type System } from '../ops/system.ts';
import type { Options } from '../options/options.ts';
import { environmentNatives, type FilePlace } from './library/environment-natives.ts';
import { patternNatives } from './library/pattern-natives.ts';
import { pipeClass } from './library/pipe.ts';
import { RealFiles } from './library/real-files.ts';
import { systemNatives } from './library/system-natives.ts';
import { Calls } from './run/calls.ts';
import { Chunks, type Compiled } from './run/chunks.ts';
import { Core, type LineWatcher } from './run/core.ts';
import { Environment, type EnvironmentShape } from './run/environment.ts';
import { Frame } from './run/frame.ts';
import { MemoryGuard } from './run/memory-guard.ts';
import { Registrar } from './run/register.ts';
import { latin1Of, ScriptFiles, type ScriptFilesSettings } from './run/script-files.ts';
import { selfTest } from './run/self-test.ts';
import { Script, type ScriptOwner, type ScriptParts } from './script.ts';
import { type CallEnvironment, type Caller, valueNative } from './state/call-functions.ts';
import { libraryNames } from './state/library-names.ts';
import type { Native } from './state/natives.ts';
import { TailCalls } from './state/tail-calls.ts';
import { loadWasm } from './state/wasm.ts';
import { registry, Type } from './state/wasm-api.ts';

export type { LineWatcher } from './run/core.ts';
export type { EnvironmentShape } from './run/environment.ts';

/** What others do when a policy touches files. */
export interface FileHooks {
  /** Called before a path (latin1, as the policy wrote it) is opened, renamed, removed or looked at. */
  onPath(path: string): void;
}

export interface LuaEngineDependencies {
  readonly log: Log;
  /** Of waits, of their limits, and of os.time. */
  readonly clock: Clock;
  /** By which processor time is measured; undefined: the same clock. One that stands still would let a policy run for ever. */
  readonly processor?: Pick<Clock, 'monotonic'>;
  /** Told each line of Lua that runs, the engine's own too; it makes Lua several times slower. */
  readonly watchLine?: LineWatcher;
  readonly options: Options;
  readonly modules: readonly ModuleSpec[];
  /** Functions and classes that only the modules of lib-lua get. */
  readonly behind?: ModuleSpec | undefined;
  /** lib-lua: `runtime/` in it is the engine's own Lua, the rest are modules that policies may require. */
  readonly libLuaDirectory: string;
  readonly files: FileHooks;
  /** What os and io of policies reach of the machine; undefined: the machine itself. */
  readonly system?: System;
  /** Told what is running, for the watchdog. */
  readonly heartbeat?: Heartbeat;
  /** What a script finds of its own; default: the table `hook` and the fields of `client`. */
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

/** Behind functions that are values: no policy ever sees the object. */
const functionClass: ClassSpec = { name: 'function', text: '', methods: [] };

/** That of policies. */
export const usualShape: EnvironmentShape = { tables: ['hook'], fieldsModule: 'client' };

/** For the search for what is never given back. */
export interface EngineHoldings {
  /** Objects of ours that Lua knows. */
  readonly objects: number;
  /** Lua threads of scripts that are open, and the main one. */
  readonly threads: number;
  /** Values of Lua that TypeScript holds, and those that the engine made at start. */
  readonly anchored: number;
}

export class LuaEngine {
  /** For specs of lua/ itself. Nobody else touches a Lua stack. */
  static coreOf(engine: LuaEngine): Core {
    return engine.#core;
  }

  readonly #core: Core;
  readonly #shape: EnvironmentShape;
  readonly #deps: LuaEngineDependencies;
  readonly #chunks: Chunks;
  readonly #tailCalls: TailCalls;
  readonly #memory: MemoryGuard;
  readonly #files: RealFiles;
  readonly #calls: CallEnvironment;
  readonly #parts: ScriptParts;
  #closed = false;

  constructor(core: Core, files: RealFiles, deps: LuaEngineDependencies) {
    this.#core = core;
    this.#deps = deps;
    this.#files = files;
    this.#memory = new MemoryGuard(core, deps.options);
    this.#calls = {
      api: core.api,
      bridge: core.bridge,
      tag: core.tag,
      canYield: () => core.canYield(),
      waitForAnswer: (L, goOn) => core.waitForAnswer(L, goOn),
      caller: () => this.#caller(),
    };
    this.#shape = deps.shape ?? usualShape;
    this.#tailCalls = new TailCalls(core.memory, libraryNames(deps.modules));
    this.#chunks = new Chunks(core, this.#tailCalls);
    this.#parts = {
      core,
      calls: new Calls(core, this.#chunks),
      around: new Frame({
        core,
        files,
        memory: this.#memory,
        heartbeat: deps.heartbeat,
        fail: (error) => this.fail(error),
      }),
      maxSource: () => this.#maxSource(),
    };
  }

  /** Runs the engine's own Lua and registers the modules. */
  start(): void {
    const { api, main, natives } = this.#core;
    api.lua_createtable(main, 0, 0);
    this.#core.keepRuntime();
    this.#core.pushRuntimeTable();
    this.#core.bridge.push(main, 'native');
    api.lua_createtable(main, 0, 0);
    for (const [name, native] of Object.entries(this.#natives())) {
      this.#core.bridge.push(main, name);
      natives.push(main, name, native);
      api.lua_rawset(main, -3);
    }
    api.lua_rawset(main, -3);
    this.#setRuntime('tag', () => api.lua_pushlightuserdata(main, this.#core.tag));
    this.#setRuntime('library_path', () =>
      this.#core.bridge.push(main, latin1Of(join(this.#deps.libLuaDirectory, '?.lua'))),
    );
    api.lua_settop(main, 0);
    for (const name of runtimeFiles) this.#runRuntimeFile(name);
    const registrar = new Registrar(this.#core, this.#calls);
    registrar.defineClass(pipeClass);
    registrar.defineClass(functionClass);
    const value = natives.define('function', valueNative(this.#calls));
    this.#core.bridge.pushFunction = (L, fn) => {
      this.#core.objects.push(L, new LuaObject(functionClass, fn));
      natives.pushBound(L, value);
    };
    for (const module of this.#deps.modules) {
      this.#core.pushRuntime('define');
      this.#core.bridge.push(main, module.name);
      registrar.pushModule(module, module.name);
      this.#core.mustCall(2, 0);
    }
    for (const hidden of this.#shape.hidden ?? []) {
      this.#core.pushRuntime('hide');
      this.#core.bridge.push(main, hidden);
      this.#core.mustCall(1, 0);
    }
    for (const [global, module] of Object.entries(this.#shape.libraries ?? {})) {
      this.#core.pushRuntime('define_library');
      this.#core.bridge.push(main, global);
      this.#core.bridge.push(main, module);
      this.#core.mustCall(2, 0);
    }
    const { behind } = this.#deps;
    if (behind !== undefined) {
      this.#core.pushRuntime('define_behind');
      registrar.pushModule(behind, behind.name);
      this.#core.mustCall(1, 0);
    }
    this.#core.pushRuntime('finish');
    this.#core.bridge.push(main, this.#shape.fieldsModule);
    this.#core.mustCall(1, 0);
  }

  #setRuntime(name: string, push: () => void): void {
    this.#core.bridge.push(this.#core.main, name);
    push();
    this.#core.api.lua_rawset(this.#core.main, -3);
  }

  #runRuntimeFile(name: string): void {
    const { api, main, memory } = this.#core;
    const source = readFileSync(join(this.#deps.libLuaDirectory, 'runtime', `${name}.lua`));
    const status = memory.with(source, (at, size) =>
      api.luaL_loadbufferx(main, at, size, memory.name('=[smtpe]'), memory.name('t')),
    );
    if (status !== 0) throw new Error(`lib-lua/runtime/${name}.lua: ${this.#core.errorText(main)}`);
    this.#tailCalls.mend(api.lua_topointer(main, -1), true);
    this.#core.pushRuntimeTable();
    this.#core.mustCall(1, 1);
    this.#core.pushRuntimeTable();
    this.#core.bridge.push(main, name);
    api.lua_pushvalue(main, -3);
    api.lua_rawset(main, -3);
    api.lua_settop(main, 0);
  }

  /** Bytes. */
  #maxSource(): number {
    return (this.#core.running?.options ?? this.#deps.options).values['lua-max-source'] * 1024;
  }

  #caller(): Caller {
    if (this.#core.running === undefined)
      throw new Error('a function of the API was called while no policy is running');
    return this.#core.running;
  }

  #placeOf(written: string): FilePlace {
    const base = latin1Of(join(this.#deps.libLuaDirectory, '/'));
    const path = normalize(written);
    if (!path.startsWith(base)) return 'elsewhere';
    return /^(runtime|stubs)\//.test(path.slice(base.length)) ? 'engine' : 'library';
  }

  #natives(): Record<string, Native> {
    return {
      ...patternNatives(this.#core),
      ...systemNatives(
        this.#core,
        this.#calls,
        this.#files,
        (path) => this.#deps.files.onPath(path),
        this.#deps.system ?? realSystem,
      ),
      ...environmentNatives(this.#core, this.#chunks, {
        placeOf: (path) => this.#placeOf(path),
        maxSource: () => this.#maxSource(),
      }),
    };
  }

  /** A script of the files `scripts`, with globals of its own; or for one call of several that share `globals`. */
  newScript(owner: ScriptOwner, scripts: ScriptFiles, globals?: Environment): Script {
    return new Script(this.#parts, owner, globals ?? new Environment(this.#core, this.#shape, scripts));
  }

  /** A script with globals of its own that has the fields (`client`) of another one: what one sets there the other reads. */
  newScriptBeside(owner: ScriptOwner, scripts: ScriptFiles, other: Script): Script {
    return new Script(
      this.#parts,
      owner,
      new Environment(this.#core, this.#shape, scripts, other.environment),
    );
  }

  /** Globals for several calls at once, of which none comes in while another is in the middle of something. To be released. */
  newSharedGlobals(scripts: ScriptFiles): Environment {
    const environment = new Environment(this.#core, this.#shape, scripts);
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

  /** Scripts that wait for something: whose each is, what was called, and what for. */
  get waits(): readonly { readonly id: string; readonly label: string; readonly what: string }[] {
    return this.#memory.tasks.flatMap(({ id, label, waitsFor: what }) =>
      what === undefined ? [] : [{ id, label, what }],
    );
  }

  /** Files that policies have open. */
  get openFiles(): number {
    return this.#files.count();
  }

  fail(error: unknown): void {
    const reason = traceOf(error);
    this.#deps.log.emit('engine-failed', { cause: reason });
    if (this.#core.broken) return;
    this.#core.broken = true;
    this.#deps.onBroken?.(reason);
  }

  /** What Lua holds of this process; threads that are kept for the next script do not count. */
  holdings(): EngineHoldings {
    const { api, main, objects, threads } = this.#core;
    const top = api.lua_gettop(main);
    let [used, anchored] = [0, 0];
    api.lua_pushvalue(main, registry);
    api.lua_pushnil(main);
    while (api.lua_next(main, -2) !== 0) {
      const type = api.lua_type(main, -1);
      if (type === Type.thread) used += 1;
      else if (type === Type.table || type === Type.function || type === Type.userdata) anchored += 1;
      api.lua_settop(main, -2);
    }
    api.lua_settop(main, top);
    return { objects: objects.count, threads: used - threads.idle, anchored };
  }

  /** Bytes: held by Lua, and of the whole WebAssembly memory (which never shrinks). */
  memoryUse(): { readonly lua: number; readonly wasm: number } {
    return { lua: this.#core.account.used, wasm: this.#core.api.memory.buffer.byteLength };
  }

  /** Full collection; for tests and after something big was thrown away. */
  collect(): void {
    const { main } = this.#core;
    this.#core.pushRuntime('collect');
    this.#core.mustCall(0, 0);
    this.#core.api.lua_settop(main, 0);
  }

  /** Cuts off what still runs, with its commands. Nothing is begun afterwards. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const open = this.#memory.tasks;
    for (const task of open) task.giveUp();
    // Whoever waited for them has yet to give up what he holds of this memory; it goes with the process.
    if (open.length === 0) this.#core.api.lua_close(this.#core.main);
  }
}

/** Loads Lua, runs its self-test and registers the modules. */
export async function createLuaEngine(deps: LuaEngineDependencies): Promise<LuaEngine> {
  let core: Core | undefined;
  let files: RealFiles | undefined;
  const wasm = await loadWasm((imports, api) => {
    files = new RealFiles(
      api,
      {
        onPath: (path) => deps.files.onPath(path),
        onChange: (path) => core?.running?.environment.scripts.isData(path),
        owner: () => core?.running?.environment,
        limit: () => (core?.running?.options ?? deps.options).values['lua-max-files'],
        exhausted: () => core?.running?.exhausted() ?? false,
      },
      (deps.system ?? realSystem).disk,
    );
    files.adapt(imports);
    if (imports.env !== undefined) imports.env.emscripten_date_now = () => deps.clock.now();
  });
  if (files === undefined) throw new Error('Lua: the module was not instantiated');
  core = new Core(wasm, deps.log, deps.clock, deps.processor, deps.watchLine);
  const { warnings } = selfTest(core);
  const engine = new LuaEngine(core, files, deps);
  engine.start();
  for (const message of warnings) deps.log.emit('engine-warning', { message });
  return engine;
}
