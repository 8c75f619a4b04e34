import type { ChildProcess } from 'node:child_process';

/**
 * A signal to a child process. Must be used instead of `child.kill`: of a child that the system did not start (no such program, no
 * memory) Node.js (seen in 20.20) holds the number 0, so that its `kill` ends the process group of the caller.
 */
export function killChild(
  child: Pick<ChildProcess, 'pid' | 'kill'>,
  signal: NodeJS.Signals = 'SIGTERM',
): void {
  if (child.pid !== undefined) child.kill(signal);
}
