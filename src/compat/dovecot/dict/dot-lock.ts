// The lock of a file that is replaced as a whole: PATH.lock, made by whoever writes, which gets the new content and takes the place of the file.
// Dovecot does the same with the same names, so that both may write the same file.
//
// Must never take a lock away that somebody has held for less than STALE_MS, or leave one behind that it holds.
import { type FileHandle, link, lstat, open, rename, unlink } from 'node:fs/promises';
import type { Clock, RandomInteger } from '../../../base/clock.ts';
import { pause } from '../../../base/clock.ts';
import { codeOf, codeOrText } from '../../../base/errors.ts';

/** A lock that nobody has touched for so long is one of a process that died. Milliseconds, as in Dovecot. */
export const STALE_MS = 60_000;
/** Nobody waits longer. Milliseconds, as in Dovecot. */
const LONGEST_WAIT_MS = 120_000;
const FIRST_PAUSE_MS = 2;
const LONGEST_PAUSE_MS = 50;

export interface LockParts {
  readonly clock: Clock;
  readonly random: RandomInteger;
}

export interface DotLock {
  readonly kind: 'locked';
  /** For the new content. */
  readonly file: FileHandle;
  /** The new content is in the file: it takes the place of the old one. What is wrong when it cannot; then all is as before. */
  replace(): Promise<string | undefined>;
  /** Gives it up; the old content stays. Harmless after `replace`. */
  release(): Promise<void>;
}

export type LockOutcome = DotLock | { readonly kind: 'failed'; readonly cause: string };

const octets = (path: string): Buffer => Buffer.from(path, 'latin1');

/** Whether the lock is old, and which file it is. */
async function ageOf(
  lock: string,
  now: number,
): Promise<{ readonly inode: bigint; readonly age: number } | undefined> {
  try {
    const { ino, mtimeMs, ctimeMs } = await lstat(octets(lock), { bigint: true });
    return { inode: ino, age: now - Math.max(Number(mtimeMs), Number(ctimeMs)) };
  } catch {
    return undefined;
  }
}

/** Takes an old lock out of the way under a name of its own, so that of two who want to only one has removed what was old. */
async function removeStale(lock: string, inode: bigint, random: RandomInteger): Promise<void> {
  const aside = `${lock}.${process.pid}.${random(2 ** 32).toString(16)}`;
  try {
    const present = await lstat(octets(lock), { bigint: true });
    if (present.ino !== inode) return;
    await rename(octets(lock), octets(aside));
    // Another one may have come to lie there meanwhile: it is put back.
    if ((await lstat(octets(aside), { bigint: true })).ino !== inode) await link(octets(aside), octets(lock));
    await unlink(octets(aside));
  } catch {
    // Somebody else was quicker.
  }
}

function held(path: string, lock: string, file: FileHandle): DotLock {
  let isOver = false;
  const release = async (): Promise<void> => {
    if (isOver) return;
    isOver = true;
    const isOurs = await ownsStill(lock, file);
    await file.close().catch(() => undefined);
    if (isOurs) await unlink(octets(lock)).catch(() => undefined);
  };
  return {
    kind: 'locked',
    file,
    release,
    replace: async () => {
      if (!(await ownsStill(lock, file))) {
        await release();
        return `${lock} was taken away`;
      }
      try {
        await rename(octets(lock), octets(path));
      } catch (error) {
        await release();
        return `rename ${lock}: ${codeOrText(error)}`;
      }
      isOver = true;
      await file.close().catch(() => undefined);
      return undefined;
    },
  };
}

async function ownsStill(lock: string, file: FileHandle): Promise<boolean> {
  try {
    const [ours, there] = await Promise.all([
      file.stat({ bigint: true }),
      lstat(octets(lock), { bigint: true }),
    ]);
    return ours.ino === there.ino && ours.dev === there.dev;
  } catch {
    return false;
  }
}

/** Waits for its turn. `path` is latin1. Never rejects. */
export async function takeLock(
  path: string,
  signal: AbortSignal,
  { clock, random }: LockParts,
): Promise<LockOutcome> {
  const lock = `${path}.lock`;
  const began = clock.monotonic();
  for (let wait = FIRST_PAUSE_MS; ; wait = Math.min(LONGEST_PAUSE_MS, wait * 2)) {
    if (signal.aborted) return { kind: 'failed', cause: 'cancelled' };
    try {
      const file = await open(octets(lock), 'wx', 0o600);
      return held(path, lock, file);
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') return { kind: 'failed', cause: `${lock}: ${codeOrText(error)}` };
    }
    const found = await ageOf(lock, clock.now());
    if (found !== undefined && found.age > STALE_MS) {
      await removeStale(lock, found.inode, random);
      continue;
    }
    if (clock.monotonic() - began > LONGEST_WAIT_MS)
      return { kind: 'failed', cause: `${lock} has been there for ${LONGEST_WAIT_MS / 1000} s` };
    await pause(wait + random(wait), clock, signal);
  }
}
