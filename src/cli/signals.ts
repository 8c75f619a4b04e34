// Signals and accidents of a process that serves or supervises: SIGTERM, SIGINT and SIGQUIT end it, a second one at once; SIGHUP reloads the policy;
// SIGUSR2 opens the log file again; an exception that nobody caught is logged and ends it.
import type { Log } from '../ops/log.ts';
import { exitCode } from './exit-code.ts';

export interface End {
  readonly code: number;
  /** For the log. */
  readonly text: string;
}

export class Signals {
  /** Resolves when the process is to end. */
  readonly end: Promise<End>;
  /** Resolves when it was asked to end once more. */
  readonly second: Promise<void>;
  #end: (why: End) => void = () => undefined;
  #second: () => void = () => undefined;
  #ending = false;
  #reload: (() => unknown) | undefined;
  #reloadWanted = false;
  #reopen: () => void = () => undefined;

  /** `stopping`: the signals that end this process. */
  constructor(log: Log, stopping: readonly NodeJS.Signals[]) {
    this.end = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.second = new Promise((resolve) => {
      this.#second = resolve;
    });
    for (const signal of stopping) process.on(signal, () => this.stop(`signal ${signal} received`));
    process.on('SIGHUP', () => {
      log.write('notice', 'signal SIGHUP received');
      this.reload();
    });
    process.on('SIGUSR2', () => this.#reopen());
    const accident = (error: unknown): void => {
      const cause = error instanceof Error ? (error.stack ?? error.message) : String(error);
      log.write('crit', 'internal error, the process ends', { cause });
      this.broken('internal error');
    };
    process.on('uncaughtException', accident);
    process.on('unhandledRejection', accident);
  }

  /** What SIGHUP does. One that came before, while the policy was being read for the first time, is made up for. */
  onReload(reload: () => unknown): void {
    this.#reload = reload;
    if (this.#reloadWanted) reload();
  }

  /** As SIGHUP does. */
  reload(): void {
    if (this.#reload === undefined) this.#reloadWanted = true;
    else this.#reload();
  }

  /** What SIGUSR2 does. */
  onReopen(reopen: () => void): void {
    this.#reopen = reopen;
  }

  /** As a signal does: no new connections, transactions may finish. `text` is for the log. */
  stop(text: string): void {
    this.#stop({ code: exitCode.ok, text });
  }

  /** The process cannot go on: it ends without waiting for transactions, which their clients will repeat. */
  broken(reason: string): void {
    this.#stop({ code: exitCode.software, text: reason });
  }

  #stop(why: End): void {
    if (this.#ending) this.#second();
    this.#ending = true;
    this.#end(why);
  }
}
