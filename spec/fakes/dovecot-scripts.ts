// Authentication scripts of Dovecot in an engine of their own, without a server around them.
import { join } from 'node:path';
import { systemClock, systemRandom } from '../../src/base/clock.ts';
import { RecordLog } from '../../src/bench/ports/record-log.ts';
import { AuthScripts } from '../../src/compat/dovecot/auth-scripts.ts';
import { Dicts } from '../../src/compat/dovecot/dict/dicts.ts';
import { createDovecotEngine } from '../../src/compat/dovecot/engine.ts';
import type { Resolver } from '../../src/dns/resolver-api.ts';
import type { LuaEngine } from '../../src/lua/engine.ts';
import { realSystem } from '../../src/ops/system.ts';
import { createOptions } from '../../src/options/option-set.ts';
import type { Options } from '../../src/options/options.ts';
import { createServices } from '../../src/service/services.ts';
import type { AuthAnswer, AuthQuestion } from '../../src/users/auth-source.ts';
import type { RecipientAnswer } from '../../src/users/recipient-source.ts';

const libLuaDirectory = join(import.meta.dirname, '../../lib-lua');

/** Knows no name. */
const resolver = {
  addresses: () => Promise.resolve([]),
  reverse: () => Promise.resolve(undefined),
} as unknown as Resolver;

export interface ScriptsRig {
  readonly scripts: AuthScripts;
  readonly log: RecordLog;
  readonly options: Options;
  readonly engine: () => LuaEngine | undefined;
  /** Asks about a log-in. */
  verify(user: string, password: string, about?: Partial<AuthQuestion>): Promise<AuthAnswer>;
  look(address: string, about?: { readonly user?: string }): Promise<RecipientAnswer>;
  close(): void;
}

export type Started = ScriptsRig | { readonly problem: string };

/** `sources`: scripts by the path that the option names. */
export async function startScripts(
  sources: Readonly<Record<string, string>>,
  given: Readonly<Record<string, string>> = {},
): Promise<Started> {
  const log = new RecordLog();
  const options = createOptions({ 'auth-script': Object.keys(sources).join(' '), ...given });
  const services = createServices({ clock: systemClock, resolver });
  const dicts = new Dicts({ clock: systemClock, random: systemRandom, log, resolver, options });
  let engine: LuaEngine | undefined;
  const scripts = new AuthScripts({
    ...{ clock: systemClock, log, libLuaDirectory },
    createEngine: async (passwords, its) => {
      engine = await createDovecotEngine({
        ...{ clock: systemClock, random: systemRandom, log, hostName: 'mx.example.test', libLuaDirectory },
        ...{
          resolver,
          services,
          dicts,
          system: realSystem,
          passwords,
          options: its,
          onBroken: () => undefined,
        },
      });
      return engine;
    },
  });
  const texts = Object.entries(sources).map(([path, text]) => ({ path, text, files: [], missing: [] }));
  const prepared = await scripts.prepare(options, texts);
  const close = (): void => {
    scripts.close();
    services.close();
    void dicts.close();
  };
  if (prepared.kind === 'failed') {
    close();
    return { problem: prepared.message };
  }
  prepared.take();
  const alive = new AbortController().signal;
  return {
    ...{ scripts, log, options, close, engine: () => engine },
    verify: (user, password, about = {}) =>
      scripts.verify(
        { user, password, authorize: '' },
        {
          ...{ values: options.values, session: 'SESS1', log, signal: alive },
          ...{ address: '192.0.2.7', port: 40001, realAddress: '192.0.2.7' },
          ...{ localAddress: '192.0.2.25', localPort: 25, secure: false, mechanism: 'PLAIN' },
          serverName: 'mx.example.test',
          ...about,
        },
      ),
    look: async (address, { user } = {}) =>
      scripts.recipients.look({
        ...{ address, user, domain: address.split('@')[1] ?? '', client: '192.0.2.7' },
        ...{ session: 'SESS1', values: options.values, log, signal: alive },
      }),
  };
}
