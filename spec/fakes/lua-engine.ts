// A real Lua engine with policies given as text, for specs of the runtime and of API modules.
import { join } from 'node:path';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import { RecordLog } from '../../src/bench/ports/record-log.ts';
import { createLuaEngine, type FileHooks, type LuaEngine } from '../../src/lua/engine.ts';
import type { ModuleSpec } from '../../src/lua-api/module-spec.ts';
import type { System } from '../../src/ops/system.ts';
import { createOptions } from '../../src/options/option-set.ts';
import type { Options } from '../../src/options/options.ts';
import type { HookName } from '../../src/policy/hook-table.ts';
import type { HookOutcome, PolicyInstance } from '../../src/policy/instance.ts';
import { type LuaPolicy, loadPolicy, type PolicyOrigin } from '../../src/policy/loader.ts';
import type { SessionView } from '../../src/policy/session-view.ts';

export const libLuaDirectory = join(import.meta.dirname, '../../lib-lua');

export interface EngineSettings {
  readonly modules?: readonly ModuleSpec[];
  /** What the modules of lib-lua get. */
  readonly behind?: ModuleSpec;
  readonly options?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  readonly files?: FileHooks;
  readonly system?: System;
  readonly luaPath?: string;
}

export class TestEngine {
  readonly engine: LuaEngine;
  readonly log: RecordLog;
  readonly options: Options;
  readonly #luaPath: string;

  private constructor(engine: LuaEngine, log: RecordLog, options: Options, luaPath: string) {
    this.engine = engine;
    this.log = log;
    this.options = options;
    this.#luaPath = luaPath;
  }

  static async start(settings: EngineSettings = {}): Promise<TestEngine> {
    const log = new RecordLog();
    const options = createOptions();
    for (const [name, text] of Object.entries(settings.options ?? {})) {
      const outcome = options.set(name, text, 'spec');
      if (outcome.kind !== 'set') throw new Error(`option ${name}: ${outcome.kind}`);
    }
    const engine = await createLuaEngine({
      log,
      clock: settings.clock ?? systemClock,
      options,
      modules: settings.modules ?? [],
      behind: settings.behind,
      libLuaDirectory,
      files: settings.files ?? { onPath() {} },
      ...(settings.system && { system: settings.system }),
    });
    return new TestEngine(engine, log, options, settings.luaPath ?? '');
  }

  /** Compiles a policy; throws its message when that fails. */
  async load(source: string | PolicyOrigin): Promise<LuaPolicy> {
    const loaded = await loadPolicy(
      this.engine,
      typeof source === 'string' ? { source, name: 'test.lua' } : source,
      { revision: 1, luaPath: this.#luaPath, libLuaDirectory },
    );
    if (loaded.kind === 'failed') throw new Error(loaded.message);
    return loaded.policy;
  }

  /** An instance of a policy; `id` is in its log lines. */
  async open(policy: LuaPolicy | string, id = 'session', session?: SessionView): Promise<PolicyInstance> {
    const loaded = typeof policy === 'string' ? await this.load(policy) : policy;
    const opened = await loaded.open({
      session: session as SessionView,
      options: this.options,
      log: this.log.child({ id }),
    });
    if (opened.kind === 'failed') throw new Error(`file level failed: ${JSON.stringify(opened.outcome)}`);
    return opened.instance;
  }

  /** Runs Lua text in a new connection and gives its values. */
  async eval(source: string, policy = ''): Promise<readonly unknown[]> {
    const instance = await this.open(policy);
    try {
      const outcome = await instance.run(source, '=spec');
      if (outcome.kind !== 'returned') throw new Error(describe(outcome));
      return outcome.values;
    } finally {
      instance.close();
    }
  }
}

export function describe(outcome: HookOutcome): string {
  return 'message' in outcome ? `${outcome.kind}: ${outcome.message}` : outcome.kind;
}

/** Calls a hook and gives the reply; throws when it did not return. */
export async function reply(instance: PolicyInstance, hook: HookName, ...args: string[]): Promise<string> {
  const outcome = await instance.call(hook, args);
  if (outcome.kind !== 'returned') throw new Error(describe(outcome));
  return outcome.reply ?? '';
}
