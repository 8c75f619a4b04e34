// What the scripts of one revision have asked for while their file levels ran: functions to be called at moments of SMTP sessions, in the order
// in which they asked.

import type { Log } from '../../base/log.ts';
import type { LuaRef } from '../../lua-api/value.ts';
import type { HookPlace, Registrar, ServiceWish } from './caller.ts';
import type { LoadScript } from './load-script.ts';
import { Service, type ServiceParts } from './service.ts';
import { ServiceCounts } from './service-counts.ts';
import type { ServiceDoor } from './service-door.ts';
import type { ServiceDoors } from './service-doors.ts';

/** A function that is called at a moment of a session. */
export interface HookRow {
  /** Whose it is; undefined while its file level runs. */
  readonly script: () => LoadScript | undefined;
  readonly func: LuaRef;
}

/** HELO and EHLO are one place. */
const placeOf = (command: string): string => (command === 'helo' ? 'ehlo' : command);

const none: readonly HookRow[] = [];

/** A service that a script has asked for, and its port; undefined where nothing is opened (a check). */
interface ServicePlace {
  readonly service: Service;
  readonly door: ServiceDoor | undefined;
  /** Nobody had the port before. */
  readonly isNew: boolean;
}

export interface RegistrationParts extends ServiceParts {
  /** This process is the first to run the scripts; the others are told that there is another. */
  readonly isFirst: boolean;
  readonly log: Log;
  /** Undefined: no port is opened. */
  readonly doors: ServiceDoors | undefined;
}

export class Registration {
  readonly #parts: RegistrationParts;
  readonly #services: ServicePlace[] = [];
  /** How many have asked for a free port. */
  #free = 0;
  /** For people. */
  readonly #named: { readonly path: string; readonly name: string }[] = [];
  readonly #accept: HookRow[] = [];
  readonly #close: HookRow[] = [];
  /** By command, in lower case; with those for every command, in the order of all. */
  readonly #commands: { readonly command: string | undefined; readonly row: HookRow }[] = [];
  readonly #byCommand = new Map<string, readonly HookRow[]>();

  constructor(parts: RegistrationParts) {
    this.#parts = parts;
  }

  /** For the script of that path. */
  of(path: string, script: () => LoadScript | undefined): Registrar {
    return {
      setHook: (func, place, command) => {
        this.#add({ script, func }, place, command);
        this.#named.push({ path, name: place === 'command' ? (command ?? place) : place });
        return this.#parts.isFirst;
      },
      createService: (func, port, threads) => this.#create({ path, script, func, port, threads }),
    };
  }

  async #create(asked: {
    readonly path: string;
    readonly script: () => LoadScript | undefined;
    readonly func: LuaRef;
    readonly port: number;
    readonly threads: number;
  }): Promise<ServiceWish> {
    const { func, path, port, script, threads } = asked;
    const { clock, doors, isFirst, log, options } = this.#parts;
    const name = String(port);
    if (port !== 0 && this.#services.some(({ service }) => service.row.name === name))
      return { kind: 'refused' };
    const found = await doors?.open(port, port === 0 ? this.#free++ : 0, options);
    if (found instanceof Error) {
      log.emit('load-script-warning', { warning: `${path}: service ${port}: ${found.message}` });
      return { kind: 'refused' };
    }
    const door = found?.door;
    const row = { name: door?.name ?? name, script, func, threads };
    const service = new Service(this.#parts, row, door?.counts ?? new ServiceCounts(clock));
    this.#services.push({ service, door, isNew: found?.isNew ?? false });
    this.#named.push({ path, name: `service ${row.name}` });
    if (found?.isNew === true) log.emit('script-service', { script: path, address: found.door.where });
    return { kind: 'created', isFirst };
  }

  /** Its services have the connections from now on. */
  serve(): void {
    const kept = new Set<ServiceDoor>();
    for (const { door, service } of this.#services) {
      if (door === undefined) continue;
      door.serve(service);
      kept.add(door);
    }
    this.#parts.doors?.keep(kept);
  }

  /** It is not served: ports that nobody had before are closed. */
  giveUp(): void {
    for (const { door, isNew } of this.#services) if (door && isNew) this.#parts.doors?.close(door);
  }

  /** Those who wait are let go; resolves when no connection is served. */
  async end(): Promise<void> {
    await Promise.all(this.#services.map(({ service }) => service.end()));
  }

  /** What runs ends now. */
  cut(): void {
    for (const { service } of this.#services) service.cut();
  }

  #add(row: HookRow, place: HookPlace, command: string | undefined): void {
    switch (place) {
      case 'accept':
        this.#accept.push(row);
        return;
      case 'close':
        this.#close.push(row);
        return;
      case 'command':
        this.#commands.push({ command: command && placeOf(command), row });
        this.#byCommand.clear();
    }
  }

  /** What a script has asked for, in its order. */
  namesOf(path: string): readonly string[] {
    return this.#named.flatMap((one) => (one.path === path ? [one.name] : []));
  }

  /** Those of a place; `command`: its verb in lower case. */
  at(place: HookPlace, command: string): readonly HookRow[] {
    switch (place) {
      case 'accept':
        return this.#accept;
      case 'close':
        return this.#close;
      case 'command':
        return this.#commands.length === 0 ? none : this.#atCommand(placeOf(command));
    }
  }

  #atCommand(command: string): readonly HookRow[] {
    const known = this.#byCommand.get(command);
    if (known !== undefined) return known;
    const rows = this.#commands
      .filter((one) => one.command === undefined || one.command === command)
      .map(({ row }) => row);
    // Verbs come from clients: only those that somebody has asked for are worth a place.
    if (this.#commands.some((one) => one.command === command)) this.#byCommand.set(command, rows);
    return rows;
  }
}
