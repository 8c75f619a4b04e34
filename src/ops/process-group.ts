// The processes that a shell command started: a session of its own, whose number is the shell's. It is ended as a whole, also when the
// shell has gone and left others in the background.

import { codeOf } from '../base/errors.ts';

function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

export class ProcessGroup {
  readonly #leader: number;
  #leaderRuns = true;

  constructor(leader: number) {
    this.#leader = leader;
  }

  leaderHasGone(): void {
    this.#leaderRuns = false;
  }

  /** Whether any process of it is left. */
  get alive(): boolean {
    if (this.#leaderRuns) return true;
    // The system gives the number of a group to no new process. One that has it began when the group was gone: a stranger.
    return !signal(this.#leader, 0) && signal(-this.#leader, 0);
  }

  kill(): void {
    if (this.alive) signal(-this.#leader, 'SIGKILL');
  }
}
