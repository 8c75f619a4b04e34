// The policy that new connections get, and its replacement by a reload: a new revision (script and modules) is read, compiled, run once
// and initialised beside the old one, and takes its place only when all that went well. Connections go on with the one they began with.
import { dirname } from 'node:path';
import type { Log } from '../base/log.ts';
import type { LuaEngine } from '../lua/engine.ts';
import { latin1Of } from '../lua/source.ts';
import type { ModuleSpec } from '../lua-api/module-spec.ts';
import type { PolicySource } from '../ops/revision.ts';
import type { Options } from '../options/options.ts';
import type { Policy } from './instance.ts';
import { type Findings, type LintFile, lintPolicy, noFindings } from './lint/lint.ts';
import { type LuaPolicy, loadPolicy } from './loader.ts';
import { prefetch } from './prefetch.ts';
import { failureOf, type TrialOutcome, tryPolicy } from './trial.ts';

export interface PolicyPlace {
  readonly path: string;
  readonly libLuaDirectory: string;
  readonly engine: LuaEngine;
  /** The Lua API, to find names that it does not have. */
  readonly modules: readonly ModuleSpec[];
  /** The process's options. */
  readonly options: Options;
  readonly log: Log;
  /** The revision to begin with, when another process has one; otherwise the script is read at `path`. */
  readonly source?: PolicySource;
  /** What a policy asks of this process and cannot have, or undefined. Not asked about what another process has read and found right. */
  readonly lack?: (source: PolicySource) => Promise<string | undefined>;
}

/** What a reload may change besides the policy. */
export interface PolicySettings {
  readonly path: string;
  /** hook.init may set some of them. */
  readonly options: Options;
}

export type PolicyOutcome<T> =
  | ({ readonly kind: 'ready' } & T)
  /** `message` says what is wrong, with file and line. `files`: those that were read or looked for, where that is known. */
  | { readonly kind: 'failed'; readonly message: string; readonly files?: readonly RevisionFile[] };

/** A file of a revision: `path` absolute; `text` latin1 as it was read, undefined when there was no file. */
export interface RevisionFile {
  readonly path: string;
  readonly text: string | undefined;
}

interface Prepared {
  readonly policy: LuaPolicy;
  readonly hooks: readonly string[];
  /** What makes the policy wrong though its file level runs: it is not served. */
  readonly refused: readonly string[];
  /** Hooks that are never called, where option hook-unknown tolerates them. */
  readonly tolerated: readonly string[];
  /** What its text and that of its modules show. */
  readonly findings: Findings;
}

/** What is wrong with a policy that ran, by whether it is refused for it. */
function sortProblems(
  trial: Extract<TrialOutcome, { kind: 'ran' }>,
  options: Options,
): Pick<Prepared, 'refused' | 'tolerated'> {
  return options.values['hook-unknown'] === 'warn'
    ? { refused: trial.wrong, tolerated: trial.unknown }
    : { refused: [...trial.wrong, ...trial.unknown], tolerated: [] };
}

/** Compiles the policy and its modules and runs its file level. Nothing is logged but what the policy logs. */
async function prepare(
  place: PolicyPlace,
  revision: number,
  source?: PolicySource,
): Promise<PolicyOutcome<Prepared>> {
  const loaded = await loadPolicy(
    place.engine,
    source === undefined ? { path: place.path } : { revision: source },
    { revision, luaPath: place.options.values['lua-path'], libLuaDirectory: place.libLuaDirectory },
  );
  if (loaded.kind === 'failed') return loaded;
  const { policy } = loaded;
  const trial = await tryPolicy(policy, place.options, place.log);
  if (trial.kind === 'failed') return givenUp(policy, trial.message);
  const { text } = policy.source;
  const problem = prefetch(text, policy.scripts, {
    script: policy.path,
    packagePath: trial.packagePath,
    libLuaDirectory: place.libLuaDirectory,
  });
  if (problem !== undefined) return givenUp(policy, problem);
  // What another process has read it has looked at, too.
  const findings =
    source === undefined
      ? lintPolicy({
          files: [{ name: place.path, text }, ...ownModules(policy, place.libLuaDirectory)],
          modules: place.modules,
          globals: trial.globals,
        })
      : noFindings;
  const { refused, tolerated } = sortProblems(trial, place.options);
  return {
    kind: 'ready',
    policy,
    hooks: trial.hooks,
    findings,
    refused: [...refused, ...findings.hidden],
    tolerated,
  };
}

/** The modules that the policy has loaded: those of its own directory, which its author can change, are looked at. */
function ownModules(policy: LuaPolicy, libLuaDirectory: string): readonly LintFile[] {
  const here = `${latin1Of(dirname(policy.path))}/`;
  const ours = `${latin1Of(libLuaDirectory)}/`;
  return policy.scripts
    .found()
    .flatMap(({ path, text }) =>
      text === undefined || path.startsWith(ours) ? [] : [{ name: path, text, told: path.startsWith(here) }],
    );
}

function filesOf(policy: LuaPolicy): readonly RevisionFile[] {
  return [{ path: policy.path, text: policy.source.text }, ...policy.scripts.found()];
}

function givenUp(policy: LuaPolicy, message: string): PolicyOutcome<never> {
  const files = [...filesOf(policy), ...policy.scripts.notFound()];
  policy.retire();
  return { kind: 'failed', message, files };
}

/** Compiles the policy, runs its file level and hook.init, for `smtpe check`, which gives it a place without a network. */
export async function checkPolicy(place: PolicyPlace): Promise<PolicyOutcome<Omit<Prepared, 'policy'>>> {
  const prepared = await prepare(place, 0);
  if (prepared.kind === 'failed') return prepared;
  const { policy, hooks, refused, tolerated, findings } = prepared;
  const failure = failureOf(await policy.runInit({ options: place.options, log: place.log }));
  policy.retire();
  if (failure === undefined) return { kind: 'ready', hooks, refused, tolerated, findings };
  return { kind: 'ready', hooks, refused: [...refused, `hook.init: ${failure}`], tolerated, findings };
}

export class CurrentPolicy {
  #place: PolicyPlace;
  #current: LuaPolicy;
  #revision = 1;
  #failedFor: readonly RevisionFile[] = [];
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
    const next = await CurrentPolicy.#next(place, 1, place.source);
    if (next.kind === 'failed') return next;
    return { kind: 'ready', current: new CurrentPolicy(place, next.policy), hooks: next.hooks };
  }

  static async #next(
    place: PolicyPlace,
    revision: number,
    source?: PolicySource,
  ): Promise<PolicyOutcome<Prepared>> {
    const prepared = await prepare(place, revision, source);
    if (prepared.kind === 'failed') return prepared;
    const { policy, refused, tolerated, findings } = prepared;
    if (refused.length > 0) return givenUp(policy, `${place.path}: ${refused.join('; ')}`);
    const lack = source === undefined ? await place.lack?.(policy.source) : undefined;
    if (lack !== undefined) return givenUp(policy, lack);
    for (const problem of tolerated) place.log.emit('policy-tolerated', { script: place.path, problem });
    for (const mistake of findings.mistakes) place.log.emit('policy-mistake', { mistake });
    const failure = failureOf(await policy.runInit({ options: place.options, log: place.log }));
    return failure === undefined ? prepared : givenUp(policy, `hook.init: ${failure}`);
  }

  get policy(): Policy {
    return this.#current;
  }

  /** It serves nobody any more: what was compiled goes with its last instance. */
  retire(): void {
    this.#current.retire();
  }

  /** All that the present revision is made of: script and modules, for another process that is to run the same. */
  get source(): PolicySource {
    return this.#current.source;
  }

  /** The files to watch: those of the present revision, and those that the last reload failed for. */
  get files(): readonly RevisionFile[] {
    const files = new Map(this.#failedFor.map((file) => [file.path, file]));
    for (const file of filesOf(this.#current)) if (!files.has(file.path)) files.set(file.path, file);
    return [...files.values()];
  }

  /**
   * Reads the policy and its modules again, or takes `source`, which another process has read; `settings` are new options for it and for
   * the process. When it is not right the present one stays, with the present options, and the log says why. Never rejects.
   */
  reload(source?: PolicySource, settings?: PolicySettings): Promise<PolicyOutcome<object>> {
    const reloaded = this.#reloading.then(() => this.#reload(source, settings));
    this.#reloading = reloaded;
    return reloaded;
  }

  async #reload(
    source: PolicySource | undefined,
    settings: PolicySettings | undefined,
  ): Promise<PolicyOutcome<object>> {
    const place = { ...this.#place, ...settings };
    const { path, log } = place;
    const next = await CurrentPolicy.#next(place, this.#revision + 1, source);
    this.#failedFor = next.kind === 'failed' ? (next.files ?? []) : [];
    if (next.kind === 'failed') {
      log.emit('policy-kept', { cause: next.message, script: path });
      return next;
    }
    // Everything of the process has its options from here, so they change in place.
    const { options } = this.#place;
    if (settings !== undefined) options.adopt(settings.options);
    this.#place = { ...place, options };
    this.#revision++;
    this.#current.retire();
    this.#current = next.policy;
    log.emit('policy-reloaded', { script: path, revision: this.#revision });
    return { kind: 'ready' };
  }
}
