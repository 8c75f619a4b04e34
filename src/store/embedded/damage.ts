// Before LMDB maps a file: is it whole? One that is not is moved aside, and the store begins empty. While another process has it open it is whole
// (that process lives), and must not be touched.
import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { checkFile, checkHeads, HEADS, transactionOf } from './file-check.ts';

/** A larger file is not read as a whole: its heads are looked at, and whether all is there that they speak of. */
const LARGEST_READ = 1_073_741_824;
const TRIES = 3;

/** Does any process hold a lock on this file? LMDB holds one on lock.mdb as long as it is open. */
async function isHeld(path: string): Promise<boolean> {
  const locks = await readFile('/proc/locks', 'latin1').catch(() => '');
  if (locks === '') return false;
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  return found !== undefined && new RegExp(`:${found.ino} `).test(locks);
}

async function headsOf(path: string): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEADS), 0, HEADS, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** What is wrong with the file of a directory; undefined when nothing is, or others use it. Changes nothing. */
export async function damageIn(directory: string, largest = LARGEST_READ): Promise<string | undefined> {
  const path = join(directory, 'data.mdb');
  for (let tried = 0; tried < TRIES; tried++) {
    const found = await stat(path).catch(() => undefined);
    if (found === undefined || found.size === 0) return undefined;
    if (await isHeld(join(directory, 'lock.mdb'))) return undefined;
    const heads = await headsOf(path);
    const check =
      found.size > largest ? checkHeads(heads, found.size) : await checkFile(await readFile(path));
    if (check.kind === 'right') return undefined;
    // Somebody may have written meanwhile.
    const again = await stat(path).catch(() => undefined);
    const isSame = again?.mtimeMs === found.mtimeMs && again.ino === found.ino;
    if (isSame && transactionOf(await headsOf(path)) === transactionOf(heads)) return check.cause;
  }
  return undefined;
}

/** Moves the files of a directory aside; gives where they are. */
export async function moveAside(directory: string, now: number): Promise<string> {
  const date = new Date(now).toISOString().slice(0, 19).replaceAll(':', '-');
  const aside = join(directory, `damaged-${date}`);
  await rename(join(directory, 'data.mdb'), aside);
  await rm(join(directory, 'lock.mdb'), { force: true });
  return aside;
}

/** `onDamage` hears what was wrong and where the file is now. */
export async function moveDamaged(
  directory: string,
  now: number,
  onDamage: (cause: string, aside: string) => void,
  largest = LARGEST_READ,
): Promise<void> {
  const cause = await damageIn(directory, largest);
  if (cause !== undefined) onDamage(cause, await moveAside(directory, now));
}
