// Plays one case of a test: opens it, runs the function of the test, ends it, and says what came of it.
//
// It must leave nothing of it to the next case.
import { LuaError } from '../lua-api/function-spec.ts';
import type { CasePolicy } from './case-server.ts';
import type { Place } from './fake-table.ts';
import { readHttpAnswer } from './module/service-fakes.ts';
import { sessionObject } from './module/session-class.ts';
import { OpenCase } from './open-case.ts';
import type { HookCount } from './record.ts';
import type { Stage } from './stage.ts';
import { type CaseFailure, missingText, type TestBench, type TestCase } from './test-bench.ts';
import type { TestFile } from './test-file.ts';
import { World, type WorldParts } from './world.ts';

export interface PlayedCase {
  readonly failure: CaseFailure | undefined;
  /** Milliseconds by which the test has moved its clock. */
  readonly clockMs: number;
  /** What it has said and nobody has asked for, in words with a line. */
  readonly unused: readonly string[];
}

export class CasePlayer {
  readonly #stage: Stage;
  readonly #bench: TestBench;
  readonly #policy: CasePolicy;
  readonly #directory: string;
  /** Of all cases. */
  readonly hooks: Map<string, HookCount>;

  constructor(
    stage: Stage,
    bench: TestBench,
    policy: CasePolicy,
    directory: string,
    hooks: Map<string, HookCount>,
  ) {
    this.#stage = stage;
    this.#bench = bench;
    this.#policy = policy;
    this.#directory = directory;
    this.hooks = hooks;
  }

  async play(file: TestFile, testCase: TestCase): Promise<PlayedCase> {
    const bench = this.#bench;
    const { options, watch } = this.#stage;
    const before = options.fork();
    watch.forgetPolicyPlace();
    const world = newWorld(this.#stage, bench, this.#directory, file);
    bench.failure = undefined;
    let clockMs = 0;
    const open = await OpenCase.open(this.#stage, world, this.#policy, (failure) =>
      bench.note(failure, undefined),
    );
    try {
      for (const prepare of bench.preparations) prepare(world);
      await this.#perform(file, testCase, open, (ms) => {
        clockMs += ms;
      });
    } catch (error) {
      if (!(error instanceof LuaError)) throw error;
      bench.note(error.message, testCase.place);
    } finally {
      bench.played = undefined;
      open.close();
      options.adopt(before);
    }
    this.#addHooks(world.record.hooks);
    const unused = world.fakes.unused.map(
      ({ name, place }) => `${place.file}:${place.line}: ${name} was asked for by nobody in this case`,
    );
    return { failure: bench.failure, clockMs, unused: bench.failure === undefined ? unused : [] };
  }

  async #perform(
    file: TestFile,
    testCase: TestCase,
    open: OpenCase,
    moved: (ms: number) => void,
  ): Promise<void> {
    const bench = this.#bench;
    const { world } = open;
    bench.played = {
      world,
      newSession: () => open.newSession(),
      forward: (ms) => {
        moved(ms);
        world.record.note(`the clock is moved on by ${ms / 1000} s`);
        return open.forward(ms);
      },
      waitsFor: () => open.waitsFor(),
    };
    const first = open.newSession();
    const end = await file.call(testCase.run, [sessionObject({ bench, dialogue: first })]);
    const { missingFakes } = world.record;
    if (missingFakes.length > 0) bench.note(missingText(missingFakes));
    if (end.kind === 'failed') this.#noteError(file, end.message);
    const waits = await open.end();
    if (waits !== undefined) bench.note(`the session does not end: ${waits}, which nothing ends`);
  }

  #addHooks(hooks: ReadonlyMap<string, HookCount>): void {
    for (const [hook, { called, ended }] of hooks) {
      const all = this.hooks.get(hook) ?? { called: 0, ended: 0 };
      this.hooks.set(hook, { called: all.called + called, ended: all.ended + ended });
    }
  }

  /** The first reason counts: what the test says itself. */
  #noteError({ path }: TestFile, message: string): void {
    const own = new RegExp(`^${path.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}:(\\d+): `).exec(message);
    if (own === null) this.#bench.note(message);
    else
      this.#bench.noteAt(message.slice(own[0].length), { file: path, line: Number(own[1]) } satisfies Place);
  }
}

/** A world for a case of a test, for what comes before the first, or for something else that is played with its fakes. */
export function newWorld(
  stage: Stage,
  bench: TestBench,
  directory: string,
  file?: TestFile,
  more: Omit<WorldParts, 'directory' | 'fakes' | 'functions' | 'options' | 'place' | 'scratch'> = {},
): World {
  return new World({
    ...{ fakes: bench.fakes, directory, options: stage.options, scratch: stage.scratch, ...more },
    place: () => stage.watch.policyPlace,
    functions: {
      callHttp: async (ref, question) => {
        if (file === undefined) throw new LuaError('no case is played');
        return readHttpAnswer('the function of t.http', await file.callBack(ref, [question]));
      },
    },
  });
}
