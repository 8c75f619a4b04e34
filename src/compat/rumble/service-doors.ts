// The ports of all services of this process, by what scripts ask for: found again by the scripts of a reload, closed when nobody asks for them any
// more.
import { splitList } from '../../base/lists.ts';
import { onPort } from '../../net/listener.ts';
import { listenerPlaces } from '../../net/listener-row.ts';
import type { Options } from '../../options/options.ts';
import { type DoorParts, ServiceDoor } from './service-door.ts';

const EVERY: readonly (string | undefined)[] = [undefined, '0.0.0.0', '::'];

/** Why the port cannot be had: SMTP is going to listen there, and could not any more. */
function listensItself(options: Options, addresses: readonly string[], port: number): string | undefined {
  if (port === 0) return undefined;
  const wanted = addresses.length === 0 ? [undefined] : addresses;
  for (const { addresses: its, name } of listenerPlaces(options)) {
    const meets = its.some(
      ({ address: own, port: at = its[0]?.port }) =>
        at === port && wanted.some((one) => one === own || EVERY.includes(one) || EVERY.includes(own)),
    );
    if (meets)
      return `SMTP listens there itself (${name === '' ? 'smtp-server-port or smtp-listen' : `listener ${name}`})`;
  }
  return undefined;
}

export class ServiceDoors {
  readonly #parts: DoorParts;
  readonly #doors = new Map<string, ServiceDoor>();

  constructor(parts: DoorParts) {
    this.#parts = parts;
  }

  get all(): Iterable<ServiceDoor> {
    return this.#doors.values();
  }

  /** By the name that scripts know it by. */
  find(name: string): ServiceDoor | undefined {
    for (const door of this.#doors.values()) if (door.name === name) return door;
    return undefined;
  }

  /**
   * The door of a port, open; the `nth` of those that ask for a free one. `isNew`: nobody had it before. A failure is the system's.
   */
  async open(
    port: number,
    nth: number,
    options: Options,
  ): Promise<{ readonly door: ServiceDoor; readonly isNew: boolean } | Error> {
    const addresses = splitList(options.values['rumble-service-address']);
    const key = `service ${addresses.join(' ')} ${port === 0 ? `0/${nth}` : port}`;
    const known = this.#doors.get(key);
    if (known !== undefined) return { door: known, isNew: false };
    const taken = listensItself(options, addresses, port);
    if (taken !== undefined) return new Error(taken);
    const door = new ServiceDoor(this.#parts, options, key, onPort(addresses, port));
    const failure = await door.open();
    if (failure !== undefined) return failure;
    this.#doors.set(key, door);
    return { door, isNew: true };
  }

  /** Closes what is not among these. */
  keep(kept: ReadonlySet<ServiceDoor>): void {
    for (const door of [...this.#doors.values()]) if (!kept.has(door)) this.close(door);
  }

  close(door: ServiceDoor): void {
    this.#doors.delete(door.key);
    door.giveUp();
    void door.close();
  }
}
