// What the functions of the Lua module `service` share: the clients of the process, and what each connection has started.
import type { CallContext, Slot } from '../lua/call-context.ts';
import type { SpoolDirectory } from '../message/stored-message.ts';
import { Jobs } from '../service/jobs.ts';
import type { Services } from '../service/services.ts';

export interface ServiceDependencies {
  readonly services: Services;
  readonly spool: SpoolDirectory;
  /** Makes the id of an HTTP request, 18 characters like a session id. */
  readonly nextId: () => string;
}

const slots = new WeakMap<Services, Slot<Jobs>>();

/** One slot for each set of clients: the hook that started something also ends it. */
function slotOf(services: Services): Slot<Jobs> {
  let slot = slots.get(services);
  if (slot === undefined) {
    slot = {
      name: 'service',
      create: () => new Jobs(services.clock),
      endOfHook: (jobs) => jobs.reset(),
      dispose: (jobs) => jobs.reset(),
    };
    slots.set(services, slot);
  }
  return slot;
}

/** What the connection of this call has started. */
export function jobsOf(services: Services, context: CallContext): Jobs {
  return context.slot(slotOf(services));
}
