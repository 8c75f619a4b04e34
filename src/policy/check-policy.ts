// The policy as `smtpe check` looks at it: each file is compiled, its file level and hook.init run, its text looked at. What keeps a file from being loaded
// is one of its mistakes.
//
// It must never stop at the first mistake: neither the others of the file nor those of the files behind it are hidden by it.
import {
  filesOf,
  look,
  type PolicyPlace,
  type Prepared,
  prefetchFor,
  prepare,
  type RevisionFile,
} from './current-policy.ts';
import { noFindings } from './lint/lint.ts';
import { loadPolicy } from './loader.ts';
import { failureOf, isHook, tryPolicy, unknownHook } from './trial.ts';

/** One file of a policy. */
export interface CheckedFile extends Omit<Prepared, 'policy'> {
  /** As the option names it. */
  readonly path: string;
  /** Texts of the file and of what it has loaded; latin1. */
  readonly texts: readonly RevisionFile[];
}

/** `place`: without a network. A CheckedFile for each file, in their order. */
export async function checkPolicy(place: PolicyPlace): Promise<readonly CheckedFile[]> {
  const checked: CheckedFile[] = [];
  for (const path of [place.path, ...(place.more ?? [])]) {
    const its = { ...place, path };
    const prepared = await prepare(its, 0);
    checked.push(
      prepared.kind === 'failed' ? await lookAtFailed(its, prepared.message) : await runInit(its, prepared),
    );
  }
  return checked;
}

async function runInit({ options, log }: PolicyPlace, { policy, ...file }: Prepared): Promise<CheckedFile> {
  const failure = failureOf(await policy.runInit({ options, log }));
  const refused = failure === undefined ? file.refused : [...file.refused, `hook.init: ${failure}`];
  const texts = filesOf(policy);
  policy.retire();
  return { ...file, refused, path: policy.source.path, texts };
}

/** Globals of a policy that does nothing. */
async function globalsAtFirst(place: PolicyPlace): Promise<ReadonlySet<string> | undefined> {
  const { engine, libLuaDirectory, log, options } = place;
  const settings = { revision: 0, luaPath: options.values['lua-path'], libLuaDirectory };
  const loaded = await loadPolicy(engine, { source: '', name: 'nothing' }, settings);
  if (loaded.kind === 'failed') return undefined;
  const trial = await tryPolicy(loaded.policy, options, log);
  loaded.policy.retire();
  return trial.kind === 'ran' ? trial.globals : undefined;
}

/** One that cannot be run: its text, and that of the modules that it names, is there to be looked at all the same. */
async function lookAtFailed(place: PolicyPlace, message: string): Promise<CheckedFile> {
  const { engine, libLuaDirectory, options, path } = place;
  const settings = { revision: 0, luaPath: options.values['lua-path'], libLuaDirectory };
  const loaded = await loadPolicy(engine, { path }, settings);
  if (loaded.kind === 'failed')
    return { path, refused: [message], tolerated: [], hooks: [], texts: [], findings: noFindings };
  const { policy } = loaded;
  const unread = prefetchFor(policy, place, policy.scripts.packagePath);
  // A module that cannot be read may set any global.
  const findings = look(policy, place, unread === undefined ? await globalsAtFirst(place) : undefined);
  const written = [...findings.hookPlaces].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const unknown = written.flatMap(([name, at]) => (isHook(name) ? [] : [`${at}: ${unknownHook(name)}`]));
  const isTolerated = options.values['hook-unknown'] === 'warn';
  const texts = filesOf(policy);
  policy.retire();
  return {
    ...{ path: policy.source.path, texts, findings },
    hooks: written.map(([name]) => name).filter(isHook),
    refused: [message, ...(isTolerated ? [] : unknown), ...findings.hidden],
    tolerated: isTolerated ? unknown : [],
  };
}
