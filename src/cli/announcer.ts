// What the user sees of a start: the announcement on the terminal or, with +daemon, through the process that waits for it; the pid file;
// and problems.
import { removePidFile, writePidFile } from '../ops/pid-file.ts';
import type { Options } from '../options/options.ts';
import type { Starter } from './detach.ts';
import { exitCode } from './exit-code.ts';
import { complain, print } from './problems.ts';

export class Front {
  readonly #starter: Starter | undefined;
  readonly #pidFile: string;
  #claimed = false;

  constructor(options: Options, starter: Starter | undefined) {
    this.#starter = starter;
    this.#pidFile = options.values['pid-file'];
  }

  /** Writes the pid file before connections are accepted, while the rights for it are there. Gives what is wrong, or undefined. */
  async claim(): Promise<string | undefined> {
    const problem = this.#pidFile === '' ? undefined : await writePidFile(this.#pidFile);
    this.#claimed = problem === undefined;
    return problem;
  }

  /** Connections are accepted. */
  async listening(text: string): Promise<void> {
    if (this.#starter === undefined) await print(text);
    else await this.#starter.tell({ kind: 'listening', text });
  }

  /** It could not start. Gives the exit code back. */
  async failed(problems: readonly string[], code: number): Promise<number> {
    await complain(problems);
    if (this.#claimed) await this.ended();
    await this.#starter?.tell({ kind: 'failed', problems, code });
    return code === exitCode.ok ? exitCode.software : code;
  }

  /** It has served and ends. */
  async ended(): Promise<void> {
    if (this.#pidFile !== '') await removePidFile(this.#pidFile);
  }
}
