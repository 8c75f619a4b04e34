// Runs test files, one after the other, case by case, and tells what came of each. One engine serves all of them; one that a policy has broken is
// replaced.
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ScriptPaths } from '../app.ts';
import { libLuaDirectory } from '../installed.ts';
import type { ReadFile } from '../options/load-options.ts';
import { coverageOf, type FileCoverage } from './coverage.ts';
import type { Place } from './fake-table.ts';
import { optionFileBeside, type PolicyFound, policyOf, withOthers } from './find-tests.ts';
import { CasePlayer } from './play-case.ts';
import { loadOnce, newBench, openStage } from './prepare.ts';
import type { HookCount } from './record.ts';
import { shown } from './shown.ts';
import type { ScratchKeeper, Stage } from './stage.ts';
import type { CaseFailure, TestBench, TestCase } from './test-bench.ts';
import { TestFile } from './test-file.ts';
import { testOptions } from './test-options.ts';

export interface RunSettings {
  /** Test files. */
  readonly tests: readonly string[];
  /** Only cases whose name has this; undefined: all. */
  readonly name: string | undefined;
  /** Options of the command line. */
  readonly words: readonly string[];
  /** The policy of all tests, when the command line names one. */
  readonly policy: ScriptPaths | undefined;
  readonly readFile: ReadFile;
  /** Told of the directories that the run makes. */
  readonly scratch?: ScratchKeeper;
  /** Milliseconds, for how long a case took. */
  readonly stopwatch: () => number;
}

export interface CaseResult {
  readonly name: string;
  readonly place: Place;
  readonly failure: CaseFailure | undefined;
  /** What it took. */
  readonly ms: number;
  /** By how much the test has moved its clock. */
  readonly clockMs: number;
}

export interface FileResult {
  readonly path: string;
  readonly policy: string | undefined;
  /** Why no case could be played, with file and line. */
  readonly problem: string | undefined;
  readonly cases: readonly CaseResult[];
  /** What does no harm and helps nobody: fakes that nobody asked for. */
  readonly notes: readonly string[];
  readonly hooks: ReadonlyMap<string, HookCount>;
  /** Of the files of the policy first, then of its modules. */
  readonly coverage: readonly FileCoverage[];
}

/** Told as it happens. */
export interface RunListener {
  fileDone(result: FileResult): void;
}

export async function runTests(settings: RunSettings, listener: RunListener): Promise<readonly FileResult[]> {
  const results: FileResult[] = [];
  let stage = await openStage(settings.scratch);
  try {
    for (const test of settings.tests) {
      const result = await runFile(test, stage, settings);
      results.push(result);
      listener.fileDone(result);
      if (stage.brokenBy !== undefined) {
        await stage.close();
        stage = await openStage(settings.scratch);
      }
    }
  } finally {
    await stage.close();
  }
  return results;
}

async function runFile(test: string, stage: Stage, settings: RunSettings): Promise<FileResult> {
  const hooks = new Map<string, HookCount>();
  const empty = { path: test, policy: undefined, cases: [], notes: [], hooks, coverage: [] };
  const found: PolicyFound = settings.policy ?? (await policyOf(test));
  const beside = await optionFileBeside('problem' in found ? test : found.path);
  const { options, problems } = await testOptions(settings.words, beside, settings.readFile, stage.scratch);
  if (problems.length > 0) return { ...empty, problem: problems.join('\n') };
  stage.options.adopt(options);
  stage.watch.start([test]);
  const bench = newBench(stage, test);
  const file = await TestFile.open(test, stage, bench, libLuaDirectory);
  if (typeof file === 'string') return { ...empty, problem: file };
  // The command line counts more than the test, and the test more than what lies beside it.
  const named = settings.policy ?? bench.policy ?? found;
  if ('problem' in named) {
    file.close();
    return { ...empty, problem: named.problem };
  }
  const paths = named === found ? withOthers(named, beside, options.values.script) : named;
  const policy = [paths.path, ...paths.more].join(' ');
  const loaded = await loadOnce(stage, bench, paths);
  if (typeof loaded === 'string') {
    file.close();
    return { ...empty, policy, problem: loaded };
  }
  const played = { file, bench, player: new CasePlayer(stage, bench, loaded, dirname(paths.path), hooks) };
  const again = async (): Promise<Playing | string> => {
    const bench = newBench(stage, test);
    const file = await TestFile.open(test, stage, bench, libLuaDirectory);
    if (typeof file === 'string') return file;
    return { file, bench, player: new CasePlayer(stage, bench, loaded, dirname(paths.path), hooks) };
  };
  const { cases, notes } = await playAll(played, again, stage, settings);
  loaded.first.retire();
  return {
    ...{ path: test, policy, problem: nothingToDo(test, bench, cases, settings.name), cases, hooks },
    notes:
      cases.length < bench.cases.length || cases.some(({ failure }) => failure)
        ? notes
        : [...notes, ...unusedOf(bench)],
    // Of several files the one that the test is about comes first: a summary names the lines of no other.
    coverage: await coverage(stage, [named.path, paths.path, ...paths.more]),
  };
}

function nothingToDo(
  test: string,
  bench: TestBench,
  cases: readonly CaseResult[],
  name: string | undefined,
): string | undefined {
  if (cases.length > 0 || name !== undefined) return undefined;
  return bench.cases.length > 0
    ? undefined
    : `${test}: it has no case; t.case('...', function(s) ... end) makes one`;
}

const unusedOf = ({ fakes }: TestBench): readonly string[] =>
  fakes.unused.flatMap(({ name, place }) =>
    name === '' ? [] : [`${place.file}:${place.line}: ${name} was asked for by nobody`],
  );

/** A test file that is read, and who plays its cases. */
interface Playing {
  readonly file: TestFile;
  readonly bench: TestBench;
  readonly player: CasePlayer;
}

const notPlayed = (one: TestCase, text: string): CaseResult => ({
  ...{ name: shown(one.name), place: one.place, ms: 0, clockMs: 0 },
  failure: { place: one.place, text, trail: [], missing: [] },
});

/** Closes the file. `again` reads it anew: what has taken all the memory that it may have has nothing left to call. */
async function playAll(
  begun: Playing,
  again: () => Promise<Playing | string>,
  stage: Stage,
  { name, stopwatch }: RunSettings,
): Promise<{ readonly cases: readonly CaseResult[]; readonly notes: readonly string[] }> {
  const cases: CaseResult[] = [];
  const notes: string[] = [];
  let now: Playing | string = begun;
  for (const [i, one] of begun.bench.cases.entries()) {
    if (name !== undefined && !shown(one.name).includes(name)) continue;
    const start = stopwatch();
    if (stage.brokenBy !== undefined) {
      cases.push(notPlayed(one, `the Lua engine has failed: ${stage.brokenBy}`));
      continue;
    }
    if (typeof now !== 'string' && now.file.isLost) {
      now.file.close();
      now = await again();
    }
    const mine = typeof now === 'string' ? undefined : now.bench.cases[i];
    if (typeof now === 'string' || mine?.name !== one.name) {
      const why = typeof now === 'string' ? now : 'it is not there when the file is read once more';
      cases.push(notPlayed(one, `a case before it has taken all memory, and then: ${why}`));
      continue;
    }
    const { clockMs, failure, unused } = await now.player.play(now.file, mine);
    cases.push({ name: shown(one.name), place: one.place, failure, ms: stopwatch() - start, clockMs });
    notes.push(...unused);
  }
  if (typeof now !== 'string') now.file.close();
  return { cases, notes };
}

async function coverage({ watch }: Stage, policy: readonly string[]): Promise<readonly FileCoverage[]> {
  const rank = ({ name }: { readonly name: string }): number => {
    const at = policy.indexOf(name);
    return at < 0 ? policy.length : at;
  };
  return Promise.all(
    [...watch.policyFiles]
      .sort((a, b) => rank(a) - rank(b))
      .map(async ({ lines, name }) => {
        try {
          return coverageOf(name, (await readFile(name)).toString('latin1'), lines);
        } catch {
          return { name, lines: 0, ran: lines.size, never: [] };
        }
      }),
  );
}
