// The helpers of lib-lua/smtpe in policies of a whole app, over two stores in memory: the first, which can fail, and the one of this machine.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type App, createApp } from '../../src/app.ts';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import { RecordLog } from '../../src/bench/ports/record-log.ts';
import { libLuaDirectory } from '../../src/installed.ts';
import { createOptions, type GivenTexts } from '../../src/options/option-set.ts';
import type { PolicyInstance } from '../../src/policy/instance.ts';
import { loadPolicy } from '../../src/policy/loader.ts';
import type { SessionView } from '../../src/policy/session-view.ts';
import { openEmbedded } from '../../src/store/embedded/open-embedded.ts';
import type { Store } from '../../src/store/store.ts';

export interface HelperSettings {
  readonly clock?: Clock;
  readonly options?: GivenTexts;
  /** Instead of the first store in memory. */
  readonly store?: Store;
  /** The first store answers later, as one on another machine does. */
  readonly answersLater?: boolean;
}

/** A store whose calls do what they do, and answer, in a later turn. */
function later(store: Store): Store {
  return new Proxy(store, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function' || name === 'state' || name === 'close') return method;
      return (...args: readonly unknown[]) =>
        new Promise((resolve) => {
          setImmediate(() => resolve(method.apply(target, args)));
        });
    },
  });
}

export class HelperRig {
  /** The first store is answered for by nobody. */
  isDown = false;
  /** How often a store was asked for: once a call. */
  calls = 0;
  readonly log = new RecordLog();
  #app: App | undefined;
  #directory = '';
  readonly #stores: Store[] = [];

  static async start({
    clock = systemClock,
    options: texts = {},
    store,
    answersLater = false,
  }: HelperSettings = {}): Promise<HelperRig> {
    const rig = new HelperRig();
    const { log } = rig;
    const options = createOptions({ 'host-name': 'mx.example', 'dns-servers': '127.0.0.1:9', ...texts });
    rig.#directory = await mkdtemp(join(tmpdir(), 'smtpe-helpers-'));
    const memory = async (name: string): Promise<Store> => {
      const path = async (): Promise<string> => join(rig.#directory, name);
      const opened = await openEmbedded(
        name,
        { kind: 'memory' },
        {
          ...{ clock, log, options, random: () => 1, resolver: { addresses: async () => [] } },
          memory: { path, close: async () => undefined },
        },
      );
      if (opened.kind === 'refused') throw new Error(opened.problem);
      rig.#stores.push(opened.store);
      return opened.store;
    };
    const own = store ?? (await memory('first'));
    const first = answersLater ? later(own) : own;
    const near = await memory('local');
    const stores = {
      has: () => true,
      open: (name: string) => {
        rig.calls++;
        if (name === 'local') return { kind: 'open', store: near } as const;
        return rig.isDown
          ? ({ kind: 'refused', problem: 'down' } as const)
          : ({ kind: 'open', store: first } as const);
      },
      close: async () => undefined,
    };
    rig.#app = await createApp({ options, log, onBroken() {} }, { clock, stores });
    return rig;
  }

  /** A policy of its own; to be closed. */
  async open(): Promise<PolicyInstance> {
    if (this.#app === undefined) throw new Error('not started');
    const { engine, options } = this.#app;
    const loaded = await loadPolicy(
      engine,
      { source: '', name: 'helper.lua' },
      { revision: 1, luaPath: '', libLuaDirectory },
    );
    if (loaded.kind === 'failed') throw new Error(loaded.message);
    const owner = { session: undefined as unknown as SessionView, options: options.fork(), log: this.log };
    const opened = await loaded.policy.open(owner);
    if (opened.kind === 'failed') throw new Error('not opened');
    return opened.instance;
  }

  /** Runs Lua in a policy of its own; its values. Throws its error. */
  async run(code: string): Promise<readonly unknown[]> {
    const instance = await this.open();
    try {
      const outcome = await instance.run(code, '=spec');
      if (outcome.kind !== 'returned') throw new Error('message' in outcome ? outcome.message : outcome.kind);
      return outcome.values;
    } finally {
      instance.close();
    }
  }

  async close(): Promise<void> {
    this.#app?.close();
    for (const store of this.#stores) await store.close();
    await rm(this.#directory, { recursive: true, force: true });
  }
}
