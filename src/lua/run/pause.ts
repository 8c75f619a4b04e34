// Where a run of Lua has stopped for a while: what it waits for, when its turn is, how long it may take, and whom its end is told. Made
// when a run suspends for the first time and gone with the run. It never touches what the run has on its stack but to push answers.
import type { Timer } from '../../base/clock.ts';
import { LuaError, type LuaResults, type Suspension } from '../../lua-api/function-spec.ts';
import type { State } from '../state/wasm-api.ts';
import type { Core } from './core.ts';
import type { Environment } from './environment.ts';
import type { Wait } from './pending.ts';
import type { WaitAnswer } from './tell-wait.ts';

/** The run that has stopped. */
export interface Paused {
  readonly environment: Environment;
  /** The name of what was waited for before the next stretch of Lua. */
  after: string | undefined;
  /** Whether the next stretch is one that takes long, as far as anyone knows. */
  readonly takesLong: boolean;
  /** Whether it must wait for its turn. */
  readonly mustQueue: boolean;
  /** What it waits for is told, where somebody listens. */
  waits(wait: Wait): void;
  /** That is over. */
  waited(wait: Wait, answer: WaitAnswer): void;
  /** Goes on with what `push` leaves on the thread; `push` gives the number of values. `name` is for messages about bugs. */
  goOn(name: string, push: (L: State) => number): void;
}

/** Looks at the clock until a yield that a function of the API has announced must have come. */
const LATEST = 100;

export class Pause {
  readonly #core: Core;
  readonly #run: Paused;
  #wait: Wait | undefined;
  /** Looks at the clock since a function of the API said that the run will wait. */
  #looks = 0;
  /** Arguments of a run that has to wait before it begins. */
  #first: number | undefined;
  #timer: Timer | undefined;
  #resolve: ((ended: unknown) => void) | undefined;

  constructor(core: Core, run: Paused) {
    this.#core = core;
    this.#run = run;
  }

  /** What is being waited for; undefined while Lua runs. */
  get wait(): Wait | undefined {
    return this.#wait;
  }

  /** The end of the run, which is told by `resolve`. `timeUp` is called unless that is within `ms` milliseconds. */
  end<T>(ms: number, timeUp: () => void): Promise<T> {
    this.#timer = this.#core.clock.after(ms, timeUp);
    return new Promise<T>((resolve) => {
      this.#resolve = resolve as (ended: unknown) => void;
    });
  }

  /** For whoever waits for the end; to be asked for before `over`. */
  get resolve(): ((ended: unknown) => void) | undefined {
    return this.#resolve;
  }

  /** The run has ended. */
  over(): void {
    this.drop();
    this.#timer?.cancel();
  }

  /** The run has to wait before it begins with `nargs` arguments on its thread. */
  beforeBegin(nargs: number): void {
    this.#first = nargs;
    this.giveWay('its turn to begin');
  }

  /** A function of the API has to wait: the yield for it comes next. */
  suspend(suspension: Suspension, name: string): void {
    this.drop();
    this.#looks = 0;
    this.#wait = { suspension, name, since: this.#core.clock.monotonic() };
  }

  /**
   * Whether the run may be interrupted. Not on the way from a function of the API that has to wait to the yield for it; when that yield does
   * not come, as something in between did not let it through, the wait is given up.
   */
  mayGiveWay(): boolean {
    if (this.#wait === undefined) return true;
    this.#looks += 1;
    if (this.#looks < LATEST) return false;
    this.drop();
    return true;
  }

  /** After a yield: an engine wait, or the policy's own coroutine.yield at top level, which lets others run for a turn. */
  listen(tagged: boolean): void {
    const wait = this.#wait;
    const suspension = wait?.suspension;
    if (wait === undefined || suspension === undefined || !tagged) {
      this.giveWay('coroutine.yield');
      return;
    }
    this.#run.waits(wait);
    suspension.done.then(
      (results) => this.#settled(wait, results),
      (error: unknown) => this.#rejected(wait, error),
    );
  }

  /** Lets others run, and goes on when it is this run's turn again. */
  giveWay(name: string): void {
    this.drop();
    const turn = this.#turn(name);
    this.#core.slices.queue(() => this.#settled(turn, []), !this.#run.takesLong);
  }

  /** Calls `end` instead of going on: when it is its turn, as the variables that are closed by it run Lua. */
  endInTurn(end: () => void): void {
    this.#run.after = 'its end';
    if (!this.#run.mustQueue) {
      end();
      return;
    }
    this.drop();
    const turn = this.#turn('its turn to end');
    this.#core.slices.queue(() => {
      if (this.#wait === turn) end();
    }, !this.#run.takesLong);
  }

  #turn(name: string): Wait {
    const turn: Wait = { suspension: undefined, name, since: this.#core.clock.monotonic() };
    this.#wait = turn;
    return turn;
  }

  /** Gives up the pending operation. One is left, too, when its yield could not be passed on (inside table.sort ...). */
  drop(): void {
    const wait = this.#wait;
    this.#wait = undefined;
    if (wait?.told) this.#run.waited(wait, { kind: 'cut' });
    try {
      wait?.suspension?.cancel();
    } catch (error) {
      this.#core.natives.bug(`${wait?.name}, when it was cancelled`, error);
    }
  }

  /** Calls `goOn`, which ends `wait`, as soon as this may go on: `turn` says that it is its turn. */
  #whenItMay(wait: Wait, turn: boolean, goOn: () => void): void {
    if (this.#wait !== wait) return;
    const { environment } = this.#run;
    if (environment.isHeldFrom(this.#run)) {
      environment.whenFree(() => this.#whenItMay(wait, true, goOn));
      return;
    }
    if (!turn) {
      this.#run.after = wait.name;
      if (this.#run.mustQueue) {
        this.#core.slices.queue(() => this.#whenItMay(wait, true, goOn), !this.#run.takesLong);
        return;
      }
    }
    this.#wait = undefined;
    goOn();
  }

  #settled(wait: Wait, results: LuaResults): void {
    if (wait.told && this.#wait === wait) this.#run.waited(wait, { kind: 'results', results });
    this.#whenItMay(wait, wait.suspension === undefined, () =>
      this.#run.goOn(wait.name, (L) => this.#pushAnswer(L, wait, results)),
    );
  }

  #pushAnswer(L: State, wait: Wait, results: LuaResults): number {
    if (wait.suspension === undefined) {
      const first = this.#first ?? 0;
      this.#first = undefined;
      return first;
    }
    const { api, bridge } = this.#core;
    api.lua_pushboolean(L, 1);
    if (results.length > 8) api.lua_checkstack(L, results.length + 8);
    for (const value of results) bridge.push(L, value);
    return results.length + 1;
  }

  #rejected(wait: Wait, error: unknown): void {
    const message = error instanceof LuaError ? error.message : this.#core.natives.bug(wait.name, error);
    if (wait.told && this.#wait === wait) this.#run.waited(wait, { kind: 'error', message });
    this.#whenItMay(wait, false, () => this.#run.goOn(wait.name, (L) => this.pushError(L, message)));
  }

  /** Pushes the answer that raises `message` where the run waits, and gives the number of values. */
  pushError(L: State, message: string): number {
    this.#core.api.lua_pushboolean(L, 0);
    this.#core.bridge.pushBytes(L, message);
    return 2;
  }
}
