// The policy that new connections get, and its replacement by a reload: a new text is compiled, run once and initialised beside the old
// one, and takes its place only when all that went well. Connections go on with the policy they began with.
import { readFile } from 'node:fs/promises';
import type { LuaEngine } from '../lua/engine.ts';
import type { ModuleSpec } from '../lua/function-spec.ts';
import type { Log } from '../ops/log.ts';
import type { Options } from '../options/options.ts';
import type { Policy } from './instance.ts';
import { type LuaPolicy, loadPolicy } from './loader.ts';
import { failureOf, tryPolicy } from './trial.ts';
import { unknownNames } from './unknown-names.ts';

export interface PolicyPlace {
  readonly path: string;
  readonly libLuaDirectory: string;
  readonly engine: LuaEngine;
  /** The Lua API, to find names that it does not have. */
  readonly modules: readonly ModuleSpec[];
  /** The process's options. */
  readonly options: Options;
  readonly log: Log;
}

export type PolicyOutcome<T> =
  | ({ readonly kind: 'ready' } & T)
  /** `message` says what is wrong, with file and line. */
  | { readonly kind: 'failed'; readonly message: string };

interface Prepared {
  readonly policy: LuaPolicy;
  readonly hooks: readonly string[];
  readonly unknown: readonly string[];
}

/** Compiles the policy and runs its file level. Nothing is logged but what the policy logs. */
async function prepare(place: PolicyPlace, revision: number): Promise<PolicyOutcome<Prepared>> {
  const loaded = await loadPolicy(
    place.engine,
    { path: place.path },
    { revision, luaPath: place.options.values['lua-path'], libLuaDirectory: place.libLuaDirectory },
  );
  if (loaded.kind === 'failed') return loaded;
  const { policy } = loaded;
  const trial = await tryPolicy(policy, place.options, place.log);
  if (trial.kind === 'ran') {
    // It was read a moment ago; when it is gone meanwhile there is nothing to say about it.
    const source = await readFile(place.path, 'latin1').catch(() => '');
    const unknown = [...trial.unknown, ...unknownNames(source, place.modules)];
    return { kind: 'ready', policy, hooks: trial.hooks, unknown };
  }
  policy.retire();
  return trial;
}

async function initialise(policy: LuaPolicy, place: PolicyPlace): Promise<string | undefined> {
  const outcome = await policy.runInit({ options: place.options, log: place.log });
  const failure = failureOf(outcome);
  if (failure !== undefined) policy.retire();
  return failure;
}

/** Compiles the policy and runs its file level, for `smtpe check`: hook.init is not called. */
export async function checkPolicy(place: PolicyPlace): Promise<PolicyOutcome<Omit<Prepared, 'policy'>>> {
  const prepared = await prepare(place, 0);
  if (prepared.kind === 'failed') return prepared;
  const { policy, hooks, unknown } = prepared;
  policy.retire();
  return { kind: 'ready', hooks, unknown };
}

export class CurrentPolicy {
  readonly #place: PolicyPlace;
  #current: LuaPolicy;
  #revision = 1;
  /** The last reload asked for; the next one waits for it. */
  #reloading: Promise<unknown> = Promise.resolve();

  private constructor(place: PolicyPlace, policy: LuaPolicy) {
    this.#place = place;
    this.#current = policy;
  }

  /** Loads, tries and initialises the policy for the first time. */
  static async start(
    place: PolicyPlace,
  ): Promise<PolicyOutcome<{ readonly current: CurrentPolicy; readonly hooks: readonly string[] }>> {
    const next = await CurrentPolicy.#next(place, 1);
    if (next.kind === 'failed') return next;
    return { kind: 'ready', current: new CurrentPolicy(place, next.policy), hooks: next.hooks };
  }

  static async #next(place: PolicyPlace, revision: number): Promise<PolicyOutcome<Prepared>> {
    const prepared = await prepare(place, revision);
    if (prepared.kind === 'failed') return prepared;
    for (const problem of prepared.unknown) place.log.write('warning', `${place.path}: ${problem}`);
    const failure = await initialise(prepared.policy, place);
    return failure === undefined ? prepared : { kind: 'failed', message: `hook.init: ${failure}` };
  }

  get policy(): Policy {
    return this.#current;
  }

  /** Reads the policy again. When it is not right the present one stays, and the log says why. Never rejects. */
  reload(): Promise<PolicyOutcome<object>> {
    const reloaded = this.#reloading.then(() => this.#reload());
    this.#reloading = reloaded;
    return reloaded;
  }

  async #reload(): Promise<PolicyOutcome<object>> {
    const { path, log } = this.#place;
    const next = await CurrentPolicy.#next(this.#place, this.#revision + 1);
    if (next.kind === 'failed') {
      log.write('err', `policy not reloaded, the old one stays: ${next.message}`, { script: path });
      return next;
    }
    this.#revision++;
    this.#current.retire();
    this.#current = next.policy;
    log.write('notice', 'policy reloaded', { script: path, revision: this.#revision });
    return { kind: 'ready' };
  }
}
