// Directories of a process in a place that many use (/dev/shm, /tmp): the name says whose each is, so that what a process left that was killed can be told
// from what one that runs has.
import { lstat, readdir, readlink, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** `store`: stores in memory; `test`: what policies are tried with. */
export type OwnedKind = 'store' | 'test';

const kindPrefix = async (kind: OwnedKind): Promise<string> => {
  // Processes of another container may have the same numbers.
  const space = await readlink('/proc/self/ns/pid').catch(() => '');
  return `smtpe-${kind}-${process.geteuid?.() ?? 0}-${space.replace(/\D/g, '')}-`;
};

/** What the name of a directory of this process begins with; letters and digits that nobody can guess are to follow. */
export const ownedPrefix = async (kind: OwnedKind): Promise<string> =>
  `${await kindPrefix(kind)}${process.pid}-`;

export interface OwnedDirectory {
  readonly path: string;
  readonly pid: number;
  /** Milliseconds since the Epoch when something in it was made last. */
  readonly madeMs: number;
}

/** Those of this user, of processes that run and of others. */
export async function ownedDirectories(
  kind: OwnedKind,
  bases: readonly string[],
): Promise<readonly OwnedDirectory[]> {
  const prefix = await kindPrefix(kind);
  const all: OwnedDirectory[] = [];
  for (const base of bases) {
    for (const name of await readdir(base).catch(() => [])) {
      const pid = name.startsWith(prefix) ? /^(\d+)-\w+$/.exec(name.slice(prefix.length))?.[1] : undefined;
      if (pid === undefined) continue;
      const path = join(base, name);
      const found = await lstat(path).catch(() => undefined);
      if (found === undefined || !found.isDirectory() || found.uid !== process.geteuid?.()) continue;
      all.push({ path, pid: Number(pid), madeMs: found.mtimeMs });
    }
  }
  return all;
}

/** Removes those of processes that are no more; gives how many there were. */
export async function removeOwned(
  kind: OwnedKind,
  bases: readonly string[],
  isAlive: (pid: number, madeMs: number) => Promise<boolean>,
): Promise<number> {
  let removed = 0;
  for (const { madeMs, path, pid } of await ownedDirectories(kind, bases)) {
    if (await isAlive(pid, madeMs)) continue;
    await rm(path, { recursive: true, force: true }).catch(() => undefined);
    removed++;
  }
  return removed;
}
