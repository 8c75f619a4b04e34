// Keeps the memory of all Lua below its limit. While Lua runs, the allocator refuses what goes beyond it. And before one connection
// can use up what all share, the one that holds most is ended: not whoever happens to need the next byte, nor who made most garbage.
import type { OptionValues } from '../options/option-table.ts';
import type { Options } from '../options/options.ts';
import type { Core } from './core.ts';
import type { Task } from './task.ts';

const MIB = 1_048_576;

/**
 * The largest block, bytes: the array of a table of 4 million elements, the fields of one of 2 million. A table that outgrows it is refused:
 * making a larger one would stop everybody for longer than a tenth of a second.
 */
const LARGEST = 64 * MIB;

/** The part of the limit that may be held from one hook to the next. */
const LASTING = 0.75;

export class MemoryGuard {
  readonly #core: Core;
  readonly #options: Options;
  readonly #collect: () => void;
  readonly #tasks = new Set<Task>();
  /** The options that the limits below were read from. */
  #values: OptionValues | undefined;
  #limit = 0;
  #before = 0;
  #relieving = false;
  /** Bytes above which the next look is taken. */
  #threshold = 0;

  constructor(core: Core, options: Options, collect: () => void) {
    this.#core = core;
    this.#options = options;
    this.#collect = collect;
  }

  add(task: Task): void {
    this.#tasks.add(task);
  }

  remove(task: Task): void {
    this.#tasks.delete(task);
  }

  enter(): void {
    const { account } = this.#core;
    if (this.#values !== this.#options.values) this.#readLimits();
    this.#before = account.allocated;
    this.#core.refusedBefore = account.refused;
    account.limit = this.#limit;
  }

  #readLimits(): void {
    const { values } = this.#options;
    this.#values = values;
    this.#limit = values['lua-max-memory'] * MIB;
    this.#core.account.setLargest(values['lua-max-string'] * MIB, LARGEST);
  }

  /** Lua has stopped running; `relieve` is due afterwards. */
  leave(task: Task): void {
    const { account } = this.#core;
    account.limit = 0;
    task.allocated += (account.allocated - this.#before) >>> 0;
  }

  /** Makes room before anyone else runs, when it is needed. */
  relieve(): void {
    const { account } = this.#core;
    if (this.#relieving || account.used <= Math.max(this.#limit * LASTING, this.#threshold)) return;
    this.#relieving = true;
    this.#collect();
    while (account.used > this.#limit * LASTING && this.#endBiggest()) this.#collect();
    // Not again at once when what is left is really needed by many.
    this.#threshold = account.used + this.#limit / 8;
    this.#relieving = false;
  }

  /** Ends the connections that hold most until there is room; false when there is none that holds anything. */
  #endBiggest(): boolean {
    let excess = this.#core.account.used - this.#limit * LASTING;
    const before = excess;
    while (excess > 0) {
      const biggest = this.#biggest();
      if (biggest === undefined) break;
      biggest.condemn(
        `holds about ${biggest.allocated} bytes of the ${this.#limit} that all Lua of this process may have`,
      );
      excess -= biggest.allocated;
    }
    return excess < before;
  }

  /**
   * Who holds most. What a connection has allocated since it was last measured is more than it holds of that, so only those are measured
   * who could hold more than the biggest so far.
   */
  #biggest(): Task | undefined {
    const tasks = [...this.#tasks].filter((task) => !task.condemned && task.allocated > 0);
    tasks.sort((a, b) => b.allocated - a.allocated);
    let biggest: Task | undefined;
    for (const task of tasks) {
      if (biggest !== undefined && task.allocated <= biggest.allocated) break;
      task.allocated = task.measure(this.#limit);
      if (task.allocated > (biggest?.allocated ?? 0)) biggest = task;
    }
    return biggest;
  }
}
