// Keeps the memory of all Lua below its limit. While Lua runs, the allocator refuses what goes beyond it. And before one connection
// can use up what all share, the one that holds most is ended: not whoever happens to need the next byte.
import type { Options } from '../options/options.ts';
import type { Core } from './core.ts';
import type { Task } from './task.ts';

/**
 * The largest block, bytes: the array of a table of 4 million elements, the fields of one of 2 million. A table that outgrows it is refused:
 * making a larger one would stop everybody for longer than a tenth of a second.
 */
const LARGEST = 67_108_864;

/** The part of the limit that may be held from one hook to the next. */
const lasting = 0.75;

export class MemoryGuard {
  readonly #core: Core;
  readonly #options: Options;
  readonly #collect: () => void;
  readonly #tasks = new Set<Task>();
  #before = 0;
  #relieving = false;
  /** Bytes above which the next look is taken. */
  #threshold = 0;

  constructor(core: Core, options: Options, collect: () => void) {
    this.#core = core;
    this.#options = options;
    this.#collect = collect;
  }

  /** Bytes. */
  get limit(): number {
    return this.#options.values['lua-max-memory'] * 1_048_576;
  }

  add(task: Task): void {
    this.#tasks.add(task);
  }

  remove(task: Task): void {
    this.#tasks.delete(task);
  }

  enter(): void {
    const { account } = this.#core;
    this.#before = account.used;
    this.#core.refusedBefore = account.refused;
    account.limit = this.limit;
    account.setLargest(this.#options.values['lua-max-string'] * 1_048_576, LARGEST);
  }

  /** Lua has stopped running; `relieve` is due afterwards. */
  leave(task: Task): void {
    const { account } = this.#core;
    account.limit = 0;
    task.grown += account.used - this.#before;
  }

  /** Makes room before anyone else runs, when it is needed. */
  relieve(): void {
    const { account } = this.#core;
    if (this.#relieving || account.used <= Math.max(this.limit * lasting, this.#threshold)) return;
    this.#relieving = true;
    this.#collect();
    while (account.used > this.limit * lasting) {
      const biggest = this.#biggest();
      if (biggest === undefined) break;
      biggest.condemn(
        `holds about ${biggest.grown} bytes of the ${this.limit} that all Lua of this process may have`,
      );
      this.#collect();
    }
    // Not again at once when what is left is really needed by many.
    this.#threshold = account.used + this.limit / 8;
    this.#relieving = false;
  }

  #biggest(): Task | undefined {
    let biggest: Task | undefined;
    for (const task of this.#tasks) {
      if (!task.condemned && task.grown > (biggest?.grown ?? 0)) biggest = task;
    }
    return biggest;
  }
}
