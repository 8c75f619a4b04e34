// Removes what dead processes left: files in the spool directory, commands of policies. Says so in the log.

import type { Log } from '../base/log.ts';
import { removeLeftovers } from '../message/spool-leftovers.ts';
import { killLeftCommands } from '../ops/left-commands.ts';
import { canOwn, isRunning } from '../ops/process-life.ts';
import { removeOldMemory } from '../store/embedded/memory-place.ts';

async function remove(
  directory: string,
  log: Log,
  isDead: (pid: number, writtenMs: number) => boolean | Promise<boolean>,
): Promise<void> {
  if (directory === '') return;
  const files = await removeLeftovers(directory, isDead);
  if (files > 0) log.emit('leftover-files', { files, directory });
}

async function endCommands(log: Log, isDead: (pid: number) => boolean | Promise<boolean>): Promise<void> {
  const commands = await killLeftCommands(isDead);
  if (commands > 0) log.emit('leftover-commands', { commands });
}

/** At start, before this process makes any: what every process left that is no more. */
export async function removeOldLeftovers(directory: string, log: Log): Promise<void> {
  await remove(directory, log, async (pid, writtenMs) => !(await canOwn(pid, writtenMs)));
  const stores = await removeOldMemory(canOwn);
  if (stores > 0) log.emit('leftover-stores', { stores });
  await endCommands(log, async (pid) => pid === process.pid || !(await isRunning(pid)));
}

/** A process of ours has ended: what it left. */
export async function removeLeftoversOf(pid: number, directory: string, log: Log): Promise<void> {
  await remove(directory, log, (owner) => owner === pid);
  await endCommands(log, (owner) => owner === pid);
}
