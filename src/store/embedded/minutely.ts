// Says something at most once a minute, with how often it happened since: what a stranger causes must not fill the log.
import type { Clock } from '../../base/clock.ts';

const MINUTE = 60_000;

export class Minutely {
  readonly #clock: Clock;
  readonly #say: (times: number) => void;
  #times = 0;
  #saidAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, say: (times: number) => void) {
    this.#clock = clock;
    this.#say = say;
  }

  happened(times = 1): void {
    this.#times += times;
    const now = this.#clock.monotonic();
    if (now - this.#saidAt < MINUTE) return;
    this.#saidAt = now;
    this.#say(this.#times);
    this.#times = 0;
  }
}
