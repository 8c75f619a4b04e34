// What surrounds every stretch of Lua of any connection: who is running, the memory limit, the strings of the connection, the
// heartbeat; and what is left to do when a connection's Lua ends.
import type { Heartbeat } from '../../ops/heartbeat.ts';
import type { Core } from './core.ts';
import type { MemoryGuard } from './memory-guard.ts';
import type { Task } from './task.ts';

export interface FrameParts {
  readonly core: Core;
  readonly memory: MemoryGuard;
  /** What connections have open. */
  readonly files: { closeAll(owner: object): void };
  readonly heartbeat: Heartbeat | undefined;
  /** The engine cannot be trusted any more. */
  readonly fail: (error: unknown) => void;
}

export class Frame {
  readonly #parts: FrameParts;
  readonly core: Core;

  constructor(parts: FrameParts) {
    this.#parts = parts;
    this.core = parts.core;
  }

  /** Lua is about to run for this task. */
  enter(task: Task): void {
    const { core } = this;
    if (core.running !== undefined) throw new Error('Lua was called while it is running');
    core.running = task;
    core.slices.begin();
    core.pace.begin();
    task.environment.enter();
    this.#parts.heartbeat?.enter(task.label, task.id);
    this.#parts.memory.enter();
  }

  /** Lua has stopped running, for now or for good. Milliseconds that it took, 0 when it was soon over. */
  leave(task: Task): number {
    this.#parts.memory.leave(task);
    this.#parts.heartbeat?.leave();
    this.core.running = undefined;
    return this.core.slices.finish();
  }

  /** A stretch of Lua is over and its outcome known: makes room for the others if it has left too little. */
  relieve(): void {
    this.#parts.memory.relieve();
  }

  /** Whether nobody should begin now, as there is hardly any memory and room is being made. */
  get full(): boolean {
    return this.#parts.memory.full;
  }

  /** There is a new task. */
  opened(task: Task): void {
    this.#parts.memory.add(task);
  }

  /** The task is over. */
  closed(task: Task): void {
    this.#parts.memory.remove(task);
    task.environment.closeFiles();
    this.#parts.files.closeAll(task.environment);
  }

  /** An exception that is neither Lua's nor a kill went through Lua frames. */
  broken(error: unknown): void {
    this.#parts.fail(error);
  }
}
