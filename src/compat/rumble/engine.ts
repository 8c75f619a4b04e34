// The Lua engine of the scripts of option load-script: Rumble's tables are globals there, no module of a policy is; the modules of
// lib-lua/compat are there to be required.
import type { Clock, RandomInteger } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Resolver } from '../../dns/resolver-api.ts';
import { createLuaEngine, type EnvironmentShape, type LuaEngine } from '../../lua/engine.ts';
import { luaModule, type ModuleSpec } from '../../lua-api/module-spec.ts';
import { createLibraryModule } from '../../modules/library/library.ts';
import { smtpeModule } from '../../modules/smtpe.ts';
import { createUtilModule } from '../../modules/util/util.ts';
import type { Heartbeat } from '../../ops/heartbeat.ts';
import type { System } from '../../ops/system.ts';
import type { Options } from '../../options/options.ts';
import type { Services } from '../../service/services.ts';
import type { MailmanParts } from './mailman-call.ts';
import { sessionClass } from './session-class.ts';
import { rumbleFunctions } from './tables.ts';

export interface RumbleEngineParts {
  readonly clock: Clock;
  readonly random: RandomInteger;
  readonly log: Log;
  readonly hostName: string;
  readonly libLuaDirectory: string;
  readonly resolver: Resolver;
  readonly services: Services;
  readonly system: System;
  readonly options: Options;
  /** Those of tables.ts. */
  readonly tables: readonly ModuleSpec[];
  readonly mailman: MailmanParts;
  readonly heartbeat?: Heartbeat;
  readonly onBroken: (reason: string) => void;
}

/** What lib-lua/compat is made of besides the functions behind it. */
const shape: EnvironmentShape = { tables: [], fieldsModule: undefined, hidden: ['util', 'smtpe'] };

export function createRumbleEngine(parts: RumbleEngineParts): Promise<LuaEngine> {
  const { clock, heartbeat, hostName, libLuaDirectory, log, onBroken, options, random, system } = parts;
  const library = createLibraryModule(parts);
  return createLuaEngine({
    ...{ log, clock, options, libLuaDirectory, system, onBroken, shape },
    modules: [...parts.tables, createUtilModule({ clock, random }), smtpeModule(hostName)],
    behind: luaModule({
      ...library,
      functions: [...library.functions, ...rumbleFunctions(parts.tables, parts.mailman)],
      classes: [...library.classes, sessionClass],
    }),
    files: { onPath: () => undefined },
    ...(heartbeat && { heartbeat }),
  });
}
