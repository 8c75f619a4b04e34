// The natives behind lib-lua/runtime/system.lua: what os and io need of the machine.
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { LuaError } from '../../lua-api/function-spec.ts';
import type { Disk, System } from '../../ops/system.ts';
import type { Core } from '../run/core.ts';
import { type CallEnvironment, functionNative } from '../state/call-functions.ts';
import type { Native } from '../state/natives.ts';
import { type State, Type } from '../state/wasm-api.ts';
import { commandStarter, executeFunction } from './commands.ts';
import { systemErrno, wasiErrno } from './errno.ts';
import { type FileSurroundings, fileFunctions } from './file-natives.ts';
import { popenFunction } from './pipe.ts';
import type { RealFiles } from './real-files.ts';

export function systemNatives(
  core: Core,
  env: CallEnvironment,
  files: RealFiles,
  onPath: (path: string) => void,
  system: System,
): Record<string, Native> {
  const { disk, environment, processes } = system;
  const { api, bridge } = core;
  const start = commandStarter(processes);
  /** A command may look at any file that its text names. */
  const withPaths = (native: Native): Native => {
    return (L) => {
      if (api.lua_type(L, 1) === Type.string)
        for (const path of pathsIn(bridge.pullString(L, 1))) onPath(path);
      return native(L);
    };
  };
  return {
    /** execute(command): suspends */
    execute: withPaths(functionNative(env, 'os.execute', executeFunction(start))),
    popen: withPaths(functionNative(env, 'io.popen', popenFunction(start))),
    /** exit(): never ends the process. */
    exit: () => {
      env.caller().context.log.emit('policy-exit', {});
      throw new LuaError(
        'os.exit: a policy cannot end the process; return a drop flag to end the connection',
      );
    },
    getenv: (L) => {
      const value = environment.get(Buffer.from(bridge.pullString(L, 1), 'latin1').toString('utf8'));
      bridge.push(L, value === undefined ? undefined : Buffer.from(value, 'utf8'));
      return 1;
    },
    /** clock() -> seconds of processor time */
    clock: (L) => {
      api.lua_pushnumber(L, system.processorSeconds());
      return 1;
    },
    /** random_seed() -> what the math.random of this connection begins with; told, as a policy that draws lots is to draw the same ones in a replay */
    random_seed: (L) => {
      const seed = system.randomSeed();
      const { log } = env.caller().context;
      if (log.wants('answer-given'))
        log.emit('answer-given', { of: 'random', key: 'seed', answer: String(seed) });
      bridge.push(L, seed);
      return 1;
    },
    /** tmpname() -> a file that did not exist and now does, empty and private */
    tmpname: (L) => {
      bridge.push(L, makeTemporary(disk));
      return 1;
    },
    /** open_problem() -> why the last file was not opened, or nil when the error of the C library says it */
    open_problem: (L) => {
      bridge.push(L, files.problem);
      files.problem = undefined;
      return 1;
    },
    /** errno(number of the C library) -> number of the system */
    errno: (L) => {
      const number = api.lua_tonumberx(L, 1, 0);
      bridge.pushNumber(L, systemErrno.get(number) ?? number);
      return 1;
    },
    ...fileNatives(env, disk, {
      onPath,
      onChange: (path) => core.running?.environment.scripts.isData(path),
    }),
    /** track(): this connection opens files. */
    track: (L) => trackFiles(core, L),
  };
}

/** Those behind lfs, `file_attributes` and others. */
function fileNatives(env: CallEnvironment, disk: Disk, around: FileSurroundings): Record<string, Native> {
  const natives: Record<string, Native> = {};
  for (const spec of fileFunctions(disk, around))
    natives[`file_${spec.name}`] = functionNative(env, `lfs.${spec.name}`, spec);
  return natives;
}

/** The words of a shell command that may be paths, quotes taken off. */
function pathsIn(command: string): readonly string[] {
  return command.split(/[\s'"`;|&<>(){}$=]+/).filter((word) => word.includes('/'));
}

function trackFiles(core: Core, _L: State): number {
  core.running?.environment.opensFiles();
  return 0;
}

/** As `wx` of Node.js has it. */
const newFile = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_TRUNC;

function makeTemporary(disk: Disk): string {
  for (let attempt = 0; ; attempt++) {
    const name = `/tmp/lua_${randomBytes(6).toString('hex')}`;
    try {
      disk.close(disk.open(name, newFile, 0o600));
      return name;
    } catch (error) {
      if (attempt >= 10 || wasiErrno(error) !== 20)
        throw new LuaError('unable to generate a unique filename');
    }
  }
}
