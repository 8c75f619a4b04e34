// The natives behind lib-lua/runtime/system.lua: what os and io need of the machine.
import { randomBytes } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { type CallEnvironment, functionNative } from './call-functions.ts';
import type { Core } from './core.ts';
import { systemErrno, wasiErrno } from './errno.ts';
import { LuaError } from './function-spec.ts';
import type { Native } from './natives.ts';
import { popenFunction } from './pipe.ts';
import { executeFunction } from './processes.ts';
import type { RealFiles } from './real-files.ts';
import { type State, Type } from './wasm-api.ts';

export function systemNatives(
  core: Core,
  env: CallEnvironment,
  files: RealFiles,
  onPath: (path: string) => void,
): Record<string, Native> {
  const { api, bridge } = core;
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
    execute: withPaths(functionNative(env, 'os.execute', executeFunction)),
    popen: withPaths(functionNative(env, 'io.popen', popenFunction)),
    /** exit(): never ends the process. */
    exit: () => {
      env.caller().context.log.write('err', 'the policy called os.exit, which is refused');
      throw new LuaError(
        'os.exit: a policy cannot end the process; return a drop flag to end the connection',
      );
    },
    getenv: (L) => {
      const value = process.env[Buffer.from(bridge.pullString(L, 1), 'latin1').toString('utf8')];
      bridge.push(L, value === undefined ? undefined : Buffer.from(value, 'utf8'));
      return 1;
    },
    /** clock() -> seconds of processor time of the process */
    clock: (L) => {
      const { user, system } = process.cpuUsage();
      api.lua_pushnumber(L, (user + system) / 1_000_000);
      return 1;
    },
    /** tmpname() -> a file that did not exist and now does, empty and private */
    tmpname: (L) => {
      bridge.push(L, makeTemporary());
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
    /** track(): this connection opens files. */
    track: (L) => trackFiles(core, L),
  };
}

/** The words of a shell command that may be paths, quotes taken off. */
export function pathsIn(command: string): readonly string[] {
  return command.split(/[\s'"`;|&<>(){}$=]+/).filter((word) => word.includes('/'));
}

function trackFiles(core: Core, _L: State): number {
  core.running?.environment.opensFiles();
  return 0;
}

function makeTemporary(): string {
  for (let attempt = 0; ; attempt++) {
    const name = `/tmp/lua_${randomBytes(6).toString('hex')}`;
    try {
      closeSync(openSync(name, 'wx', 0o600));
      return name;
    } catch (error) {
      if (attempt >= 10 || wasiErrno(error) !== 20)
        throw new LuaError('unable to generate a unique filename');
    }
  }
}
