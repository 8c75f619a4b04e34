// What surrounds every stretch of Lua: who is running, the memory limit, the strings of the connection, the heartbeat.
import type { Heartbeat } from '../ops/heartbeat.ts';
import type { CallContext } from './call-context.ts';
import type { Core } from './core.ts';
import type { Environment } from './environment.ts';
import type { MemoryGuard } from './memory-guard.ts';
import type { RealFiles } from './real-files.ts';
import type { Task, TaskHost } from './task.ts';

/** Who owns a task. */
export interface TaskOwner {
  readonly context: CallContext;
}

export interface HostServices {
  readonly memory: MemoryGuard;
  readonly files: RealFiles;
  readonly heartbeat: Heartbeat | undefined;
  /** The engine cannot be trusted any more. */
  readonly fail: (error: unknown) => void;
}

export class Host implements TaskHost {
  readonly #owner: TaskOwner;
  readonly #services: HostServices;
  readonly core: Core;
  readonly environment: Environment;

  constructor(core: Core, owner: TaskOwner, environment: Environment, services: HostServices) {
    this.core = core;
    this.#owner = owner;
    this.environment = environment;
    this.#services = services;
  }

  get context(): CallContext {
    return this.#owner.context;
  }

  enter(task: Task): void {
    const { core } = this;
    if (core.running !== undefined) throw new Error('Lua was called while it is running');
    core.running = task;
    core.useStrings(this.environment.strings);
    this.#services.heartbeat?.enter(task.label, this.context.session?.idSess ?? '');
    this.#services.memory.enter();
  }

  leave(task: Task): void {
    this.#services.memory.leave(task);
    this.#services.heartbeat?.leave();
    this.core.running = undefined;
  }

  closed(task: Task): void {
    this.#services.memory.remove(task);
    this.environment.closeFiles();
    this.#services.files.closeAll(this.environment);
  }

  broken(error: unknown): void {
    this.#services.fail(error);
  }
}
