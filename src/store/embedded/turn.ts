// Who opens or closes a store: one process at a time, and while one opens it nobody writes. LMDB's own locks do not see to that, and it loses
// writes and ends processes without it (lmdb 3.5.6, shown by processes that open, count and close in a loop):
//
// - Who opens reads the number of the last transaction from the file, maps it, and then writes that number into the file of locks, without
//   the lock of writers. What was written in between is written over by the next transaction: a lost sum, `mdb_page_touch`, SIGSEGV.
// - Who closes last destroys the locks. Who opens at that moment finds them in use, does not make them anew, and nobody can write from then on.
// - Several who find the same damaged file would each move aside what the one before has just made.
//
// The turn is a symbolic link to the mark of its process, made in one step, so it needs no room on most disks. Writers say that they write
// by a link of their own (write-turn.ts): each makes its own first and then looks for the other's, so one of both sees the other.
import { lstat, readdir, readlink, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../../base/errors.ts';
import { ownMark, stateOfMark } from '../../ops/process-mark.ts';

/** The link of who opens or closes. */
export const OPENING = '.opening';
/** What those of writers begin with; their marks follow. */
export const WRITING = '.writing-';
const CLEARING = '.clearing-';
const AGAIN_MS = 5;
/** A file of a gigabyte is looked at in less. */
const PATIENCE_MS = 30_000;
/** Writers are kept waiting no longer for one of them that does not come to an end, and then have so long. */
const STEP_MS = 1500;
const STEP_BACK_MS = 100;
/** Of a process that cannot be asked for, in another container: nobody has a turn so long. */
const STRANGER_MS = 60_000;

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Is what this mark says over? `link` tells how old it is. */
async function isLeft(link: string, mark: string): Promise<boolean> {
  const state = await stateOfMark(mark);
  if (state !== 'unknown') return state === 'over';
  const found = await lstat(link).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs > STRANGER_MS;
}

/**
 * Removes a turn that a dead process has left. Two who see it must not both remove it: the second would take the turn that a third has
 * got since. So who clears it has a link of its own, named after the dead one, which comes but once.
 */
export async function clearLeft(directory: string, link: string): Promise<void> {
  const mark = await readlink(link).catch(() => undefined);
  if (mark === undefined || !(await isLeft(link, mark))) return;
  const clearing = join(directory, `${CLEARING}${mark.replace(/[^\w.]/g, '_')}`);
  try {
    await symlink(await ownMark(), clearing);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    await clearLeft(directory, clearing);
    return;
  }
  try {
    if ((await readlink(link).catch(() => undefined)) === mark) await rm(link, { force: true });
  } finally {
    await rm(clearing, { force: true });
  }
}

/** Does `work` while no other process opens or closes the store of this directory. Throws when somebody does not come to an end. */
export async function inTurn<T>(
  directory: string,
  work: () => Promise<T>,
  patienceMs = PATIENCE_MS,
): Promise<T> {
  const link = join(directory, OPENING);
  const mark = await ownMark();
  const until = performance.now() + patienceMs;
  for (;;) {
    try {
      await symlink(mark, link);
      break;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
    await clearLeft(directory, link);
    if (performance.now() >= until) throw new Error(await stuck(link, 'opening this store', patienceMs));
    await pause(AGAIN_MS);
  }
  try {
    return await work();
  } finally {
    await rm(link, { force: true }).catch(() => undefined);
  }
}

/**
 * As inTurn, and nobody writes meanwhile: who wants to waits until the turn is over. A writer that does not come to an end keeps the others
 * from writing for a moment only, then they have their turn, and it is tried again. One may hang for long: a process that is killed just when
 * it was to have LMDB's lock of writers can leave another asleep that waits for it too, until a third one wants it, or the watchdog ends it.
 */
export async function inTurnAlone<T>(
  directory: string,
  work: () => Promise<T>,
  { patienceMs = PATIENCE_MS, stepMs = STEP_MS } = {},
): Promise<T> {
  const until = performance.now() + patienceMs;
  for (;;) {
    let writer: string | undefined;
    const done = await inTurn(
      directory,
      async () => {
        writer = await writerLeft(directory, stepMs);
        return writer === undefined ? { result: await work() } : undefined;
      },
      patienceMs,
    );
    if (done !== undefined) return done.result;
    if (performance.now() >= until && writer !== undefined)
      throw new Error(await stuck(join(directory, writer), 'writing to this store', patienceMs));
    await pause(STEP_BACK_MS);
  }
}

/** Who still writes when nobody new could begin for so long; undefined: nobody. */
async function writerLeft(directory: string, ms: number): Promise<string | undefined> {
  const until = performance.now() + ms;
  for (;;) {
    const writers = (await readdir(directory)).filter((name) => name.startsWith(WRITING));
    const [first] = writers;
    if (first === undefined || performance.now() >= until) return first;
    for (const name of writers) {
      const link = join(directory, name);
      // The mark of one that is over comes never again, so this is no other's.
      if (await isLeft(link, name.slice(WRITING.length))) await rm(link, { force: true });
    }
    await pause(1);
  }
}

async function stuck(link: string, what: string, patienceMs: number): Promise<string> {
  const mark = await readlink(link).catch(() => '');
  return `${link}: process ${mark.split('.')[0]} has been ${what} for ${patienceMs / 1000} s; end it if it hangs`;
}
