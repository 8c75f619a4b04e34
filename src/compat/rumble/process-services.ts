// The services of this process by the names of Rumble: `smtp`, `mailman`, and those of scripts by their ports. An order is carried out here first,
// then the other processes of the service are told.
import type { Controlled, Order, ServiceState, Services } from './controlled.ts';
import { orders } from './controlled.ts';

/** What all processes are to do. */
export interface ServiceOrder {
  readonly name: string;
  readonly state: ServiceState;
  readonly listeners: readonly string[];
}

export class ProcessServices implements Services {
  readonly #find: (name: string) => Controlled | undefined;
  readonly #queues = new Map<string, Promise<void>>();
  /** Tells the other processes; undefined: there are none. */
  tell: ((order: ServiceOrder) => void) | undefined;

  constructor(find: (name: string) => Controlled | undefined) {
    this.#find = find;
  }

  find(name: string): Controlled | undefined {
    return this.#find(name);
  }

  order(order: Order, name: string): Promise<void> {
    const { from, to } = orders[order];
    return this.#inTurn(name, async (service) => {
      if (!(from as readonly ServiceState[]).includes(service.state)) return;
      await service.change(to);
      if (service.state === to) this.tell?.({ name, state: to, listeners: service.listeners });
    });
  }

  /** Another process was ordered. */
  follow({ name, state }: Omit<ServiceOrder, 'listeners'>): Promise<void> {
    return this.#inTurn(name, async (service) => {
      if (service.state !== state) await service.change(state);
    });
  }

  /** One change of a service after the other. */
  #inTurn(name: string, change: (service: Controlled) => Promise<void>): Promise<void> {
    const service = this.#find(name);
    if (service === undefined) return Promise.resolve();
    const turn = (this.#queues.get(name) ?? Promise.resolve()).then(() => change(service));
    this.#queues.set(name, turn);
    return turn.finally(() => {
      if (this.#queues.get(name) === turn) this.#queues.delete(name);
    });
  }
}
