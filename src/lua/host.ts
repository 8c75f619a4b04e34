// What surrounds every stretch of Lua: who is running, the memory limit, the strings of the connection, the heartbeat.
import type { CallContext } from './call-context.ts';
import type { Core } from './core.ts';
import type { Environment } from './environment.ts';
import type { MemoryGuard } from './memory-guard.ts';
import type { Task, TaskHost } from './task.ts';

/** Who owns a task. */
export interface TaskOwner {
  readonly context: CallContext;
}

export class Host implements TaskHost {
  readonly #owner: TaskOwner;
  readonly #memory: MemoryGuard;
  readonly #fail: (error: unknown) => void;
  readonly core: Core;
  readonly environment: Environment;

  constructor(
    core: Core,
    owner: TaskOwner,
    environment: Environment,
    memory: MemoryGuard,
    fail: (error: unknown) => void,
  ) {
    this.core = core;
    this.#owner = owner;
    this.environment = environment;
    this.#memory = memory;
    this.#fail = fail;
  }

  get context(): CallContext {
    return this.#owner.context;
  }

  enter(task: Task): void {
    const { core } = this;
    if (core.running !== undefined) throw new Error('Lua was called while it is running');
    core.running = task;
    core.useStrings(this.environment.strings);
    this.#memory.enter();
  }

  leave(task: Task): void {
    this.#memory.leave(task);
    this.core.running = undefined;
  }

  closed(task: Task): void {
    this.#memory.remove(task);
  }

  broken(error: unknown): void {
    this.#fail(error);
  }
}
