// Plays one case: a world of its own, the policy loaded into it, a server, the function of the test; then everything is ended and given back.
//
// It must leave nothing behind: no session, no wait, no file, no compiled policy.
import type { App } from '../app.ts';
import { LuaError } from '../lua-api/function-spec.ts';
import type { PolicySource } from '../ops/revision.ts';
import type { HookOutcome } from '../policy/instance.ts';
import { settled } from './at-rest.ts';
import { CaseServer } from './case-server.ts';
import { Dialogue, type Serve } from './dialogue.ts';
import type { Place } from './fake-table.ts';
import { readHttpAnswer } from './module/service-fakes.ts';
import { sessionObject } from './module/session-class.ts';
import { outcomeText } from './recorded-policy.ts';
import type { Stage } from './stage.ts';
import { type CaseFailure, missingText, type TestBench, type TestCase } from './test-bench.ts';
import type { TestFile } from './test-file.ts';
import { World } from './world.ts';

/** How often a hook was called, and how often it came to its end by itself. */
export interface HookCount {
  called: number;
  ended: number;
}

export interface CasePolicy {
  /** As the user wrote it. */
  readonly path: string;
  /** Read and looked at once for all cases. */
  readonly source: PolicySource;
}

export interface PlayedCase {
  readonly failure: CaseFailure | undefined;
  /** Milliseconds by which the test has moved its clock. */
  readonly clockMs: number;
  /** What it has said and nobody has asked for, in words with a line. */
  readonly unused: readonly string[];
}

/** Time for hook.close of sessions that are cut off, by the clock of the case. */
const END_STEP = 10_000;
const END_STEPS = 10;
/** Timers that one t.clock:forward may set off. */
const MOST_TIMERS = 100_000;

export class CasePlayer {
  readonly #stage: Stage;
  readonly #bench: TestBench;
  readonly #policy: CasePolicy;
  readonly #directory: string;
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
    const app = await this.#stage.enter(world);
    try {
      for (const prepare of bench.preparations) prepare(world);
      const ended = await this.#perform(file, testCase, world, app, (ms) => {
        clockMs += ms;
      });
      if (ended !== undefined) this.#noteError(file, ended);
    } catch (error) {
      if (!(error instanceof LuaError)) throw error;
      bench.note(error.message, testCase.place);
    } finally {
      bench.played = undefined;
      app.close();
      world.close();
      options.adopt(before);
    }
    const unused = world.fakes.unused.map(
      ({ name, place }) => `${place.file}:${place.line}: ${name} was asked for by nobody in this case`,
    );
    return { failure: bench.failure, clockMs, unused: bench.failure === undefined ? unused : [] };
  }

  /** The error of the test, if there was one. */
  async #perform(
    file: TestFile,
    testCase: TestCase,
    world: World,
    app: App,
    moved: (ms: number) => void,
  ): Promise<string | undefined> {
    const bench = this.#bench;
    const sessions: Dialogue[] = [];
    const server = new CaseServer(app, this.#policy, {
      called: (hook, args) => {
        this.#count(hook).called += 1;
        world.record.add('hook', `hook.${hook}(${args.replaceAll(`${this.#stage.scratch}/`, '')})`);
      },
      ended: (hook, outcome) => this.#ended(world, hook, outcome),
    });
    const serve: Serve = async (stream, peer) => {
      const failure = await server.serve(stream, peer);
      if (failure !== undefined) bench.note(failure, undefined);
    };
    bench.played = {
      world,
      newSession: () => {
        const session = new Dialogue(world, serve);
        sessions.push(session);
        return session;
      },
      forward: async (ms) => {
        moved(ms);
        world.record.add('clock', `clock + ${ms / 1000} s`);
        await forward(world, ms);
      },
      waitsFor: () => this.#waitsFor(),
    };
    const first = bench.played.newSession();
    const end = await file.call(testCase.run, [sessionObject({ bench, dialogue: first })]);
    const { missingFakes } = world.record;
    if (missingFakes.length > 0) bench.note(missingText(missingFakes));
    for (const session of sessions) session.hangUp();
    await settled();
    await this.#end(world, server);
    return end.kind === 'failed' ? end.message : undefined;
  }

  #count(hook: string): HookCount {
    let count = this.hooks.get(hook);
    if (count === undefined) {
      count = { called: 0, ended: 0 };
      this.hooks.set(hook, count);
    }
    return count;
  }

  #ended(world: World, hook: string, outcome: HookOutcome): void {
    if (outcome.kind === 'undefined') return;
    if (outcome.kind === 'returned') this.#count(hook).ended += 1;
    world.record.add('hook', `hook.${hook} -> ${outcomeText(outcome)}`, true);
  }

  #waitsFor(): string | undefined {
    const waits = this.#stage.engine.waits.filter(({ id }) => id !== 'test');
    return waits.length === 0
      ? undefined
      : waits.map(({ label, what }) => `${label} waits for ${what}`).join('; ');
  }

  /** Ends the sessions: whose hook.close waits is given time. */
  async #end(world: World, server: CaseServer): Promise<void> {
    let isOver = false;
    void server.close().then(() => {
      isOver = true;
    });
    await settled();
    for (let n = 0; !isOver && n < END_STEPS; n++) await forward(world, END_STEP);
    if (!isOver)
      this.#bench.note(`the session does not end: ${this.#waitsFor() ?? 'something'}, which nothing ends`);
  }

  /** The first reason counts: what the test says itself. */
  #noteError({ path }: TestFile, message: string): void {
    const own = new RegExp(`^${path.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}:(\\d+): `).exec(message);
    if (own === null) this.#bench.note(message);
    else
      this.#bench.noteAt(message.slice(own[0].length), { file: path, line: Number(own[1]) } satisfies Place);
  }
}

/** Moves time on; what is due happens in order, and what follows from it before the next. */
async function forward({ clock }: World, ms: number): Promise<void> {
  const until = clock.monotonic() + ms;
  for (let n = 0; n < MOST_TIMERS; n++) {
    const next = clock.nextIn;
    if (next === undefined || clock.monotonic() + next > until) break;
    clock.advance(next);
    await settled();
  }
  clock.advance(until - clock.monotonic());
  await settled();
}

/** A world for a case of a test, or for what comes before the first. */
export function newWorld(stage: Stage, bench: TestBench, directory: string, file?: TestFile): World {
  return new World({
    ...{ fakes: bench.fakes, directory, options: stage.options, scratch: stage.scratch },
    place: () => stage.watch.policyPlace,
    functions: {
      callHttp: async (ref, question) => {
        if (file === undefined) throw new LuaError('no case is played');
        return readHttpAnswer('the function of t.http', await file.callBack(ref, [question]));
      },
    },
  });
}
