// What is made once before cases are played: the stage, what a test says at the level of its file, the policy as it was read.
import { dirname } from 'node:path';
import type { ScriptPaths } from '../app.ts';
import type { PolicySource } from '../ops/revision.ts';
import { CurrentPolicy } from '../policy/current-policy.ts';
import { hopKey } from './case-hops.ts';
import type { CasePolicy } from './case-server.ts';
import type { Place } from './fake-table.ts';
import { registeredModule } from './module/test-module.ts';
import { newWorld } from './play-case.ts';
import { type ScratchKeeper, Stage } from './stage.ts';
import { TestBench } from './test-bench.ts';
import { USUAL_HOP } from './test-options.ts';

const NOWHERE: Place = { file: '', line: 0 };

/** For a test; the usual next hop takes everything. */
export function newBench(stage: Stage, test: string): TestBench {
  const bench = new TestBench(stage.options, dirname(test), () => stage.watch.testPlace);
  bench.fakes.hops.set(hopKey(USUAL_HOP) ?? '', '', { kind: 'answers', script: {} }, NOWHERE);
  return bench;
}

export const openStage = (keeper?: ScratchKeeper): Promise<Stage> =>
  Stage.open(registeredModule, (stage) => newWorld(stage, newBench(stage, '.'), '.'), keeper);

/**
 * Whoever gets it retires it. Reads the policy and its modules, and looks whether it can be loaded at all, with what the test has said at the level of its
 * file. `source`: as it was read before.
 */
export async function loadOnce(
  stage: Stage,
  bench: TestBench,
  paths: ScriptPaths,
  source?: PolicySource,
): Promise<CasePolicy | string> {
  const world = newWorld(stage, bench, dirname(paths.path));
  const before = stage.options.fork();
  const app = await stage.enter(world);
  try {
    for (const prepare of bench.preparations) prepare(world);
    const started = await CurrentPolicy.start({ ...app.place(paths), ...(source && { source }) });
    if (started.kind === 'failed') return started.message;
    return { ...paths, first: started.current };
  } finally {
    app.close();
    world.close();
    stage.options.adopt(before);
  }
}
