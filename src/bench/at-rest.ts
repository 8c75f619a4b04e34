// When nothing goes on in this process any more: what has not come by then comes only when time moves on, or never. No clock is looked at.
//
// It must never say so while a file is being read or another thread is at work for us.
import { pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Turns of the event loop in a row in which nothing is under way. */
const QUIET_TURNS = 3;
/** Jobs for the threads that do what the event loop does not see (zlib), so that each thread has one: node has four of them. */
const JOBS = 8;
/** Milliseconds of work for a thread, about two. */
const ROUNDS = 2000;

const job = promisify(pbkdf2);

/** What a policy's first use of it loads, which the event loop does not see either. */
const loading = (): readonly Promise<unknown>[] => [
  import('../message/change/second-reading.ts'),
  import('iconv-lite'),
];

/** Something is queued here, or asked of the file system. */
function isBusy(): boolean {
  return process
    .getActiveResourcesInfo()
    .some(
      (kind) =>
        kind === 'Immediate' ||
        kind === 'CloseReq' ||
        kind.startsWith('FSReq') ||
        kind.startsWith('FileHandle'),
    );
}

/** True as soon as `isDone` says so, false when nothing goes on any more that the event loop knows of. */
async function quiet(isDone: () => boolean): Promise<boolean> {
  for (let turns = 0; turns < QUIET_TURNS; ) {
    if (isDone()) return true;
    await turn();
    turns = isBusy() ? 0 : turns + 1;
  }
  return isDone();
}

const never = (): boolean => false;

/** Lets what was begun go on as far as it goes by itself, but for the work of other threads. */
export async function settled(): Promise<void> {
  await quiet(never);
}

/** Waits until `isDone`. False when nothing goes on any more and it is not. */
export async function doneOrAtRest(isDone: () => boolean): Promise<boolean> {
  if (await quiet(isDone)) return true;
  // Rare: a case whose policy waits, packed files, or what is loaded when it is first used.
  await Promise.all(loading());
  await Promise.all(Array.from({ length: JOBS }, () => job('', '', ROUNDS, 32, 'sha256')));
  return quiet(isDone);
}
