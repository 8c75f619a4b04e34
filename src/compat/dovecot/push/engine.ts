// The Lua engine of mail and push scripts: that of Dovecot's scripts, and somebody's mail. They have one for themselves, so that one that hoards is
// no trouble for log-ins.
import { createLuaEngine, type EnvironmentShape, type LuaEngine } from '../../../lua/engine.ts';
import { smtpeModule } from '../../../modules/smtpe.ts';
import { createUtilModule } from '../../../modules/util/util.ts';
import type { DovecotEngineParts } from '../engine.ts';
import { dovecotFunctions } from '../functions.ts';
import { mailFunctions } from './mail-functions.ts';

/** What lib-lua/compat is made of besides the functions behind it. */
const shape: EnvironmentShape = { tables: [], fieldsModule: undefined, hidden: ['util', 'smtpe'] };

export function createMailEngine(parts: DovecotEngineParts): Promise<LuaEngine> {
  const { clock, heartbeat, hostName, libLuaDirectory, log, onBroken, options, random, system } = parts;
  const usual = dovecotFunctions({
    ...parts,
    environment: (name) => system.environment.get(name),
    caller: 'push-script',
  });
  return createLuaEngine({
    ...{ log, clock, options, libLuaDirectory, system, onBroken, shape },
    modules: [createUtilModule({ clock, random }), smtpeModule(hostName)],
    behind: { ...usual, functions: [...usual.functions, ...mailFunctions] },
    files: { onPath: () => undefined },
    ...(heartbeat && { heartbeat }),
  });
}
