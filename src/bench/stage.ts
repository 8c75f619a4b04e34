// Where the cases of a run are played: one Lua engine and its modules for all of them, over ports that lead to the world of the case that is played
// now. What is shared is the engine alone; policy, options, clock, store, files and everybody outside are made for each case.
//
// It must never play two cases at once, nor leave anything on the disk behind `close`.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type App, createApp } from '../app.ts';
import { systemClock } from '../base/clock.ts';
import { libLuaDirectory } from '../installed.ts';
import type { LuaEngine } from '../lua/engine.ts';
import type { ModuleSpec } from '../lua-api/module-spec.ts';
import { ownedPrefix, removeOwned } from '../ops/owned-directory.ts';
import { canOwn } from '../ops/process-life.ts';
import { createOptions } from '../options/option-set.ts';
import type { Options } from '../options/options.ts';
import { follow } from './follow.ts';
import { LineWatch } from './line-watch.ts';
import { RecordLog } from './ports/record-log.ts';
import type { World } from './world.ts';

const nothingPlayed = (): never => {
  throw new Error('nothing is played');
};

/** Told of directories that are to be taken away even where the process is ended from outside. */
export interface ScratchKeeper {
  made(path: string): void;
  removed(path: string): void;
}

export class Stage {
  /** Those of the process while a case is played: they are exchanged, not the object. */
  readonly options: Options;
  readonly watch: LineWatch;
  /** Messages, and files of policies, lie here. */
  readonly scratch: string;
  #base: App | undefined;
  #world: World | undefined;
  /** Before the first world is entered nobody sends anything; it is closed all the same when none ever is. */
  #mailer: App['ports']['mailer'] = { deliver: nothingPlayed, open: nothingPlayed, close() {} };
  #brokenBy: string | undefined;
  readonly #keeper: ScratchKeeper | undefined;

  private constructor(options: Options, scratch: string, keeper: ScratchKeeper | undefined) {
    this.#keeper = keeper;
    this.options = options;
    this.scratch = scratch;
    this.watch = new LineWatch(libLuaDirectory);
  }

  /** `module`: what tests call; `newWorld`: some world, to begin with. */
  static async open(
    module: ModuleSpec,
    newWorld: (stage: Stage) => World,
    keeper?: ScratchKeeper,
  ): Promise<Stage> {
    // What a process left that could not take it away itself goes with the next one.
    await removeOwned('test', [tmpdir()], canOwn);
    const scratch = await mkdtemp(join(tmpdir(), await ownedPrefix('test')));
    keeper?.made(scratch);
    const stage = new Stage(createOptions(), scratch, keeper);
    stage.#world = newWorld(stage);
    const { watch } = stage;
    stage.#base = await createApp(
      {
        options: stage.options,
        log: new RecordLog(),
        onBroken: (reason) => {
          stage.#brokenBy = reason;
        },
        extras: {
          hidden: [module],
          watchLine: watch.watch,
          // Who computes for ever is stopped by the time that the processor takes; nothing else looks at this clock.
          processor: systemClock,
        },
      },
      {
        clock: follow(() => stage.world.ports.clock),
        random: (limit) => stage.world.ports.random(limit),
        resolver: follow(() => stage.world.ports.resolver),
        services: follow(() => stage.world.ports.services),
        stores: follow(() => stage.world.ports.stores),
        dicts: follow(() => stage.world.ports.dicts),
        maildir: follow(() => stage.world.ports.maildir),
        mailUsers: follow(() => stage.world.ports.mailUsers),
        system: follow(() => stage.world.ports.system),
        mailer: follow(() => stage.#mailer),
        authSources: [],
      },
    );
    return stage;
  }

  get engine(): LuaEngine {
    return this.#requireBase().engine;
  }

  get modules(): readonly ModuleSpec[] {
    return this.#requireBase().modules;
  }

  /** Why nothing can be played any more: a fault of the engine, or a policy that broke it. */
  get brokenBy(): string | undefined {
    return this.#brokenBy;
  }

  get world(): World {
    return this.#world ?? nothingPlayed();
  }

  /** From now on everything leads to this world. The app works in it; whoever asks closes it. */
  async enter(world: World): Promise<App> {
    this.#world = world;
    const app = await createApp(
      { options: this.options, log: world.log, onBroken: () => undefined, within: this.#requireBase() },
      world.ports,
    );
    this.#mailer = app.ports.mailer;
    return app;
  }

  async close(): Promise<void> {
    // It closes the mailer too, even where nothing was played.
    this.#mailer ??= (await this.enter(this.world)).ports.mailer;
    this.#base?.close();
    await rm(this.scratch, { recursive: true, force: true });
    this.#keeper?.removed(this.scratch);
  }

  #requireBase(): App {
    if (this.#base === undefined) throw new Error('the stage is not open');
    return this.#base;
  }
}
