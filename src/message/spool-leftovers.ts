// Message files of processes that died: the names of the files are transaction ids, which have the number of their process (smtp/server/session-id).
// They are private mail, so they are removed at the next start and when a worker has died; the client has been told nothing and repeats.
import { lstat, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** Time, process, counter, transaction; `.tmp` while the content is being replaced. */
const NAME = /^[0-9A-Za-z]{6}(\d{5}|p[0-9A-Za-z]{4})\d{5}[0-9A-Za-z]{2}(?:\.tmp)?$/;

/** The process that made the file of this name; undefined when it is no name of ours. */
export function processOf(name: string): number | undefined {
  const part = NAME.exec(name)?.[1];
  if (part === undefined) return undefined;
  if (!part.startsWith('p')) return Number(part);
  let pid = 0;
  for (const digit of part.slice(1)) pid = pid * 62 + DIGITS.indexOf(digit);
  return pid;
}

/**
 * Removes the files in `directory` whose process is dead, and gives their number. `isDead` gets the process and when the file was last
 * written (ms since the Epoch). Takes regular files of this user only. Never rejects: what cannot be removed stays.
 */
export async function removeLeftovers(
  directory: string,
  isDead: (pid: number, writtenMs: number) => boolean | Promise<boolean>,
): Promise<number> {
  let removed = 0;
  const names = await readdir(directory).catch(() => []);
  for (const name of names) {
    const pid = processOf(name);
    if (pid === undefined) continue;
    try {
      const path = join(directory, name);
      const file = await lstat(path);
      if (!file.isFile() || file.uid !== (process.geteuid?.() ?? file.uid)) continue;
      if (!(await isDead(pid, file.mtimeMs))) continue;
      await unlink(path);
      removed++;
    } catch {
      // Gone meanwhile, or not ours to remove.
    }
  }
  return removed;
}
