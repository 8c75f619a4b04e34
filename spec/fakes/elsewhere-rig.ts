// An engine with all modules and those of lib-lua/compat, on the real network of loopback: for specs of scripts from elsewhere.
import { systemClock } from '../../src/base/clock.ts';
import type { Resolver } from '../../src/dns/resolver-api.ts';
import { createLibraryModule } from '../../src/modules/library/library.ts';
import { createServices } from '../../src/service/services.ts';
import { allModules } from './all-modules.ts';
import { TestEngine } from './lua-engine.ts';

/** Names that have an address; everything else has none. */
export function namesFrom(hosts: Readonly<Record<string, readonly string[]>>): Resolver {
  const nobody = (): never => {
    throw new Error('this spec asks no name server');
  };
  return {
    query: nobody,
    confirms: async () => false,
    reverse: async (address) => Object.entries(hosts).find(([, list]) => list.includes(address))?.[0],
    addresses: async (host) => hosts[host] ?? [],
    close() {},
  };
}

export interface ElsewhereSettings {
  readonly options?: Readonly<Record<string, string>>;
  readonly hosts?: Readonly<Record<string, readonly string[]>>;
  readonly luaPath?: string;
}

export async function startElsewhere(settings: ElsewhereSettings = {}): Promise<TestEngine> {
  const resolver = namesFrom(settings.hosts ?? {});
  const services = createServices({ clock: systemClock, resolver });
  return TestEngine.start({
    modules: allModules({ resolver }),
    behind: createLibraryModule({ clock: systemClock, resolver, services }),
    options: settings.options ?? {},
    ...(settings.luaPath !== undefined && { luaPath: settings.luaPath }),
  });
}

/** Lua that gives `log`, which a script fills with `show(...)`, as lines; long values are cut. */
export const shown = (script: string): string => `
local lines = {}
local function show(...)
  local parts = {}
  for i = 1, select('#', ...) do parts[i] = (tostring((select(i, ...))):sub(1, 200)) end
  lines[#lines + 1] = table.concat(parts, ' ')
end
${script}
return table.concat(lines, '\\n')`;

export async function linesOf(engine: TestEngine, script: string): Promise<readonly string[]> {
  const [text] = await engine.eval(shown(script));
  return String(text).split('\n');
}
