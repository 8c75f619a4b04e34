// Keeps the memory of all Lua below its limit. While Lua runs, the allocator refuses what goes beyond it. And before one connection
// can use up what all share, the one that holds most is ended: not whoever happens to need the next byte, nor who made most garbage.
import type { OptionValues } from '../../options/option-table.ts';
import type { Options } from '../../options/options.ts';
import { type State, Type } from '../state/wasm-api.ts';
import type { Core } from './core.ts';
import type { Task } from './task.ts';

const MIB = 1_048_576;

/**
 * The largest block, bytes: the array of a table of 2 million elements, the fields of one of 1 million. A table that outgrows it is refused:
 * making a larger one would stop everybody for longer than a tenth of a second.
 */
const LARGEST = 32 * MIB;

/** The part of the limit that may be held from one hook to the next. */
const LASTING = 0.75;

/** Who holds less than this part of the limit is not to blame. */
const LEAST = 0.01;

/**
 * The part of the limit from which on nobody begins while room is being made. As much as may last: the buffers of Lua's string functions are
 * refused at the limit without a collection before, so that who makes garbage then is stopped for what another one holds.
 */
const FULL = LASTING;

export class MemoryGuard {
  readonly #core: Core;
  readonly #options: Options;
  readonly #tasks = new Set<Task>();
  /** The options that the limits below were read from. */
  #values: OptionValues | undefined;
  #limit = 0;
  #before = 0;
  /** Room is being made. */
  #relief: Generator<void> | undefined;
  #threshold = Number.POSITIVE_INFINITY;

  constructor(core: Core, options: Options) {
    this.#core = core;
    this.#options = options;
  }

  add(task: Task): void {
    this.#tasks.add(task);
  }

  /** Those that are open. */
  get tasks(): readonly Task[] {
    return [...this.#tasks];
  }

  remove(task: Task): void {
    this.#tasks.delete(task);
  }

  enter(): void {
    const { account } = this.#core;
    if (this.#values !== this.#options.values) this.#readLimits();
    this.#before = account.allocated;
    account.limit = this.#limit;
  }

  #readLimits(): void {
    const { values } = this.#options;
    this.#values = values;
    this.#limit = values['lua-max-memory'] * MIB;
    this.#threshold = this.#limit * LASTING;
    this.#watch();
    this.#core.account.setLargest(values['lua-max-string'] * MIB, LARGEST);
  }

  /** Lua has stopped running; `relieve` is due afterwards. */
  leave(task: Task): void {
    const { account } = this.#core;
    account.limit = 0;
    task.allocated += (account.allocated - this.#before) >>> 0;
  }

  /** From this on a run is interrupted, so that room is made before it wants more; not while room is being made. */
  #watch(): void {
    this.#core.crowded = this.#relief === undefined ? this.#threshold : Number.POSITIVE_INFINITY;
  }

  /** Makes room when it is needed: in portions, and no run that was interrupted goes on meanwhile. */
  relieve(): void {
    const { account, slices } = this.#core;
    if (this.#relief !== undefined || account.used <= this.#threshold) return;
    const relief = this.#makeRoom();
    this.#relief = relief;
    this.#watch();
    const work = (): boolean => {
      if (relief.next().done !== true) return false;
      this.#relief = undefined;
      this.#watch();
      return true;
    };
    // Mostly it is garbage, or a few long strings: then it is done before anyone else wants memory.
    if (!slices.once(work)) slices.first(work);
  }

  /** Whether there is so little memory, and room being made, that nobody should begin. */
  get full(): boolean {
    return this.#relief !== undefined && this.#core.account.used > this.#limit * FULL;
  }

  *#makeRoom(): Generator<void> {
    const { account } = this.#core;
    yield* this.#collectAll();
    while (account.used > this.#limit * LASTING) {
      const freed: boolean = yield* this.#endBiggest();
      if (!freed) break;
      yield* this.#collectAll();
    }
    // Not again at once when what is left is really needed by many.
    this.#threshold = Math.max(this.#limit * LASTING, account.used + this.#limit / 8);
  }

  /** What becomes garbage while it is looked for is found only the next time. */
  *#collectAll(): Generator<void> {
    for (let cycles = 0; cycles < 2; ) {
      if (
        this.#tool(
          'collect',
          () => 0,
          (L) => this.#core.api.lua_toboolean(L, -1) !== 0,
        )
      )
        cycles += 1;
      yield;
    }
  }

  /** Calls a function of lib-lua/runtime/measure.lua. */
  #tool<T>(name: string, push: (L: State) => number, read: (L: State) => T): T {
    const { api, main } = this.#core;
    const top = api.lua_gettop(main);
    this.#core.pushRuntime('measure');
    this.#core.pushName(main, name);
    api.lua_rawget(main, -2);
    this.#core.mustCall(push(main), 1);
    const result = read(main);
    api.lua_settop(main, top);
    return result;
  }

  /** Ends the connections that hold most until there is room; false when there is none that holds anything. */
  *#endBiggest(): Generator<void, boolean> {
    let excess = this.#core.account.used - this.#limit * LASTING;
    const before = excess;
    while (excess > 0) {
      const biggest: Task | undefined = yield* this.#biggest();
      if (biggest === undefined || biggest.allocated < this.#limit * LEAST) break;
      const about = biggest.allocated > this.#enough ? 'more than' : 'about';
      const held = Math.min(biggest.allocated, this.#enough);
      biggest.condemn(
        `holds ${about} ${held} bytes of the ${this.#limit} that all Lua of this process may have`,
      );
      excess -= biggest.allocated;
    }
    return excess < before;
  }

  /** Who holds this is not measured to the end. */
  get #enough(): number {
    return this.#limit / 2;
  }

  /**
   * Who holds most. What a connection has allocated since it was last measured is more than it holds of that, so only those are measured
   * who could hold more than the biggest so far.
   */
  *#biggest(): Generator<void, Task | undefined> {
    const tasks = [...this.#tasks].filter((task) => !task.condemned && task.allocated > 0);
    tasks.sort((a, b) => b.allocated - a.allocated);
    let biggest: Task | undefined;
    for (const task of tasks) {
      if (!this.#tasks.has(task)) continue;
      if (biggest !== undefined && task.allocated <= biggest.allocated) break;
      yield* this.#measure(task);
      if (task.allocated > (biggest?.allocated ?? 0)) biggest = task;
      if (task.allocated > this.#enough) break;
    }
    return biggest !== undefined && this.#tasks.has(biggest) ? biggest : undefined;
  }

  *#measure(task: Task): Generator<void> {
    const { api } = this.#core;
    this.#tool(
      'begin',
      (L) => task.pushRoots(L),
      () => undefined,
    );
    for (;;) {
      const size = this.#tool(
        'go_on',
        (L) => {
          api.lua_pushnumber(L, this.#enough);
          return 1;
        },
        (L) => (api.lua_type(L, -1) === Type.nil ? undefined : api.lua_tonumberx(L, -1, 0)),
      );
      if (size !== undefined) {
        task.allocated = size;
        return;
      }
      yield;
    }
  }
}
