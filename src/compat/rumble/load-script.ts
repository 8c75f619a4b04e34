// One script of option load-script: globals that live as long as the worker, or until a reload, and a run of its own for each call into them, so
// that one that waits for its client holds up nobody else.
//
// Must never let two calls into the globals while one has been interrupted in the middle of something, or be called before its file level has
// run.
import { resolve } from 'node:path';
import { capabilities } from '../../base/capability.ts';
import type { Log } from '../../base/log.ts';
import type { LuaEngine } from '../../lua/engine.ts';
import type {
  End,
  Factory,
  Results,
  Script,
  ScriptFiles,
  ScriptOwner,
  TaskLimits,
  WaitsFor,
} from '../../lua/script.ts';
import { latin1Of, noScriptTexts, withoutFirstLineComment } from '../../lua/source.ts';
import { LuaObject, type LuaRecord, type LuaRef } from '../../lua-api/value.ts';
import type { PolicySource } from '../../ops/revision.ts';
import { OPTIONS, type Options } from '../../options/options.ts';
import { HookLimits } from '../../policy/hook-limits.ts';
import { packagePathOf } from '../../policy/search-places.ts';
import { Holds } from '../holds.ts';
import { failureText, readScript } from '../read-script.ts';
import { type CallClient, type Registrar, RUMBLE } from './caller.ts';
import { type ScriptSession, sessionClass } from './session-class.ts';

/** Where scripts run. */
export interface LoadPlace {
  readonly engine: LuaEngine;
  readonly libLuaDirectory: string;
  /** Those of the process, with what these scripts may reach beyond policies. */
  readonly options: Options;
  readonly log: Log;
  /** A script was stopped for its memory, which its globals may still hold. */
  readonly onSpent: () => void;
}

export type LoadStart =
  | { readonly kind: 'started'; readonly script: LoadScript }
  /** `message` has file and line. */
  | { readonly kind: 'failed'; readonly message: string };

/** A call that is under way, for whoever looks. */
export interface RunningCall {
  /** `file:line` where the function is defined; '' when that cannot be told. */
  readonly place: () => string;
  /** All that it waits for at this moment. */
  readonly waits: () => readonly WaitsFor[];
}

/** A call into a script. */
export interface ScriptCall {
  /** For messages and limits: `hook.close`, `service 2705`. */
  readonly label: string;
  /** What is called: the script gave it away. */
  readonly func: LuaRef;
  readonly session: ScriptSession;
  /** Of the session table. */
  readonly fields: LuaRecord;
  readonly line: string | undefined;
  /** For the watchdog. */
  readonly id: string;
  readonly log: Log;
  /** Cuts the call off. */
  readonly signal: AbortSignal;
  /** Milliseconds that it may take, instead of those of a hook. */
  readonly timeMs?: number;
  /** Who leaves while the call waits for others. */
  readonly client?: CallClient;
  /** Called before the function is, with what it is. */
  readonly begins?: (call: RunningCall) => void;
  /** Grows when the call has come further: processor time is counted from there. */
  readonly progress?: () => number;
}

/** lib-lua/rumble/start.lua gives the function that calls. */
const START = "return require 'rumble.start'";
interface Helper {
  readonly kind: 'helper';
  readonly ref: LuaRef;
}
const readHelper = (results: Results): Helper => ({ kind: 'helper', ref: results.hold(0) });
const loaded = { kind: 'loaded' } as const;

export class LoadScript {
  readonly path: string;
  readonly #place: LoadPlace;
  readonly #text: string;
  readonly #factory: Factory;
  readonly #files: ScriptFiles;
  readonly #globals: ReturnType<LuaEngine['newSharedGlobals']>;
  readonly #limits = new HookLimits();
  /** The one that has run the file level: what it gave away is held by it. */
  readonly #main: Script;
  #registrar: Registrar | undefined;
  #helper: LuaRef | undefined;
  readonly #holds = new Holds();
  #spent = false;
  #over = false;

  private constructor(place: LoadPlace, source: PolicySource, factory: Factory, files: ScriptFiles) {
    this.path = source.path;
    this.#place = place;
    this.#text = source.text;
    this.#factory = factory;
    this.#files = files;
    this.#globals = place.engine.newSharedGlobals(files);
    this.#main = this.#script({ id: '', log: place.log });
  }

  /** Compiles it and runs its file level, which asks `registrar` for hooks and services. `given`: when another process has read it. */
  static async start(
    place: LoadPlace,
    path: string,
    registrar: Registrar,
    given?: PolicySource,
  ): Promise<LoadStart> {
    const source = await readScript(path, given);
    if (typeof source === 'string') return { kind: 'failed', message: `${path}: ${source}` };
    const { engine, libLuaDirectory, options } = place;
    const compiled = engine.compile(withoutFirstLineComment(source.text), `@${latin1Of(source.path)}`);
    if (compiled.kind === 'failed') return compiled;
    const luaPath = options.values['lua-path'];
    const files = engine.newScriptFiles({
      packagePath: packagePathOf(resolve(source.path), { luaPath, libLuaDirectory }),
      texts: given ?? noScriptTexts,
    });
    const script = new LoadScript(place, source, compiled.factory, files);
    const problem = await script.#begin(registrar);
    if (problem === undefined) return { kind: 'started', script };
    script.#end();
    return { kind: 'failed', message: problem };
  }

  /** Gives what is wrong. */
  async #begin(registrar: Registrar): Promise<string | undefined> {
    const helper = await this.#main.run(START, '=rumble', readHelper);
    if (helper.kind !== 'helper') return failureText(helper);
    this.#helper = helper.ref;
    this.#registrar = registrar;
    const end = await this.#main.load(this.#factory, () => loaded);
    this.#registrar = undefined;
    return end.kind === 'loaded' ? undefined : failureText(end);
  }

  /** All that it is made of, for another process and to be watched. */
  get source(): PolicySource {
    return { path: this.path, text: this.#text, ...this.#files.texts() };
  }

  /** Calls a function with a session table. When the signal aborts the call is cut off. */
  async call<T>(asked: ScriptCall, read: (results: Results) => T): Promise<End<T>> {
    const { fields, func, label, line, session, signal } = asked;
    const helper = this.#helper;
    if (helper === undefined || this.#over || signal.aborted) return { kind: 'cancelled' };
    const script = this.#script(asked);
    const gone = (): void => script.cancel();
    signal.addEventListener('abort', gone, { once: true });
    const letGo = this.hold();
    try {
      const args = [func, new LuaObject(sessionClass, session), fields, line];
      const held = script.held(helper, label);
      asked.begins?.({ place: () => script.held(func, label).place, waits: () => script.waitsFor });
      const end = await held.call(args, read);
      if (isMemory(end) && !this.#spent) {
        this.#spent = true;
        this.#place.onSpent();
      }
      return end;
    } finally {
      signal.removeEventListener('abort', gone);
      session.end();
      script.close(letGo);
    }
  }

  /** It can be called until the hold is given up, whatever is reloaded meanwhile. */
  hold(): () => void {
    return this.#holds.hold();
  }

  /** It ends when nobody holds it, and no call is under way. */
  retire(): void {
    this.#holds.retire(() => this.#end());
  }

  #script(of: Pick<ScriptCall, 'id' | 'log' | 'timeMs' | 'progress' | 'client'>): Script {
    const { engine, options } = this.#place;
    const self = this;
    let script: Script | undefined;
    const owner: ScriptOwner = {
      id: of.id,
      options,
      log: of.log,
      capabilities: capabilities(
        OPTIONS.is(options),
        RUMBLE.is({
          ...{ path: this.path, client: of.client },
          get registrar() {
            return self.#registrar;
          },
        }),
      ),
      limits: (label) => this.#limitsOf(label, of.timeMs),
      ...(of.progress && { progress: of.progress }),
      close: () => {
        this.#over = true;
        script?.close(() => undefined);
      },
    };
    script = engine.newScript(owner, this.#files, this.#globals);
    return script;
  }

  #limitsOf(label: string, timeMs: number | undefined): TaskLimits {
    const limits = this.#limits.of(this.#place.options.values, label);
    return timeMs === undefined ? limits : { ...limits, time: timeMs };
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#main.close(() => {
      this.#globals.release();
      this.#factory.release();
      this.#files.release();
    });
  }
}

const isMemory = (end: unknown): boolean =>
  typeof end === 'object' && end !== null && 'limit' in end && end.limit === 'memory';
