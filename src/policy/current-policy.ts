// The policy that new connections get, and its replacement by a reload: a new revision (script and modules) is read, compiled, run once
// and initialised beside the old one, and takes its place only when all that went well. Connections go on with the one they began with.
import { dirname, resolve } from 'node:path';
import type { Log } from '../base/log.ts';
import { nearestName } from '../base/nearest-name.ts';
import type { LuaEngine } from '../lua/engine.ts';
import { latin1Of } from '../lua/source.ts';
import type { ModuleSpec } from '../lua-api/module-spec.ts';
import type { PolicySource } from '../ops/revision.ts';
import type { Options } from '../options/options.ts';
import { chainOf } from './chain.ts';
import type { Policy } from './instance.ts';
import { type Findings, type LintFile, lintPolicy, noFindings } from './lint/lint.ts';
import { type LuaPolicy, loadPolicy } from './loader.ts';
import { prefetch } from './prefetch.ts';
import { failureOf, type HookProblem, type TrialOutcome, tryPolicy } from './trial.ts';

export interface PolicyPlace {
  readonly path: string;
  /** Further files, in their order; the first answer of a hook wins. */
  readonly more?: readonly string[];
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
  readonly more: readonly string[];
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

export interface Prepared {
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
  { hookPlaces }: Findings,
): Pick<Prepared, 'refused' | 'tolerated'> {
  const placed = ({ name, text }: HookProblem): string => {
    const place = hookPlaces.get(name);
    return place === undefined ? text : `${place}: ${text}`;
  };
  const unknown = trial.unknown.map(placed);
  const wrong = trial.wrong.map(placed);
  return options.values['hook-unknown'] === 'warn'
    ? { refused: wrong, tolerated: unknown }
    : { refused: [...wrong, ...unknown], tolerated: [] };
}

/** Modules in lib-lua that policies require. */
export const helperModules: readonly string[] =
  'access callahead dnsbl fields greylist hold once ratelimit test'.split(' ').map((name) => `smtpe.${name}`);

/** The message of an error at the file level, with the global or the module that was meant where there is one. */
function meant(message: string, modules: readonly ModuleSpec[]): string {
  const module = /module '(smtpe[^']*)' not found:/.exec(message);
  if (module !== null) {
    const [text, required = ''] = module;
    const helper = nearestName(required, helperModules);
    return helper === undefined ? message : message.replace(text, () => `${text} did you mean '${helper}'?`);
  }
  const name = /\(global '(\w+)'\)$/.exec(message)?.[1];
  const near =
    name === undefined ? undefined : nearestName(name, ['hook', ...modules.map((one) => one.name)]);
  return near === undefined ? message : `${message}; did you mean '${near}'?`;
}

/** Compiles the policy and its modules and runs its file level. Nothing is logged but what the policy logs. */
export async function prepare(
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
  if (trial.kind === 'failed') return givenUp(policy, meant(trial.message, place.modules));
  const problem = prefetchFor(policy, place, trial.packagePath);
  if (problem !== undefined) return givenUp(policy, problem);
  // What another process has read it has looked at, too.
  const findings = source === undefined ? look(policy, place, trial.globals) : noFindings;
  const { refused, tolerated } = sortProblems(trial, place.options, findings);
  return {
    kind: 'ready',
    policy,
    hooks: trial.hooks,
    findings,
    refused: [...refused, ...findings.hidden],
    tolerated,
  };
}

/** Reads what the policy names; what is wrong with it. */
export const prefetchFor = (policy: LuaPolicy, place: PolicyPlace, packagePath: string): string | undefined =>
  prefetch(policy.source.text, policy.scripts, {
    script: policy.path,
    packagePath,
    libLuaDirectory: place.libLuaDirectory,
  });

/** What the text of a policy and of its modules shows. `globals`: see LintParts. */
export const look = (
  policy: LuaPolicy,
  { libLuaDirectory, modules, path }: PolicyPlace,
  globals: ReadonlySet<string> | undefined,
): Findings =>
  lintPolicy({
    files: [{ name: path, text: policy.source.text }, ...ownModules(policy, libLuaDirectory)],
    modules,
    globals,
  });

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

export function filesOf(policy: LuaPolicy): readonly RevisionFile[] {
  return [{ path: policy.path, text: policy.source.text }, ...policy.scripts.found()];
}

/** All files of a policy, each as `prepare` gives it. When one fails none is left, and what they are made of is to be watched. */
async function prepareAll(
  place: PolicyPlace,
  revision: number,
  source?: PolicySource,
): Promise<PolicyOutcome<{ readonly files: Files }>> {
  const first = await prepare(place, revision, source);
  if (first.kind === 'failed') return first;
  const files: Files = [first];
  const paths = source === undefined ? (place.more ?? []) : (source.more ?? []).map((one) => one.path);
  for (const [i, path] of paths.entries()) {
    const next = await prepare({ ...place, path }, revision, source?.more?.[i]);
    if (next.kind === 'failed') return allGivenUp(files, next.message, next.files ?? [missingFile(path)]);
    files.push(next);
  }
  return { kind: 'ready', files };
}

type Files = [Prepared, ...Prepared[]];

/** One that could not be read: it is waited for. */
const missingFile = (path: string): RevisionFile => ({ path: resolve(path), text: undefined });

function allGivenUp(files: Files, message: string, more: readonly RevisionFile[] = []): PolicyOutcome<never> {
  const seen = files.flatMap(({ policy }) => [...filesOf(policy), ...policy.scripts.notFound()]);
  for (const { policy } of files) policy.retire();
  return { kind: 'failed', message, files: [...seen, ...more] };
}

/** Runs hook.init of each file in turn; what went wrong, or undefined. */
async function runInits(
  policies: readonly LuaPolicy[],
  { options, log }: PolicyPlace,
): Promise<string | undefined> {
  for (const policy of policies) {
    const failure = failureOf(await policy.runInit({ options, log }));
    if (failure === undefined) continue;
    return policies.length === 1 ? `hook.init: ${failure}` : `${policy.source.path}: hook.init: ${failure}`;
  }
  return undefined;
}

function givenUp(policy: LuaPolicy, message: string): PolicyOutcome<never> {
  const files = [...filesOf(policy), ...policy.scripts.notFound()];
  policy.retire();
  return { kind: 'failed', message, files };
}

/** A revision that may be put in service. */
interface Served {
  readonly files: readonly LuaPolicy[];
  readonly policy: Policy;
  readonly hooks: readonly string[];
}

/** The files of a place as option script has them. */
const scriptText = ({ path, more = [] }: PolicyPlace): string => [path, ...more].join(' ');

export class CurrentPolicy {
  #place: PolicyPlace;
  #files: readonly LuaPolicy[];
  #served: Policy;
  #revision = 1;
  #failedFor: readonly RevisionFile[] = [];
  /** The last reload asked for; the next one waits for it. */
  #reloading: Promise<unknown> = Promise.resolve();

  private constructor(place: PolicyPlace, served: Served) {
    this.#place = place;
    this.#files = served.files;
    this.#served = served.policy;
  }

  /** Loads, tries and initialises the policy for the first time. */
  static async start(
    place: PolicyPlace,
  ): Promise<PolicyOutcome<{ readonly current: CurrentPolicy; readonly hooks: readonly string[] }>> {
    const next = await CurrentPolicy.#next(place, 1, place.source);
    if (next.kind === 'failed') return next;
    return { kind: 'ready', current: new CurrentPolicy(place, next), hooks: next.hooks };
  }

  /**
   * A policy that was found right, once more, for a run of its own: nothing of the first one's is left in it. Its files are not looked at
   * again; their level and hook.init run.
   */
  static async again(
    first: CurrentPolicy,
    place: PolicyPlace,
  ): Promise<PolicyOutcome<{ readonly current: CurrentPolicy }>> {
    const files = first.#files.map((policy) => policy.again());
    const [policy, ...more] = files;
    if (policy === undefined) throw new Error('a policy has at least one file');
    const failure = await runInits(files, place);
    if (failure !== undefined) {
      for (const one of files) one.retire();
      return { kind: 'failed', message: failure };
    }
    const served = { files, policy: chainOf([policy, ...more], first.#revision), hooks: [] };
    return { kind: 'ready', current: new CurrentPolicy(place, served) };
  }

  static async #next(
    place: PolicyPlace,
    revision: number,
    source?: PolicySource,
  ): Promise<PolicyOutcome<Served>> {
    const prepared = await prepareAll(place, revision, source);
    if (prepared.kind === 'failed') return prepared;
    const { files } = prepared;
    for (const { policy, refused } of files) {
      // What has its place has the file in front already.
      const told = refused.map((text) =>
        /^\S+:\d+:\d+: /.test(text) ? text : `${policy.source.path}: ${text}`,
      );
      if (told.length > 0) return allGivenUp(files, told.join('; '));
      const lack = source === undefined ? await place.lack?.(policy.source) : undefined;
      if (lack !== undefined) return allGivenUp(files, lack);
    }
    for (const { policy, tolerated, findings } of files) {
      for (const problem of tolerated)
        place.log.emit('policy-tolerated', { script: policy.source.path, problem });
      for (const mistake of findings.mistakes) place.log.emit('policy-mistake', { mistake });
    }
    const failure = await runInits(
      files.map(({ policy }) => policy),
      place,
    );
    if (failure !== undefined) return allGivenUp(files, failure);
    const [first, ...more] = files;
    const policies = files.map(({ policy }) => policy);
    return {
      kind: 'ready',
      files: policies,
      policy: chainOf([first.policy, ...more.map(({ policy }) => policy)], revision),
      hooks: [...new Set(files.flatMap(({ hooks }) => hooks))],
    };
  }

  get policy(): Policy {
    return this.#served;
  }

  /** It serves nobody any more: what was compiled goes with its last instance. */
  retire(): void {
    for (const policy of this.#files) policy.retire();
  }

  /** All that the present revision is made of: scripts and modules, for another process that is to run the same. */
  get source(): PolicySource {
    const [first, ...more] = this.#files.map((policy) => policy.source);
    if (first === undefined) throw new Error('a policy has at least one file');
    return more.length === 0 ? first : { ...first, more };
  }

  /** The files to watch: those of the present revision, and those that the last reload failed for. */
  get files(): readonly RevisionFile[] {
    const files = new Map(this.#failedFor.map((file) => [file.path, file]));
    for (const policy of this.#files)
      for (const file of filesOf(policy)) if (!files.has(file.path)) files.set(file.path, file);
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
    const { log } = place;
    const path = scriptText(place);
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
    for (const policy of this.#files) policy.retire();
    this.#files = next.files;
    this.#served = next.policy;
    log.emit('policy-reloaded', { script: path, revision: this.#revision });
    return { kind: 'ready' };
  }
}
