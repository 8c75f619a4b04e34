// Removes what dead processes left in the spool directory, and says so in the log.
import { removeLeftovers } from '../message/spool-leftovers.ts';
import type { Log } from '../ops/log.ts';
import { canOwn } from '../ops/process-life.ts';

async function remove(
  directory: string,
  log: Log,
  isDead: (pid: number, writtenMs: number) => boolean | Promise<boolean>,
): Promise<void> {
  if (directory === '') return;
  const files = await removeLeftovers(directory, isDead);
  if (files > 0) log.write('notice', 'message files of a process that died removed', { files, directory });
}

/** At start, before this process makes any: the files of every process that is no more. */
export function removeOldLeftovers(directory: string, log: Log): Promise<void> {
  return remove(directory, log, async (pid, writtenMs) => !(await canOwn(pid, writtenMs)));
}

/** A process of ours has ended: what it left. */
export function removeLeftoversOf(pid: number, directory: string, log: Log): Promise<void> {
  return remove(directory, log, (owner) => owner === pid);
}
