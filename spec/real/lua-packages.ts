// Where spec/real/install-packages.sh unpacks Debian's Lua libraries: they are not installed, so that no other Lua of the machine finds them.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const root = process.env.SMTPE_TEST_LUA ?? '/opt/smtpe-test/lua';

export const luaPackages = {
  share: join(root, 'usr/share/lua'),
  /** Undefined when they are not there. */
  get libraries(): string | undefined {
    const lib = join(root, 'usr/lib');
    if (!existsSync(lib)) return undefined;
    const triple = readdirSync(lib).find((name) => existsSync(join(lib, name, 'lua')));
    return triple && join(lib, triple);
  },
};

/** What a real Lua needs to find them. */
export function luaPackageEnvironment(version: '5.1' | '5.4'): NodeJS.ProcessEnv {
  const { share, libraries = '' } = luaPackages;
  const path = `${share}/${version}/?.lua;${share}/${version}/?/init.lua`;
  const cpath = `${libraries}/lua/${version}/?.so`;
  return {
    ...{ PATH: process.env.PATH, TZ: 'UTC', LC_ALL: 'C', LD_LIBRARY_PATH: libraries },
    ...{ LUA_PATH: path, LUA_CPATH: cpath },
  };
}

/** Whether these files of them are there, relative to usr/share/lua/5.1. */
export const hasLuaFiles = (...files: readonly string[]): boolean =>
  luaPackages.libraries !== undefined &&
  files.every((file) => existsSync(join(luaPackages.share, '5.1', file)));
