// The watchdog of systemd (WatchdogSec=, sd_watchdog_enabled(3)): it is told at half the interval that smtpe lives, while a process that serves answers.
// Who stands still says nothing, and is started again by systemd.
//
// It must never say so when nobody serves, and never be in the way of a shutdown: that has its own limit (TimeoutStopSec).
import type { Clock, Timer } from '../base/clock.ts';
import type { Log } from '../base/log.ts';

/** Shorter than this nobody needs: each sign of life starts a small program. */
const LEAST_MS = 100;

/**
 * Milliseconds between two signs of life that are wanted of the process `pid`; undefined: none are. What is in the environment is taken away, so that
 * no child speaks in our place.
 */
export function takeWatchdog(env: Record<string, string | undefined>, pid: number): number | undefined {
  const { WATCHDOG_PID: whose, WATCHDOG_USEC: text = '' } = env;
  delete env.WATCHDOG_PID;
  delete env.WATCHDOG_USEC;
  if (whose !== undefined && whose !== '' && whose !== String(pid)) return undefined;
  const ms = /^\d{1,15}$/.test(text) ? Number(text) / 1000 : 0;
  return ms > 0 ? Math.max(LEAST_MS, ms / 2) : undefined;
}

export interface SignsOfLifeParts {
  readonly everyMs: number | undefined;
  /** Tells it; done when it was told, or could not be. */
  readonly tell: () => Promise<void>;
  /** Why nobody serves; undefined: somebody does. Never rejects. */
  readonly problem: () => Promise<string | undefined>;
  readonly clock: Clock;
  readonly log: Log;
}

export class SignsOfLife {
  readonly #parts: SignsOfLifeParts;
  #timer: Timer | undefined;
  #silent = false;
  #stopped = false;

  constructor(parts: SignsOfLifeParts) {
    this.#parts = parts;
  }

  /** From now on, as systemd does since it was told that we serve. */
  start(): void {
    const { clock, everyMs } = this.#parts;
    if (everyMs === undefined || this.#stopped || this.#timer !== undefined) return;
    this.#timer = clock.after(everyMs, () => void this.#beat());
    this.#timer.unref();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  async #beat(): Promise<void> {
    const { everyMs = 0, log, problem, tell } = this.#parts;
    this.#timer = undefined;
    // The next one is due from now on, however long this takes.
    this.start();
    const cause = await problem();
    if (this.#stopped) return;
    if (cause === undefined) await tell();
    else if (!this.#silent) log.emit('watchdog-silent', { cause, seconds: (2 * everyMs) / 1000 });
    this.#silent = cause !== undefined;
  }
}
