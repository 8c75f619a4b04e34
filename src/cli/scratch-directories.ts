// Directories that hold what cases are played with: a signal that ends the process takes them away first. For verbs that play policies in this process.
//
// It must never keep the process from ending.
import { rmSync } from 'node:fs';
import type { ScratchKeeper } from '../bench/stage.ts';

const ending = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

export class ScratchDirectories implements ScratchKeeper {
  readonly #paths = new Set<string>();

  /** From now on signals are heard, until `close`. */
  constructor() {
    for (const signal of ending) process.on(signal, this.#end);
  }

  made(path: string): void {
    this.#paths.add(path);
  }

  removed(path: string): void {
    this.#paths.delete(path);
  }

  close(): void {
    for (const signal of ending) process.off(signal, this.#end);
  }

  readonly #end = (signal: NodeJS.Signals): void => {
    // Nothing else is to happen in this process: what is left to do is done at once.
    for (const path of this.#paths) {
      try {
        rmSync(path, { recursive: true, force: true, maxRetries: 3 });
      } catch {
        // Somebody has taken the right to; the process ends all the same.
      }
    }
    this.close();
    process.kill(process.pid, signal);
  };
}
