// What everything here is made of: the file system, time, chance, and who we are on this machine.
import { hostname } from 'node:os';
import type { Clock, RandomInteger } from '../base/clock.ts';
import { type Files, systemFiles } from './files.ts';
import type { HeadThread } from './head-thread.ts';

export interface MailboxParts {
  readonly files: Files;
  /** Reads header blocks of many messages at once; undefined: nobody does. */
  readonly heads?: Pick<HeadThread, 'read'> | undefined;
  readonly clock: Clock;
  readonly random: RandomInteger;
  /** Part of the names of messages. */
  readonly hostName: string;
  /** The name of the machine (gethostname), as other programs write it into their locks. */
  readonly machine: string;
  readonly processId: number;
  /** Whether this process may give files away, now: what it makes goes to the owner of the folder then. */
  readonly isRoot: () => boolean;
  /** Whether a process of this machine is there. */
  readonly isAlive: (processId: number) => boolean;
}

/** All but what everybody is handed: that of this process and its machine. */
export const ofThisProcess = (): Pick<
  MailboxParts,
  'files' | 'isAlive' | 'isRoot' | 'machine' | 'processId'
> => ({
  files: systemFiles,
  machine: hostname(),
  processId: process.pid,
  isRoot: () => process.geteuid?.() === 0,
  isAlive: isProcessAlive,
});

/** Whether there is such a process; one of another user is there too. */
function isProcessAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}
