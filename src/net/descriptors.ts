// What is left of the file descriptors of the process. When there is none, the system closes a new connection without a word and nobody hears
// of it; so the last ones are kept back, and a client that comes then is told 421. Linux: /proc/self/limits (proc(5)).

import { closeSync, openSync, readFileSync } from 'node:fs';
import type { Clock, Timer } from '../base/clock.ts';
import { codeOf } from '../base/errors.ts';
import type { EventFields } from '../base/events.ts';
import type { Log } from '../base/log.ts';

/** The limit may be changed while we run (prlimit(1)): looked up again when it is older than this. */
const FRESH_MS = 1000;
const LOOK_EVERY_MS = 1000;
const SAY_EVERY_MS = 10_000;
/** Descriptors held so that they can be given up when others have taken all. */
const SPARES = 4;

/** The soft limit of open files; Infinity where the system does not say. Throws with the system's error when it cannot be read. */
export function readDescriptorLimit(): number {
  const limit = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
  return limit === undefined ? Number.POSITIVE_INFINITY : Number(limit);
}

/** How many of them are kept for those who are served: their files, next hops, name servers. */
export function reserveOf(limit: number): number {
  return Math.min(100, Math.ceil(limit / 8));
}

function isUsedUp(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'EMFILE' || code === 'ENFILE';
}

export class Descriptors {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #readLimit: () => number;
  #limit = Number.POSITIVE_INFINITY;
  #readAt = Number.NEGATIVE_INFINITY;
  #saidAt = Number.NEGATIVE_INFINITY;
  #spares: number[] = [];
  #timer: Timer | undefined;

  constructor(clock: Clock, log: Log, readLimit: () => number = readDescriptorLimit) {
    this.#clock = clock;
    this.#log = log;
    this.#readLimit = readLimit;
  }

  /** True when a descriptor that was just made, of this number, is one of the last: the system gives the lowest number that is free. */
  scarce(number: number): boolean {
    const now = this.#clock.monotonic();
    if (now >= this.#readAt + FRESH_MS) {
      this.#readAt = now;
      try {
        this.#limit = this.#readLimit();
      } catch (error) {
        if (isUsedUp(error)) return true;
      }
    }
    return number >= this.#limit - reserveOf(this.#limit);
  }

  /** For the log: what there is, and what would help. */
  advice(): EventFields<'descriptors-none'> {
    return {
      limit: this.#limit,
      reserve: reserveOf(this.#limit),
      advice: 'raise LimitNOFILE (systemd) or ulimit -n, or lower limit-connections',
    };
  }

  /** Looks every second, and gives spare descriptors up when all others are taken, so that connections can be accepted and refused. */
  watch(): void {
    this.#look();
    this.#timer = this.#clock.after(LOOK_EVERY_MS, () => this.watch());
    this.#timer.unref();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#giveUp();
  }

  #look(): void {
    if (this.#left()) return;
    this.#giveUp();
    const now = this.#clock.monotonic();
    if (now < this.#saidAt + SAY_EVERY_MS) return;
    this.#saidAt = now;
    this.#log.emit('descriptors-none', this.advice());
  }

  /** True when there are descriptors besides the spare ones. */
  #left(): boolean {
    try {
      const number = openSync('/dev/null', 'r');
      if (number >= this.#limit - SPARES) {
        closeSync(number);
        return false;
      }
      if (this.#spares.length < SPARES) this.#spares.push(number);
      else closeSync(number);
      return true;
    } catch (error) {
      return !isUsedUp(error);
    }
  }

  #giveUp(): void {
    for (const number of this.#spares.splice(0)) closeSync(number);
  }
}
