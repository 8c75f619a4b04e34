// Runs test files, one after the other, case by case, and tells what came of each. One engine serves all of them; one that a policy has broken is
// replaced.
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { libLuaDirectory } from '../app.ts';
import type { ReadFile } from '../options/load-options.ts';
import { CurrentPolicy } from '../policy/current-policy.ts';
import { hopKey } from './case-hops.ts';
import { coverageOf, type FileCoverage } from './coverage.ts';
import type { Place } from './fake-table.ts';
import { optionFileBeside, policyOf } from './find-tests.ts';
import { registeredModule } from './module/test-module.ts';
import { CasePlayer, type CasePolicy, type HookCount, newWorld } from './play-case.ts';
import { Stage } from './stage.ts';
import { type CaseFailure, TestBench } from './test-bench.ts';
import { TestFile } from './test-file.ts';
import { testOptions, USUAL_HOP } from './test-options.ts';
import { shown } from './trail.ts';

export interface RunSettings {
  /** Test files. */
  readonly tests: readonly string[];
  /** Only cases whose name has this; undefined: all. */
  readonly name: string | undefined;
  /** Options of the command line. */
  readonly words: readonly string[];
  /** The policy of all tests, when the command line names one. */
  readonly policy: string | undefined;
  readonly readFile: ReadFile;
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
  /** Of the policy first, then of its modules. */
  readonly coverage: readonly FileCoverage[];
}

/** Told as it happens. */
export interface RunListener {
  fileDone(result: FileResult): void;
}

const NOWHERE: Place = { file: '', line: 0 };

function newBench(stage: Stage, test: string): TestBench {
  const bench = new TestBench(stage.options, dirname(test), () => stage.watch.testPlace);
  bench.fakes.hops.set(hopKey(USUAL_HOP) ?? '', '', { kind: 'answers', script: {} }, NOWHERE);
  return bench;
}

const openStage = (): Promise<Stage> =>
  Stage.open(registeredModule, (stage) => newWorld(stage, newBench(stage, '.'), '.'));

export async function runTests(settings: RunSettings, listener: RunListener): Promise<readonly FileResult[]> {
  const results: FileResult[] = [];
  let stage = await openStage();
  try {
    for (const test of settings.tests) {
      const result = await runFile(test, stage, settings);
      results.push(result);
      listener.fileDone(result);
      if (stage.brokenBy !== undefined) {
        await stage.close();
        stage = await openStage();
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
  const found = settings.policy === undefined ? await policyOf(test) : { path: settings.policy };
  if ('problem' in found) return { ...empty, problem: found.problem };
  const policy = found.path;
  const beside = await optionFileBeside(policy);
  const { options, problems } = await testOptions(settings.words, beside, settings.readFile, stage.scratch);
  if (problems.length > 0) return { ...empty, policy, problem: problems.join('\n') };
  stage.options.adopt(options);
  stage.watch.start([test]);
  const bench = newBench(stage, test);
  const file = await TestFile.open(test, stage, bench, libLuaDirectory);
  if (typeof file === 'string') return { ...empty, policy, problem: file };
  const loaded = await loadOnce(stage, bench, policy);
  if (typeof loaded === 'string') {
    file.close();
    return { ...empty, policy, problem: loaded };
  }
  const player = new CasePlayer(stage, bench, loaded, dirname(policy), hooks);
  const { cases, notes } = await playAll(file, bench, player, stage, settings);
  file.close();
  return {
    ...{ path: test, policy, problem: nothingToDo(test, bench, cases, settings.name), cases, hooks },
    notes:
      cases.length < bench.cases.length || cases.some(({ failure }) => failure)
        ? notes
        : [...notes, ...unusedOf(bench)],
    coverage: await coverage(stage, policy),
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

async function playAll(
  file: TestFile,
  bench: TestBench,
  player: CasePlayer,
  stage: Stage,
  { name, stopwatch }: RunSettings,
): Promise<{ readonly cases: readonly CaseResult[]; readonly notes: readonly string[] }> {
  const cases: CaseResult[] = [];
  const notes: string[] = [];
  for (const one of bench.cases) {
    if (name !== undefined && !shown(one.name).includes(name)) continue;
    const start = stopwatch();
    if (stage.brokenBy !== undefined) {
      const failure = {
        place: one.place,
        text: `the Lua engine has failed: ${stage.brokenBy}`,
        trail: [],
        missing: [],
      };
      cases.push({ name: shown(one.name), place: one.place, failure, ms: 0, clockMs: 0 });
      continue;
    }
    const { clockMs, failure, unused } = await player.play(file, one);
    cases.push({ name: shown(one.name), place: one.place, failure, ms: stopwatch() - start, clockMs });
    notes.push(...unused);
  }
  return { cases, notes };
}

/** Reads the policy and its modules, and looks whether it can be loaded at all, with what the test has said at the level of its file. */
async function loadOnce(stage: Stage, bench: TestBench, policy: string): Promise<CasePolicy | string> {
  const world = newWorld(stage, bench, dirname(policy));
  const before = stage.options.fork();
  const app = await stage.enter(world);
  try {
    for (const prepare of bench.preparations) prepare(world);
    const started = await CurrentPolicy.start(app.place(policy));
    if (started.kind === 'failed') return started.message;
    const { source } = started.current;
    started.current.retire();
    return { path: policy, source };
  } finally {
    app.close();
    world.close();
    stage.options.adopt(before);
  }
}

async function coverage({ watch }: Stage, policy: string): Promise<readonly FileCoverage[]> {
  const files = [...watch.policyFiles].sort((a, b) => Number(b.name === policy) - Number(a.name === policy));
  return Promise.all(
    files.map(async ({ lines, name }) => {
      try {
        return coverageOf(name, (await readFile(name)).toString('latin1'), lines);
      } catch {
        return { name, lines: 0, ran: lines.size, never: [] };
      }
    }),
  );
}
