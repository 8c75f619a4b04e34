// What functions of the API know about the script that calls them. Made when the first of them is called.
import type { Capabilities } from '../base/capability.ts';
import type { Log } from '../base/log.ts';
import type { CallContext, Operation, OperationGroup, Slot } from '../lua-api/call-context.ts';
import type { LiveTable } from '../lua-api/value.ts';
import type { Core } from './run/core.ts';
import type { Task } from './run/task.ts';

interface Held {
  readonly slot: Slot<unknown>;
  readonly value: unknown;
}

export class ScriptContext implements CallContext {
  readonly #core: Core;
  readonly #task: Task;
  /** Something must be told when the call has ended: no further call may follow in the same run. */
  readonly #endSoon: () => void;
  readonly #held: Held[] = [];
  readonly #live: LiveTable[] = [];
  readonly capabilities: Capabilities;
  readonly log: Log;

  constructor(core: Core, task: Task, about: { capabilities: Capabilities; log: Log }, endSoon: () => void) {
    this.#core = core;
    this.#task = task;
    this.#endSoon = endSoon;
    this.capabilities = about.capabilities;
    this.log = about.log;
  }

  slot<T>(slot: Slot<T>): T {
    if (slot.endOfHook !== undefined) this.#endSoon();
    for (const held of this.#held) if (held.slot === slot) return held.value as T;
    const value = slot.create(this);
    this.#held.push({ slot: slot as Slot<unknown>, value });
    return value;
  }

  operation(describe: () => string, group?: OperationGroup): Operation {
    return this.#task.begin(describe, group);
  }

  createLiveTable(): LiveTable {
    const table = this.#core.bridge.newTable();
    this.#live.push(table);
    return table;
  }

  /** A run has ended. */
  ended(): void {
    for (const { slot, value } of this.#held) slot.endOfHook?.(value);
  }

  /** The script is closed. */
  dispose(): void {
    for (const table of this.#live) table.release();
    for (const { slot, value } of this.#held.splice(0)) slot.dispose?.(value);
  }
}
