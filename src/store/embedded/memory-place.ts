// Where stores in memory lie: a directory of this service's own below /dev/shm, where the system has it with room, else where temporary files are. All
// workers have the same one; it goes with the service, and what a service left that was killed goes at the next start.
import { constants } from 'node:fs';
import { access, rm, stat, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RandomInteger } from '../../base/clock.ts';
import { ownedDirectories, ownedPrefix, removeOwned } from '../../ops/owned-directory.ts';

const BASES: readonly string[] = ['/dev/shm', tmpdir()];

const KIND = 'store';

/** Less room is none: where there is so little, the next base is taken. /dev/shm of a container has 64 MiB. */
const LEAST_ROOM = 4 * 1_048_576;

/** May this user make directories there, and is there room? */
async function isUsable(base: string): Promise<boolean> {
  try {
    if (!(await stat(base)).isDirectory()) return false;
    await access(base, constants.W_OK | constants.X_OK);
    const { bavail, bsize } = await statfs(base);
    return bavail * bsize >= LEAST_ROOM;
  } catch {
    return false;
  }
}

/**
 * The path of a directory in memory that is not there yet, for a service whose first process is this one: below the first of `bases` that
 * can be used, else the last, which says why not when it is opened.
 */
export async function memoryDirectory(
  random: RandomInteger,
  bases: readonly string[] = BASES,
): Promise<string> {
  const name = `${await ownedPrefix(KIND)}${random(2 ** 40).toString(36)}`;
  for (const base of bases) if (await isUsable(base)) return join(base, name);
  return join(bases.at(-1) ?? tmpdir(), name);
}

export interface MemoryPlace {
  /** It may not be there yet. */
  path(): Promise<string>;
  /** What is there goes, if this process is the one to remove it. All stores must be closed. */
  close(): Promise<void>;
}

/** That of a service with one process: named when it is first used. */
export function ownMemory(random: RandomInteger): MemoryPlace {
  let path: Promise<string> | undefined;
  return {
    path: () => {
      path ??= memoryDirectory(random);
      return path;
    },
    close: async () => {
      if (path !== undefined) await removeMemoryDirectory(await path);
    },
  };
}

/** That of a service whose main process has named it, and removes it. */
export const givenMemory = (path: string): MemoryPlace => ({
  path: () => Promise.resolve(path),
  close: () => Promise.resolve(),
});

export const removeMemoryDirectory = (path: string): Promise<void> =>
  rm(path, { recursive: true, force: true }).catch(() => undefined);

/** The directories of services of this user that run now. */
export async function findMemory(
  isAlive: (pid: number, madeMs: number) => Promise<boolean>,
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const { path, pid, madeMs } of await ownedDirectories(KIND, BASES))
    if (await isAlive(pid, madeMs)) found.push(path);
  return found;
}

/** Removes what services that are no more have left in memory; gives how many there were. */
export function removeOldMemory(
  isAlive: (pid: number, madeMs: number) => Promise<boolean>,
  bases: readonly string[] = BASES,
): Promise<number> {
  return removeOwned(KIND, bases, isAlive);
}
