// Scripts of option load-script in an engine of their own, without a server around them.
import { join } from 'node:path';
import { type AccountsPort, closedAccounts } from '../../src/accounts/place.ts';
import { systemClock, systemRandom } from '../../src/base/clock.ts';
import { RecordLog } from '../../src/bench/ports/record-log.ts';
import { createRumbleEngine } from '../../src/compat/rumble/engine.ts';
import { LoadScripts } from '../../src/compat/rumble/load-scripts.ts';
import type { MailmanParts } from '../../src/compat/rumble/mailman-call.ts';
import { nobodysServer } from '../../src/compat/rumble/server-view.ts';
import { rumbleTables } from '../../src/compat/rumble/tables.ts';
import type { Resolver } from '../../src/dns/resolver-api.ts';
import type { LuaEngine } from '../../src/lua/engine.ts';
import { realSystem } from '../../src/ops/system.ts';
import { createOptions } from '../../src/options/option-set.ts';
import type { Options } from '../../src/options/options.ts';
import { createServices } from '../../src/service/services.ts';

const libLuaDirectory = join(import.meta.dirname, '../../lib-lua');

/** Knows no name. */
const nobody = {
  query: () => ({ answer: [] }),
  addresses: () => Promise.resolve([]),
  reverse: () => Promise.resolve(undefined),
} as unknown as Resolver;

const noAccounts: AccountsPort = { ...closedAccounts('none here'), isNamed: false };

export interface RumbleRig {
  readonly scripts: LoadScripts;
  readonly log: RecordLog;
  readonly options: Options;
  readonly engine: () => LuaEngine | undefined;
  close(): void;
}

export interface RumbleRigSettings {
  readonly options?: Readonly<Record<string, string>>;
  readonly resolver?: Resolver;
  readonly mailman?: Partial<MailmanParts>;
  /** Another process has run the scripts. */
  readonly isSecond?: boolean;
}

/** `sources`: scripts by the path that the option names. */
export async function startRumble(
  sources: Readonly<Record<string, string>>,
  { isSecond = false, mailman, options: given = {}, resolver = nobody }: RumbleRigSettings = {},
): Promise<RumbleRig | { readonly problem: string }> {
  const log = new RecordLog();
  const options = createOptions({ 'load-script': Object.keys(sources).join(' '), ...given });
  const services = createServices({ clock: systemClock, resolver });
  let engine: LuaEngine | undefined;
  const parts: MailmanParts = {
    ...{ accounts: mailman?.accounts ?? noAccounts, clock: mailman?.clock ?? systemClock },
    ...{ nextId: () => 'SENT1', forward: mailman?.forward ?? (() => Promise.reject(new Error('nobody'))) },
  };
  const scripts = new LoadScripts({
    ...{ clock: systemClock, log, libLuaDirectory, nextId: () => 'SERVICE1' },
    createEngine: async (its) => {
      engine = await createRumbleEngine({
        ...{ clock: systemClock, random: systemRandom, log, hostName: 'mx.example.test', libLuaDirectory },
        ...{ resolver, services, system: realSystem, options: its, onBroken: () => undefined },
        ...{
          mailman: parts,
          tables: rumbleTables({ resolver, system: realSystem, mailman: parts, server: nobodysServer }),
        },
      });
      return engine;
    },
  });
  const texts = Object.entries(sources).map(([path, text]) => ({ path, text, files: [], missing: [] }));
  const prepared = await scripts.prepare(options, texts, !isSecond);
  const close = (): void => {
    scripts.close();
    services.close();
  };
  if (prepared.kind === 'failed') {
    close();
    return { problem: prepared.message };
  }
  prepared.take();
  return { ...{ scripts, log, options, close }, engine: () => engine };
}
