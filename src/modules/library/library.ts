// What the modules of lib-lua/compat are made of and no policy sees: they get it beside their name (lib-lua/runtime/chunks.lua). What policies
// may call of it is described on doc/scripts-from-elsewhere.md.
import type { Clock } from '../../base/clock.ts';
import type { Resolver } from '../../dns/resolver-api.ts';
import { luaModule, type ModuleSpec } from '../../lua-api/module-spec.ts';
import type { Services } from '../../service/services.ts';
import { digestFunctions } from './digests.ts';
import { jsonFunction } from './json.ts';
import { nameFunctions } from './names.ts';
import { streamClass, tcpFunctions } from './tcp.ts';
import { webFunction } from './web.ts';

export interface LibraryParts {
  readonly clock: Clock;
  readonly resolver: Resolver;
  readonly services: Services;
}

export function createLibraryModule({ clock, resolver, services }: LibraryParts): ModuleSpec {
  return luaModule({
    name: 'library',
    text: 'Functions behind the modules of lib-lua.',
    functions: [
      ...tcpFunctions(clock, services),
      webFunction(services),
      ...nameFunctions(resolver),
      ...digestFunctions,
      jsonFunction,
    ],
    classes: [streamClass],
  });
}
