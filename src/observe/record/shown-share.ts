// How many of a hundred sessions a shadow policy is shown at the moment (option shadow-percent-busy): as many as there are while the event loop has room,
// fewer the less of it is left, and so few when there is none that nobody can tell what they cost. Looked at when somebody asks; no timer, and what was
// so for less than LOOK_MS decides nothing.
//
// Never more for a busier loop.
import type { Clock, ReadLoopTime } from '../../base/clock.ts';

/** Between two looks, at the least. */
export const LOOK_MS = 200;
/** How busy it is when fewer are shown, and when as few as may be: parts of 1. */
const HALF = 0.5;
const NEARLY_ALL = 0.85;

/** `least`: how many when there is no room. */
export function shareAt(busy: number, least: number): number {
  if (busy <= HALF) return 100;
  if (busy >= NEARLY_ALL) return least;
  return least + ((100 - least) * (NEARLY_ALL - busy)) / (NEARLY_ALL - HALF);
}

export class ShownShare {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #loop: ReadLoopTime;
  readonly #least: number;
  #lookedAt: number;
  #active: number;
  #idle: number;
  #percent = 100;

  constructor(clock: Pick<Clock, 'monotonic'>, loop: ReadLoopTime, least: number) {
    this.#clock = clock;
    this.#loop = loop;
    this.#least = least;
    this.#lookedAt = clock.monotonic();
    ({ active: this.#active, idle: this.#idle } = loop());
  }

  get percent(): number {
    if (this.#least === 100) return 100;
    const now = this.#clock.monotonic();
    if (now - this.#lookedAt >= LOOK_MS) this.#look(now);
    return this.#percent;
  }

  #look(now: number): void {
    const { active, idle } = this.#loop();
    const worked = active - this.#active;
    const all = worked + idle - this.#idle;
    this.#lookedAt = now;
    this.#active = active;
    this.#idle = idle;
    this.#percent = all > 0 ? shareAt(worked / all, this.#least) : 100;
  }
}
