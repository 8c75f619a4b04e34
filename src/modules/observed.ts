// How a lazy field of the API shows what is observed of the message being received (message/observer-table.ts).

import type { CallContext } from '../lua-api/call-context.ts';
import type { Suspension } from '../lua-api/function-spec.ts';
import type { LiveTable } from '../lua-api/value.ts';
import type { ObserverKey } from '../message/observer-table.ts';
import { sessionOf } from '../policy/session-view.ts';

/** The table of a key: at once, or when what came before has been read again. An empty one where there is no session. */
export function observed(context: CallContext, key: ObserverKey): LiveTable | Suspension {
  const create = (): LiveTable => context.createLiveTable();
  const session = sessionOf(context);
  if (session === undefined) return create();
  const table = session.observe(key, create);
  if (!(table instanceof Promise)) return table;
  return {
    kind: 'suspension',
    describe: () => `${key} (reading the stored message)`,
    done: table.then((filled) => [filled]),
    // The reading ends by itself, or when the session closes its observers.
    cancel() {},
  };
}
