// Every Lua module, with nobody to talk to: DNS has no answer, next hops cannot be reached, there is no spool file.

import { systemClock, systemRandom } from '../../src/base/clock.ts';
import { RecordLog } from '../../src/bench/ports/record-log.ts';
import type { Mailer } from '../../src/delivery/port/delivery.ts';
import type { Resolver } from '../../src/dns/resolver-api.ts';
import type { ModuleSpec } from '../../src/lua-api/module-spec.ts';
import { createModules } from '../../src/modules/index.ts';
import { PolicyMetrics } from '../../src/observe/metric/policy-metrics.ts';
import { createServices } from '../../src/service/services.ts';

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
    clock: systemClock,
    random: systemRandom,
    log: new RecordLog(),
    hostName: 'mx.example.com',
    resolver,
    mailer: parts.mailer ?? { deliver: nobody, open: nobody, close() {} },
    services: createServices({ clock: systemClock, resolver }),
    stores: { has: () => true, open: nobody, close: async () => undefined },
    mailUsers: { user: nobody },
    maildir: { store: nobody, look: nobody },
    spool: { find: () => undefined },
    metrics: new PolicyMetrics(),
    nextId: () => '0123456789abcdef00',
  });
}
