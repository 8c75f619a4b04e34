// The last step of the process. process.exit waits for the system calls that threads of Node.js are in, and one that asks a name server or
// a file system that does not answer, or opens a FIFO, may take for ever: after a moment the process is ended by a signal instead.
import type { Clock } from '../base/clock.ts';

/** Requests that occupy a thread, by the names that Node.js gives them. */
const THREADED = /^(FSReq|GetAddrInfoReq|GetNameInfoReq)/;
/** Reading and writing that is all right is over by then. */
const PATIENCE_MS = 300;
const LOOK_MS = 10;

function isInSystemCall(): boolean {
  return process.getActiveResourcesInfo().some((name) => THREADED.test(name));
}

/**
 * Ends the process with this code. When a system call does not come back the process ends by SIGTERM where the code would be 0, which
 * service managers take for an end in order, and by SIGKILL where it would be another.
 */
export async function leave(code: number, clock: Clock): Promise<never> {
  const pause = (): Promise<void> => new Promise((resolve) => clock.after(LOOK_MS, resolve));
  const until = clock.monotonic() + PATIENCE_MS;
  while (isInSystemCall()) {
    if (clock.monotonic() >= until) {
      process.removeAllListeners('SIGTERM');
      process.kill(process.pid, code === 0 ? 'SIGTERM' : 'SIGKILL');
      // Process 1 of a container cannot be ended by itself so.
      await pause();
      break;
    }
    await pause();
  }
  process.exit(code);
}
