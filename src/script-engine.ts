// The Lua engine that policies run in, with everything that is registered in it: the modules, the tables and functions that scripts from elsewhere count on.
// What an engine does reaches the outside by the ports that it is given only.
import type { Clock } from './base/clock.ts';
import type { Log } from './base/log.ts';
import type { AuthScripts } from './compat/dovecot/auth-scripts.ts';
import { dovecotFunctions } from './compat/dovecot/functions.ts';
import type { PushScripts } from './compat/dovecot/push/push-scripts.ts';
import type { MailmanParts } from './compat/rumble/mailman-call.ts';
import type { ServerView } from './compat/rumble/server-view.ts';
import { rumbleFunctions, rumbleTables } from './compat/rumble/tables.ts';
import { libLuaDirectory } from './installed.ts';
import {
  createLuaEngine,
  type EnvironmentShape,
  type LineWatcher,
  type LuaEngine,
  usualShape,
} from './lua/engine.ts';
import type { ModuleSpec } from './lua-api/module-spec.ts';
import type { SpoolStore } from './message/spool.ts';
import { createModules } from './modules/index.ts';
import type { PolicyMetrics } from './observe/metric/policy-metrics.ts';
import type { Heartbeat } from './ops/heartbeat.ts';
import type { Options } from './options/options.ts';
import type { Ports } from './ports.ts';
import type { SessionIds } from './smtp/server/session-id.ts';

/** What a policy finds of its own; `dovecot` is loaded when it is named. */
const policyShape: EnvironmentShape = { ...usualShape, libraries: { dovecot: 'dovecot.policy' } };

const shapeWith = (hidden: readonly ModuleSpec[] = []): EnvironmentShape => ({
  ...policyShape,
  hidden: [...(policyShape.hidden ?? []), ...hidden.map(({ name }) => name)],
});

/** What an engine has besides, for whoever runs other scripts in it than policies. */
export interface EngineExtras {
  /** That only the modules of lib-lua get. */
  readonly hidden: readonly ModuleSpec[];
  readonly watchLine: LineWatcher;
  /** By which processor time is measured where the clock of the ports is no real one. */
  readonly processor: Pick<Clock, 'monotonic'>;
}

/** A Lua engine and the API that is registered in it. */
export interface ScriptEngine {
  readonly engine: LuaEngine;
  readonly modules: readonly ModuleSpec[];
}

/** Of the process, and the same for each of its engines. */
export interface EngineParts {
  readonly options: Options;
  readonly log: Log;
  readonly hostName: string;
  readonly spools: SpoolStore;
  readonly ids: SessionIds;
  readonly authScripts: Pick<AuthScripts, 'passwords'>;
  readonly pushScripts: PushScripts;
  readonly mailman: MailmanParts;
  readonly serverView: ServerView;
  readonly heartbeat?: Heartbeat | undefined;
  readonly extras?: EngineExtras | undefined;
}

/** `onBroken`: told when it cannot go on. `metrics`: what policies declare and count in it. */
export async function createScriptEngine(
  parts: EngineParts,
  its: Ports,
  onBroken: (reason: string) => void,
  metrics: PolicyMetrics,
): Promise<ScriptEngine> {
  const { authScripts, extras, heartbeat, hostName, ids, log, mailman, options, pushScripts } = parts;
  const { serverView, spools } = parts;
  const api = createModules({
    ...{
      clock: its.clock,
      random: its.random,
      log,
      hostName,
      resolver: its.resolver,
      services: its.services,
      stores: its.stores,
      mailer: its.mailer,
      mailUsers: its.mailUsers,
      maildir: its.maildir,
      watch: pushScripts,
    },
    spool: spools,
    placeOf: its.system.disk.placeOf,
    metrics,
    nextId: () => ids.next(),
  });
  const itsMailman = { ...mailman, accounts: its.accounts };
  const tables = rumbleTables({ ...its, mailman: itsMailman, server: serverView });
  const hidden = [...tables, ...(extras?.hidden ?? [])];
  const modules = [...api, ...hidden];
  const usual = dovecotFunctions({
    ...its,
    passwords: authScripts.passwords,
    environment: (name) => its.system.environment.get(name),
    caller: 'policy',
  });
  const behind = { ...usual, functions: [...usual.functions, ...rumbleFunctions(tables, itsMailman)] };
  const engine = await createLuaEngine({
    ...{ behind, shape: shapeWith(hidden) },
    ...{ log, clock: its.clock, options, modules, libLuaDirectory, system: its.system, onBroken },
    // A policy that opens the message by its name must find it there.
    files: { onPath: (path) => spools.open(path) },
    ...(heartbeat && { heartbeat }),
    ...(extras && { watchLine: extras.watchLine, processor: extras.processor }),
  });
  return { engine, modules: api };
}
