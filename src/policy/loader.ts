// Loads a revision of a policy: compiles it once and gives instances of it to connections. Its text and that of its modules is read
// when it is loaded, not at each connection; a reload makes a new Policy while the old one's connections go on with theirs.

import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { codeOrText } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { LuaEngine } from '../lua/engine.ts';
import type { Factory, ScriptFiles, ScriptTexts } from '../lua/script.ts';
import { latin1Of, noScriptTexts, withoutFirstLineComment } from '../lua/source.ts';
import type { PolicySource } from '../ops/revision.ts';
import type { Options } from '../options/options.ts';
import { HookLimits } from './hook-limits.ts';
import type { HookOutcome, InstanceOwner, OpenOutcome, Policy } from './instance.ts';
import { type InstanceRevision, LuaInstance, type LuaOwner } from './lua-instance.ts';
import type { RevisionView } from './revision-view.ts';
import { packagePathOf, type SearchPlaces } from './search-places.ts';

/** Where a policy comes from: a file, a text, or a revision that was read before. */
export type PolicyOrigin =
  | { readonly path: string }
  | { readonly source: string; readonly name: string }
  | { readonly revision: PolicySource };

export type LoadOutcome =
  | { readonly kind: 'loaded'; readonly policy: LuaPolicy }
  /** `message` has file and line, and says what is wrong. */
  | { readonly kind: 'failed'; readonly message: string };

export interface LoadSettings extends SearchPlaces {
  /** Higher for each reload. */
  readonly revision: number;
}

/** Without a client: for hook.init. */
export interface InitOwner {
  readonly options: Options;
  readonly log: Log;
}

export class LuaPolicy implements Policy, InstanceRevision {
  readonly revision: number;
  readonly path: string;
  readonly #engine: LuaEngine;
  readonly #factory: Factory;
  readonly #script: Script;
  /** Whose compiled text it uses. */
  #of: LuaPolicy | undefined;
  readonly #text: string;
  readonly #name: string;
  readonly hookLimits = new HookLimits();
  readonly view: RevisionView;
  /** The modules it has loaded so far. */
  readonly scripts: ScriptFiles;
  #instances = 0;
  #retired = false;
  #verifies = false;
  /** Modules that were looked through for it. */
  #looked = -1;

  constructor(engine: LuaEngine, factory: Factory, script: Script, scripts: ScriptFiles, revision: number) {
    this.#engine = engine;
    this.#factory = factory;
    this.#script = script;
    this.path = script.path;
    this.#text = script.text;
    this.#name = script.name;
    this.view = { directory: latin1Of(script.isFile ? dirname(script.path) : process.cwd()) };
    this.scripts = scripts;
    this.revision = revision;
  }

  /** All that this revision is made of, as far as it has been read. */
  get source(): PolicySource {
    return { path: this.#name, text: this.#text, ...this.scripts.texts() };
  }

  /** See PolicyInstance.verifies. */
  get verifies(): boolean {
    const { count } = this.scripts;
    if (this.#verifies || count === this.#looked) return this.#verifies;
    this.#looked = count;
    const texts = [this.#text, ...this.scripts.found().map(({ text }) => text)];
    this.#verifies = texts.some((text) => /\b(?:dkim|arc|dmarc)\b/.test(text));
    return this.#verifies;
  }

  open(owner: InstanceOwner): OpenOutcome | Promise<OpenOutcome> {
    return this.#open(owner);
  }

  #open(owner: LuaOwner): LuaOpenOutcome | Promise<LuaOpenOutcome> {
    this.#instances += 1;
    const instance = new LuaInstance(this.#engine, owner, this);
    const outcome = instance.load(this.#factory);
    return outcome instanceof Promise
      ? outcome.then((end) => opened(instance, end))
      : opened(instance, outcome);
  }

  /** Runs hook.init, if there is one, in an instance of its own. The outcome of the file level when that fails. */
  async runInit(owner: InitOwner): Promise<HookOutcome> {
    const open = await this.#open({ ...owner, session: undefined });
    if (open.kind === 'failed') return open.outcome;
    try {
      return await open.instance.call('init', []);
    } finally {
      open.instance.close();
    }
  }

  /** The same text once more, as it is compiled: whatever runs with this one has left nothing in it. */
  again(): LuaPolicy {
    const scripts = this.#engine.newScriptFiles({
      packagePath: this.scripts.packagePath,
      texts: this.scripts.texts(),
    });
    const again = new LuaPolicy(this.#engine, this.#factory, this.#script, scripts, this.revision);
    again.#of = this;
    this.#instances += 1;
    return again;
  }

  /** Connections that have an instance of this policy. */
  get instances(): number {
    return this.#instances;
  }

  /** No more connections will be opened: the compiled text is released with the last instance. */
  retire(): void {
    this.#retired = true;
    if (this.#instances === 0) this.#release();
  }

  #release(): void {
    if (this.#of === undefined) this.#factory.release();
    else this.#of.instanceClosed();
    this.scripts.release();
  }

  readonly instanceClosed = (): void => {
    this.#instances -= 1;
    if (this.#retired && this.#instances === 0) this.#release();
  };
}

type LuaOpenOutcome =
  | { readonly kind: 'open'; readonly instance: LuaInstance }
  | { readonly kind: 'failed'; readonly outcome: HookOutcome };

function opened(instance: LuaInstance, outcome: HookOutcome): LuaOpenOutcome {
  if (outcome.kind === 'returned') return { kind: 'open', instance };
  instance.close();
  return { kind: 'failed', outcome };
}

interface Script {
  /** Absolute, or the name of a text. */
  readonly path: string;
  /** As the operator wrote it: messages have it. */
  readonly name: string;
  readonly text: string;
  readonly isFile: boolean;
  readonly texts: ScriptTexts;
}

async function readScript(origin: PolicyOrigin): Promise<Script | string> {
  if ('source' in origin) {
    const { name, source } = origin;
    return { path: name, name, text: source, isFile: false, texts: noScriptTexts };
  }
  const name = 'path' in origin ? origin.path : origin.revision.path;
  const file = { path: resolve(name), name, isFile: true };
  if ('revision' in origin) return { ...file, text: origin.revision.text, texts: origin.revision };
  try {
    return { ...file, text: (await readFile(file.path)).toString('latin1'), texts: noScriptTexts };
  } catch (error) {
    const code = codeOrText(error);
    const why = code === 'ENOENT' || code === 'ENOTDIR' ? 'there is no such file' : code;
    return `cannot read the policy ${name}: ${code === 'EISDIR' ? 'that is a directory' : why}`;
  }
}

/** Reads and compiles a policy. Nothing of it is run yet: call runInit and open. */
export async function loadPolicy(
  engine: LuaEngine,
  origin: PolicyOrigin,
  settings: LoadSettings,
): Promise<LoadOutcome> {
  const script = await readScript(origin);
  if (typeof script === 'string') return { kind: 'failed', message: script };
  const chunkName = `${script.isFile ? '@' : '='}${latin1Of(script.name)}`;
  const compiled = engine.compile(withoutFirstLineComment(script.text), chunkName);
  if (compiled.kind === 'failed') return { kind: 'failed', message: compiled.message };
  const scripts = engine.newScriptFiles({
    packagePath: packagePathOf(script.isFile ? script.path : undefined, settings),
    texts: script.texts,
  });
  return {
    kind: 'loaded',
    policy: new LuaPolicy(engine, compiled.factory, script, scripts, settings.revision),
  };
}
