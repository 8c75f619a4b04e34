// Why and when a process is to end: asked in order, asked not to wait any longer, or by an accident.
import { traceOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { exitCode } from './exit-code.ts';

export interface End {
  readonly code: number;
  /** For the log. */
  readonly text: string;
}

export class Ending {
  /** Resolves when the process is to end. */
  readonly end: Promise<End>;
  /** Resolves when it is to end without waiting for transactions. */
  readonly hurried: Promise<void>;
  #end: (why: End) => void = () => undefined;
  #hurry: () => void = () => undefined;
  #asked = false;

  constructor() {
    this.end = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.hurried = new Promise((resolve) => {
      this.#hurry = resolve;
    });
  }

  /** It has been asked to end. */
  get asked(): boolean {
    return this.#asked;
  }

  /** No new connections, transactions may finish. Said again it changes nothing. `text` is for the log. */
  stop(text: string, code: number = exitCode.ok): void {
    this.#asked = true;
    this.#end({ code, text });
  }

  /** No waiting for transactions, whether it was asked to end before or not. */
  hurry(text: string): void {
    this.stop(text);
    this.#hurry();
  }

  /** The process cannot go on: it ends without waiting for transactions, which their clients will repeat. */
  broken(reason: string): void {
    this.stop(reason, exitCode.software);
    this.#hurry();
  }

  /** From now on an exception that nobody caught is logged and ends the process. */
  catchAccidents(log: Log): void {
    const accident = (error: unknown): void => {
      const cause = traceOf(error);
      log.emit('accident', { cause });
      this.broken('internal error');
    };
    process.on('uncaughtException', accident);
    process.on('unhandledRejection', accident);
  }
}
