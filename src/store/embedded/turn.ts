// Who opens a store: one process at a time. Several workers that find the same damaged file would each move aside what the one before has just
// made, and then write into different files. The turn is a symbolic link in the directory, which is made with the number of its process in
// one step.
import { lstat, readlink, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../../base/errors.ts';
import { canOwn } from '../../ops/process-life.ts';

const NAME = '.opening';
const AGAIN_MS = 10;
/** A file of a gigabyte is looked at in less. */
const PATIENCE_MS = 30_000;
/** Times of files are rounded. */
const SLACK_MS = 100;

/** Does a process that is no more have the turn? */
async function isLeft(link: string): Promise<boolean> {
  const found = await lstat(link).catch(() => undefined);
  const pid = Number(await readlink(link).catch(() => ''));
  if (found === undefined || !Number.isInteger(pid) || pid <= 0) return false;
  // One of our own number that is older than we are is that of another who had it.
  if (pid === process.pid) return found.mtimeMs + SLACK_MS < performance.timeOrigin;
  return !(await canOwn(pid, found.mtimeMs));
}

/** Does `work` while nobody else opens the store of this directory. Throws when somebody does not come to an end. */
export async function inTurn<T>(directory: string, work: () => Promise<T>): Promise<T> {
  const link = join(directory, NAME);
  for (let waited = 0; ; waited += AGAIN_MS) {
    try {
      await symlink(String(process.pid), link);
      break;
    } catch (error) {
      // A disk that is full has no room for it: then it has none for a new store either.
      if (codeOf(error) !== 'EEXIST') return work();
    }
    if (await isLeft(link)) await rm(link, { force: true });
    else if (waited >= PATIENCE_MS)
      throw new Error(`${link}: another process has been opening this store for ${PATIENCE_MS / 1000} s`);
    else await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
  try {
    return await work();
  } finally {
    await rm(link, { force: true }).catch(() => undefined);
  }
}
