// The Lua engine of Dovecot's scripts: no module of a policy is among their globals, the modules of lib-lua/compat are there to be required.
import type { Clock, RandomInteger } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Resolver } from '../../dns/resolver-api.ts';
import { createLuaEngine, type EnvironmentShape, type LuaEngine } from '../../lua/engine.ts';
import { smtpeModule } from '../../modules/smtpe.ts';
import { createUtilModule } from '../../modules/util/util.ts';
import type { Heartbeat } from '../../ops/heartbeat.ts';
import type { System } from '../../ops/system.ts';
import type { Options } from '../../options/options.ts';
import type { Services } from '../../service/services.ts';
import type { PasswordCheck } from '../../users/password/password-check.ts';
import type { Dicts } from './dict/dicts.ts';
import { dovecotFunctions } from './functions.ts';

export interface DovecotEngineParts {
  readonly clock: Clock;
  readonly random: RandomInteger;
  readonly log: Log;
  readonly hostName: string;
  readonly libLuaDirectory: string;
  readonly resolver: Resolver;
  readonly services: Services;
  readonly system: System;
  readonly passwords: PasswordCheck;
  readonly dicts: Dicts;
  readonly options: Options;
  readonly heartbeat?: Heartbeat;
  readonly onBroken: (reason: string) => void;
}

/** What lib-lua/compat is made of besides the functions behind it. */
const shape: EnvironmentShape = { tables: [], fieldsModule: undefined, hidden: ['util', 'smtpe'] };

export function createDovecotEngine(parts: DovecotEngineParts): Promise<LuaEngine> {
  const { clock, heartbeat, hostName, libLuaDirectory, log, onBroken, options, random, system } = parts;
  return createLuaEngine({
    ...{ log, clock, options, libLuaDirectory, system, onBroken, shape },
    modules: [createUtilModule({ clock, random }), smtpeModule(hostName)],
    behind: dovecotFunctions({
      ...parts,
      environment: (name) => system.environment.get(name),
      caller: 'auth-script',
    }),
    files: { onPath: () => undefined },
    ...(heartbeat && { heartbeat }),
  });
}
