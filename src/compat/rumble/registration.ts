// What the scripts of one revision have asked for while their file levels ran: functions to be called at moments of SMTP sessions, in the order
// in which they asked.
import type { LuaRef } from '../../lua-api/value.ts';
import type { HookPlace, Registrar } from './caller.ts';
import type { LoadScript } from './load-script.ts';

/** A function that is called at a moment of a session. */
export interface HookRow {
  /** Whose it is; undefined while its file level runs. */
  readonly script: () => LoadScript | undefined;
  readonly func: LuaRef;
}

/** HELO and EHLO are one place. */
const placeOf = (command: string): string => (command === 'helo' ? 'ehlo' : command);

const none: readonly HookRow[] = [];

export class Registration {
  /** This process is the first to run the scripts; the others are told that there is another. */
  readonly #isFirst: boolean;
  /** For people. */
  readonly #named: { readonly path: string; readonly name: string }[] = [];
  readonly #accept: HookRow[] = [];
  readonly #close: HookRow[] = [];
  /** By command, in lower case; with those for every command, in the order of all. */
  readonly #commands: { readonly command: string | undefined; readonly row: HookRow }[] = [];
  readonly #byCommand = new Map<string, readonly HookRow[]>();

  constructor(isFirst: boolean) {
    this.#isFirst = isFirst;
  }

  /** For the script of that path. */
  of(path: string, script: () => LoadScript | undefined): Registrar {
    return {
      setHook: (func, place, command) => {
        this.#add({ script, func }, place, command);
        this.#named.push({ path, name: place === 'command' ? (command ?? place) : place });
        return this.#isFirst;
      },
    };
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
