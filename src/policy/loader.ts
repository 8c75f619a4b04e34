// Loads a policy: compiles it once and gives instances of it to connections. Its text is read when it is loaded, not at each
// connection; a reload makes a new Policy while the old one's connections go on with theirs.
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { withoutFirstLineComment } from '../lua/chunks.ts';
import type { LuaEngine } from '../lua/engine.ts';
import type { Anchor } from '../lua/references.ts';
import type { Log } from '../ops/log.ts';
import type { Options } from '../options/options.ts';
import { RunSettings } from './hook-result.ts';
import type { HookOutcome, InstanceOwner, OpenOutcome, Policy } from './instance.ts';
import { LuaInstance, type LuaOwner } from './lua-instance.ts';

export type PolicySource = { readonly path: string } | { readonly source: string; readonly name: string };

export type LoadOutcome =
  | { readonly kind: 'loaded'; readonly policy: LuaPolicy }
  /** `message` has file and line, and says what is wrong. */
  | { readonly kind: 'failed'; readonly message: string };

export interface LoadSettings {
  /** Higher for each reload. */
  readonly revision: number;
  /** Option lua-path: looked at before the directory of the script and lib-lua. */
  readonly luaPath: string;
  readonly libLuaDirectory: string;
}

/** Without a client: for hook.init. */
export interface InitOwner {
  readonly options: Options;
  readonly log: Log;
}

export class LuaPolicy implements Policy {
  readonly revision: number;
  readonly path: string;
  readonly #engine: LuaEngine;
  readonly #factory: Anchor;
  readonly #packagePath: string;
  readonly #settings: RunSettings;
  #instances = 0;
  #retired = false;

  constructor(engine: LuaEngine, factory: Anchor, path: string, packagePath: string, revision: number) {
    this.#engine = engine;
    this.#factory = factory;
    this.path = path;
    this.#packagePath = packagePath;
    this.#settings = new RunSettings(engine.core);
    this.revision = revision;
  }

  open(owner: InstanceOwner): OpenOutcome | Promise<OpenOutcome> {
    return this.#open(owner);
  }

  #open(owner: LuaOwner): LuaOpenOutcome | Promise<LuaOpenOutcome> {
    this.#instances += 1;
    const instance = new LuaInstance(this.#engine, this.#settings, owner, this.#packagePath, this.#onClosed);
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

  /** Connections that have an instance of this policy. */
  get instances(): number {
    return this.#instances;
  }

  /** No more connections will be opened: the compiled text is released with the last instance. */
  retire(): void {
    this.#retired = true;
    if (this.#instances === 0) this.#factory.release();
  }

  readonly #onClosed = (): void => {
    this.#instances -= 1;
    if (this.#retired && this.#instances === 0) this.#factory.release();
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

/** Reads and compiles a policy. Nothing of it is run yet: call runInit and open. */
export async function loadPolicy(
  engine: LuaEngine,
  source: PolicySource,
  settings: LoadSettings,
): Promise<LoadOutcome> {
  let path: string;
  let text: string;
  let chunkName: string;
  if ('path' in source) {
    path = resolve(source.path);
    chunkName = `@${source.path}`;
    try {
      text = (await readFile(path)).toString('latin1');
    } catch (error) {
      return {
        kind: 'failed',
        message: `cannot read the policy: ${error instanceof Error ? error.message : error}`,
      };
    }
  } else {
    path = source.name;
    chunkName = `=${source.name}`;
    text = source.source;
  }
  const compiled = engine.compile(withoutFirstLineComment(text), chunkName);
  if (compiled.kind === 'failed') return { kind: 'failed', message: compiled.message };
  const packagePath = packagePathOf('path' in source ? dirname(path) : undefined, settings);
  return {
    kind: 'loaded',
    policy: new LuaPolicy(engine, compiled.factory, path, packagePath, settings.revision),
  };
}

function packagePathOf(directory: string | undefined, settings: LoadSettings): string {
  const places = [settings.luaPath];
  if (directory !== undefined) places.push(join(directory, '?.lua'), join(directory, '?', 'init.lua'));
  places.push(join(settings.libLuaDirectory, '?.lua'), join(settings.libLuaDirectory, '?', 'init.lua'));
  return places.filter((place) => place !== '').join(';');
}
