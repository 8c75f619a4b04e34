// A log file that cannot be written, as on a full disk: said once on stderr for all processes of the service, and once when it is over.

export class LogTrouble {
  readonly #say: (text: string) => void;
  readonly #troubled = new Set<number>();

  /** `say` puts a line on stderr. */
  constructor(say: (text: string) => void) {
    this.#say = say;
  }

  /** How process `pid` finds the log: `cause` is undefined when it can write, or is gone. */
  report(pid: number, cause: string | undefined): void {
    const before = this.#troubled.size;
    if (cause === undefined) this.#troubled.delete(pid);
    else this.#troubled.add(pid);
    if (before === 0 && cause !== undefined) {
      this.#say(`${cause}; lines are kept for the time when it can, a few MiB of them`);
    }
    if (before > 0 && this.#troubled.size === 0) this.#say('the log file can be written again');
  }
}
