// What signals mean to a process that decides for itself, alone or as the main process of workers: SIGTERM, SIGINT and SIGQUIT end it, a
// second one at once; SIGHUP reloads; SIGUSR2 opens the log file again. What came before the process was ready is made up for.
import type { Log } from '../base/log.ts';
import type { CaughtSignal, EarlySignals } from './early-signals.ts';
import type { Ending } from './ending.ts';

export class Signals {
  readonly #log: Log;
  readonly #ending: Ending;
  readonly #reopen: () => void;
  #reload: (() => unknown) | undefined;
  #reloadWanted = false;

  /** `reopen` is what SIGUSR2 does. */
  constructor(log: Log, early: EarlySignals, ending: Ending, reopen: () => void) {
    this.#log = log;
    this.#ending = ending;
    this.#reopen = reopen;
    early.handOver((signal) => this.#hear(signal));
  }

  /** What SIGHUP does. One that came before, while the policy was being read for the first time, is made up for. */
  onReload(reload: () => unknown): void {
    this.#reload = reload;
    if (this.#reloadWanted) reload();
  }

  #hear(signal: CaughtSignal): void {
    switch (signal) {
      case 'SIGUSR2':
        this.#reopen();
        return;
      case 'SIGHUP':
        this.#log.emit('signal-reload', {});
        if (this.#reload === undefined) this.#reloadWanted = true;
        else this.#reload();
        return;
      case 'SIGTERM':
      case 'SIGINT':
      case 'SIGQUIT':
        if (this.#ending.asked) this.#ending.hurry(`signal ${signal} received again`);
        else this.#ending.stop(`signal ${signal} received`);
        return;
    }
  }
}
