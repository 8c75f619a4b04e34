// What the functions of the Lua module `service` share: the clients of the process, and what each connection has started.
import type { Clock } from '../../base/clock.ts';
import type { CallContext, Slot } from '../../lua-api/call-context.ts';
import type { SpoolDirectory } from '../../message/stored-message.ts';
import type { Services } from '../../service/services.ts';
import { Jobs } from './jobs.ts';

export interface ServiceDependencies {
  readonly clock: Clock;
  readonly services: Services;
  readonly spool: SpoolDirectory;
  /** Makes the id of an HTTP request, 18 characters like a session id. */
  readonly nextId: () => string;
}

const slots = new WeakMap<ServiceDependencies, Slot<Jobs>>();

/** One slot for each module made: the hook that started something also ends it. */
function slotOf(dependencies: ServiceDependencies): Slot<Jobs> {
  let slot = slots.get(dependencies);
  if (slot === undefined) {
    slot = {
      name: 'service',
      create: () => new Jobs(dependencies.clock),
      endOfHook: (jobs) => jobs.reset(),
      dispose: (jobs) => jobs.reset(),
    };
    slots.set(dependencies, slot);
  }
  return slot;
}

/** What the connection of this call has started. */
export function jobsOf(dependencies: ServiceDependencies, context: CallContext): Jobs {
  return context.slot(slotOf(dependencies));
}
