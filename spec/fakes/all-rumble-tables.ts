// Every table of Rumble's scripts, with nobody to talk to.
import { closedAccounts } from '../../src/accounts/place.ts';
import { systemClock } from '../../src/base/clock.ts';
import { nobodysServer } from '../../src/compat/rumble/server-view.ts';
import { rumbleTables } from '../../src/compat/rumble/tables.ts';
import type { ModuleSpec } from '../../src/lua-api/module-spec.ts';
import { realSystem } from '../../src/ops/system.ts';

export function allRumbleTables(): readonly ModuleSpec[] {
  const nobody = (): never => {
    throw new Error('this spec has nobody to talk to');
  };
  return rumbleTables({
    ...{ resolver: { query: nobody, addresses: async () => [] }, system: realSystem },
    mailman: { accounts: closedAccounts('nobody'), clock: systemClock, nextId: nobody, forward: nobody },
    server: nobodysServer,
  });
}
