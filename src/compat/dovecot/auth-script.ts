// An authentication script at work: one set of globals that lives as long as the revision, and a run of its own for each log-in, so that one
// that waits for a web server holds up nobody else. What it returns is read in auth-result, what that means is auth-databases' business.
//
// Must never let two calls into the globals while one has been interrupted in the middle of something, or write what it was asked with.
import { resolve } from 'node:path';
import { capabilities } from '../../base/capability.ts';
import { textOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { LuaEngine } from '../../lua/engine.ts';
import type { End, Factory, Results, Script, ScriptFiles, ScriptOwner } from '../../lua/script.ts';
import { latin1Of, noScriptTexts, withoutFirstLineComment } from '../../lua/source.ts';
import type { LuaRef, LuaValue } from '../../lua-api/value.ts';
import type { PolicySource } from '../../ops/revision.ts';
import { OPTIONS, type Options } from '../../options/options.ts';
import { HookLimits } from '../../policy/hook-limits.ts';
import { packagePathOf } from '../../policy/search-places.ts';
import { Holds } from '../holds.ts';
import { failureText, readScript } from '../read-script.ts';
import { readAnswer, type ScriptAnswer } from './auth-result.ts';
import type { RequestFields } from './request-fields.ts';

export const scriptFunctions = [
  'auth_password_verify',
  'auth_passdb_lookup',
  'auth_userdb_lookup',
  'auth_userdb_iterate',
] as const;
export type ScriptFunction = (typeof scriptFunctions)[number];

/** What came of a call. `failed`: its message says file and line. */
export type CallOutcome =
  | ScriptAnswer
  | { readonly kind: 'failed'; readonly message: string; readonly traceback: string }
  | { readonly kind: 'cancelled' };

export type UserList =
  | { readonly kind: 'users'; readonly users: readonly string[] }
  | { readonly kind: 'failed'; readonly message: string };

export interface ScriptPlace {
  readonly engine: LuaEngine;
  readonly libLuaDirectory: string;
  /** Those of the process, with what these scripts may reach beyond policies. */
  readonly options: Options;
  readonly log: Log;
}

/** The functions of lib-lua/dovecot/start.lua, in its order. */
interface Held {
  readonly begin: LuaRef;
  readonly finish: LuaRef;
  readonly defined: LuaRef;
  readonly auth_password_verify: LuaRef;
  readonly auth_passdb_lookup: LuaRef;
  readonly auth_userdb_lookup: LuaRef;
  readonly auth_userdb_iterate: LuaRef;
}

const START = "return unpack(require 'dovecot.start')";

type Begun = { readonly kind: 'held'; readonly held: Held };
const readStart = (results: Results): Begun => {
  const [begin, finish, defined, verify, lookUp, userdb, iterate] = [0, 1, 2, 3, 4, 5, 6].map((n) =>
    results.hold(n),
  );
  const none: LuaRef = { kind: 'ref', release() {} };
  return {
    kind: 'held',
    held: {
      ...{ begin: begin ?? none, finish: finish ?? none, defined: defined ?? none },
      ...{ auth_password_verify: verify ?? none, auth_passdb_lookup: lookUp ?? none },
      ...{ auth_userdb_lookup: userdb ?? none, auth_userdb_iterate: iterate ?? none },
    },
  };
};

type Said = { readonly kind: 'said'; readonly texts: readonly string[] };
const sequence = (value: unknown): readonly string[] => {
  if (!(value instanceof Map)) return [];
  const texts: string[] = [];
  for (let n = 1; value.has(n); n++) texts.push(String(value.get(n)));
  return texts;
};
const readTexts = (results: Results): Said => ({ kind: 'said', texts: sequence(results.value(0)) });
const readProblem = (results: Results): Said => ({
  kind: 'said',
  texts: results.type(0) === 'string' ? [results.text(0)] : [],
});
const readUsers = (results: Results): UserList => {
  if (!results.isTrue(0)) return { kind: 'failed', message: results.text(1) };
  try {
    return { kind: 'users', users: sequence(results.value(1)) };
  } catch (error) {
    return { kind: 'failed', message: textOf(error) };
  }
};

export type ScriptStart =
  | { readonly kind: 'started'; readonly script: AuthScript }
  /** `message` has file and line. */
  | { readonly kind: 'failed'; readonly message: string };

export class AuthScript {
  readonly path: string;
  readonly #place: ScriptPlace;
  readonly #text: string;
  readonly #factory: Factory;
  readonly #files: ScriptFiles;
  readonly #globals: ReturnType<LuaEngine['newSharedGlobals']>;
  readonly #limits = new HookLimits();
  /** The one that has run the file level: what the others call is held by it. */
  readonly #main: Script;
  #held: Held | undefined;
  #functions: ReadonlySet<string> = new Set();
  readonly #told = new Set<string>();
  readonly #holds = new Holds();
  /** script_deinit has been called, or the engine ends: nothing runs any more. */
  #finished = false;
  #spent = false;
  #over = false;

  private constructor(place: ScriptPlace, source: PolicySource, factory: Factory, files: ScriptFiles) {
    this.path = source.path;
    this.#place = place;
    this.#text = source.text;
    this.#factory = factory;
    this.#files = files;
    this.#globals = place.engine.newSharedGlobals(files);
    this.#main = this.#script('', place.log);
  }

  /** Compiles it, runs its file level and script_init. */
  static async start(
    place: ScriptPlace,
    path: string,
    settings: Readonly<Record<string, string>>,
    given?: PolicySource,
  ): Promise<ScriptStart> {
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
    const script = new AuthScript(place, source, compiled.factory, files);
    const problem = await script.#begin(settings);
    if (problem === undefined) return { kind: 'started', script };
    script.#end();
    return { kind: 'failed', message: problem };
  }

  /** Gives what is wrong. */
  async #begin(settings: Readonly<Record<string, string>>): Promise<string | undefined> {
    const begun = await this.#main.run(START, '=dovecot', readStart);
    if (begun.kind !== 'held') return failureText(begun);
    this.#held = begun.held;
    const loaded = await this.#main.load(this.#factory, () => ({ kind: 'loaded' }) as const);
    if (loaded.kind !== 'loaded') return failureText(loaded);
    const init = await this.#call(this.#main, begun.held.begin, 'script_init', [settings], readProblem);
    if (init.kind !== 'said') return `script_init: ${failureText(init)}`;
    const [problem] = init.texts;
    if (problem !== undefined) return `${this.path}: ${problem}`;
    const found = await this.#call(this.#main, begun.held.defined, 'script', [], readTexts);
    if (found.kind !== 'said') return failureText(found);
    const names = new Set<string>();
    for (let at = 0; at + 1 < found.texts.length; at += 2) {
      const [name = '', type = ''] = found.texts.slice(at, at + 2);
      if (type !== 'function') return `${this.path}: ${name} is a ${type}; right would be: a function`;
      names.add(name);
    }
    this.#functions = names;
    return undefined;
  }

  /** Whether this is the first time that a field without effect is told of; of a bounded set. */
  isNew(field: string): boolean {
    const isNew = !this.#told.has(field);
    this.#told.add(field);
    return isNew;
  }

  /** Whether the script had that function when it had been loaded. */
  has(name: ScriptFunction): boolean {
    return this.#functions.has(name);
  }

  get functions(): readonly ScriptFunction[] {
    return scriptFunctions.filter((name) => this.has(name));
  }

  /** All that it is made of, for another process and to be watched. */
  get source(): PolicySource {
    return { path: this.path, text: this.#text, ...this.#files.texts() };
  }

  /** Asks about a request; when the signal aborts the call is cut off. */
  async ask(
    name: Exclude<ScriptFunction, 'auth_userdb_iterate'>,
    about: { readonly fields: RequestFields; readonly prefix: string; readonly password?: string },
    who: { readonly session: string; readonly log: Log; readonly signal: AbortSignal },
  ): Promise<CallOutcome> {
    const shown = name === 'auth_password_verify' ? name : `${name}(req)`;
    const args = [about.fields, about.prefix, ...(about.password === undefined ? [] : [about.password])];
    const end = await this.#run(name, args, who, (results) => readAnswer(results, shown));
    switch (end.kind) {
      case 'result':
      case 'misshapen':
        return end;
      case 'error':
      case 'limit': {
        if (end.kind === 'limit' && end.limit === 'memory') this.#spent = true;
        const message = `lua_pcall(${name}, ${args.length - 1}, 2) failed: ${failureText(end)}`;
        return { kind: 'failed', message, traceback: end.traceback };
      }
      default:
        return { kind: 'cancelled' };
    }
  }

  /** All users, in no order. */
  async iterate(who: {
    readonly session: string;
    readonly log: Log;
    readonly signal: AbortSignal;
  }): Promise<UserList> {
    if (!this.has('auth_userdb_iterate')) {
      return { kind: 'failed', message: `${this.path} has no function auth_userdb_iterate` };
    }
    const end = await this.#run('auth_userdb_iterate', [], who, readUsers);
    if (end.kind === 'users' || end.kind === 'failed') return end;
    return { kind: 'failed', message: `auth_userdb_iterate failed: ${failureText(end)}` };
  }

  /** It was stopped for its memory, which its globals may still hold: it has to be started anew. */
  get spent(): boolean {
    return this.#spent;
  }

  /** Script_deinit is called when nobody holds it any more, and no call is under way. */
  retire(): void {
    this.#holds.retire(() => void this.#finish());
  }

  /** It answers until the hold is given up, to be done once, whatever is reloaded meanwhile: a request that has begun with these scripts ends with them. */
  hold(): () => void {
    return this.#holds.hold();
  }

  async #run<T>(
    name: ScriptFunction,
    args: readonly LuaValue[],
    who: { readonly session: string; readonly log: Log; readonly signal: AbortSignal },
    read: (results: Results) => T,
  ): Promise<End<T>> {
    const ref = this.#held?.[name];
    if (ref === undefined || this.#finished || who.signal.aborted) return { kind: 'cancelled' };
    const script = this.#script(who.session, who.log);
    const gone = (): void => script.cancel();
    who.signal.addEventListener('abort', gone, { once: true });
    const letGo = this.hold();
    try {
      return await this.#call(script, ref, name, args, read);
    } finally {
      who.signal.removeEventListener('abort', gone);
      script.close(letGo);
    }
  }

  #call<T>(
    script: Script,
    ref: LuaRef,
    name: string,
    args: readonly LuaValue[],
    read: (results: Results) => T,
  ): Promise<End<T>> {
    return Promise.resolve(script.held(ref, name).call(args, read));
  }

  #script(id: string, log: Log): Script {
    const { engine, options } = this.#place;
    let script: Script | undefined;
    const owner: ScriptOwner = {
      id,
      options,
      log,
      capabilities: capabilities(OPTIONS.is(options)),
      limits: (label) => this.#limits.of(options.values, label),
      close: () => {
        this.#finished = true;
        script?.close(() => undefined);
      },
    };
    script = engine.newScript(owner, this.#files, this.#globals);
    return script;
  }

  async #finish(): Promise<void> {
    if (this.#over) return;
    this.#finished = true;
    const finish = this.#held?.finish;
    if (finish !== undefined) {
      const end = await this.#call(
        this.#main,
        finish,
        'script_deinit',
        [],
        () => ({ kind: 'done' }) as const,
      );
      if (end.kind === 'error' || end.kind === 'limit') {
        this.#place.log.emit('auth-script-failed', {
          message: `script_deinit() failed: ${failureText(end)}`,
          script: this.path,
        });
      }
    }
    this.#end();
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
