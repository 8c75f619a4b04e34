// Every Lua module, with nobody to talk to: DNS has no answer, next hops cannot be reached, there is no spool file.
import type { Resolver } from '../../src/dns/resolver-api.ts';
import type { Mailer } from '../../src/forward/delivery.ts';
import type { ModuleSpec } from '../../src/lua/function-spec.ts';
import { createModules } from '../../src/modules/index.ts';
import { systemClock } from '../../src/ops/clock.ts';
import { Services } from '../../src/service/services.ts';

export function allModules(
  parts: { readonly resolver?: Resolver; readonly mailer?: Mailer } = {},
): readonly ModuleSpec[] {
  const nobody = (): never => {
    throw new Error('this spec has nobody to talk to');
  };
  const resolver: Resolver = parts.resolver ?? {
    query: nobody,
    reverse: nobody,
    confirms: nobody,
    addresses: async () => [],
    close() {},
  };
  return createModules({
    hostName: 'mx.example.com',
    resolver,
    mailer: parts.mailer ?? { deliver: nobody, close() {} },
    services: new Services({ clock: systemClock, resolver }),
    spool: { find: () => undefined },
    nextId: () => '0123456789abcdef00',
  });
}
