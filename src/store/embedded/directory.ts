// Where an embedded store may lie: a directory that nobody else may write to, on a file system of this machine (LMDB maps its file and forbids
// others).
import { constants } from 'node:fs';
import { access, mkdir, open, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { codeOf, textOf } from '../../base/errors.ts';
import { makePath } from '../../ops/make-path.ts';

/** f_type of statfs(2): file systems over a network, or whose maps nobody answers for. */
const remote: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
  [0x5346414f, 'AFS'],
  [0x73757245, 'Coda'],
  [0x01021997, '9P'],
  [0x00c36400, 'Ceph'],
  [0x0bd00bd0, 'Lustre'],
  [0x19830326, 'BeeGFS'],
  [0x786f4256, 'vboxsf'],
  [0x65735546, 'FUSE'],
]);

const MODE = 0o700;

/** What is wrong with a directory that is there, and what would be right. */
async function unfit(path: string): Promise<string | undefined> {
  const found = await stat(path);
  const user = process.geteuid?.();
  if (!found.isDirectory()) return `${path} is no directory`;
  if (user !== undefined && found.uid !== user) {
    return `${path} belongs to user ${found.uid} and this is user ${user}: run this as that user, or change the owner of ${path}`;
  }
  if ((found.mode & 0o022) !== 0) return `others may write to ${path}; chmod 700 ${path}`;
  return remoteProblem(path, path);
}

/** `there` is where `path` is, or will be. */
async function remoteProblem(path: string, there: string): Promise<string | undefined> {
  const kind = remote.get(Number((await statfs(there)).type));
  return kind === undefined
    ? undefined
    : `${path} is on a file system that other machines or programs answer for (${kind}), and LMDB needs one of this machine; take another directory, or Redis for several machines`;
}

const unwritable = (path: string, cause: string): string =>
  `${path}: ${cause}; it must be a directory that this user may write to`;

/** Makes the directory if it is not there; gives what is wrong with it, and what would be right. */
export async function directoryProblem(path: string): Promise<string | undefined> {
  try {
    const above = await makePath(Buffer.from(dirname(path)).toString('latin1'), new AbortController().signal);
    if (above.kind === 'failed') return unwritable(path, above.code);
    await mkdir(path, { mode: MODE }).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error;
    });
    const problem = await unfit(path);
    if (problem !== undefined) return problem;
    await tryFile(path);
    return undefined;
  } catch (error) {
    return unwritable(path, textOf(error));
  }
}

/** As directoryProblem, for who only looks: makes nothing. Where it is not there yet, the nearest directory above it tells. */
export async function directoryOutlook(path: string): Promise<string | undefined> {
  for (let there = path; ; there = dirname(there)) {
    try {
      const found = await stat(there);
      if (!found.isDirectory()) return `${there} is no directory`;
      const problem = there === path ? await unfit(path) : await remoteProblem(path, there);
      if (problem !== undefined) return problem;
      await access(there, constants.R_OK | constants.W_OK | constants.X_OK);
      return undefined;
    } catch (error) {
      if (codeOf(error) === 'ENOENT' && there !== dirname(there)) continue;
      return unwritable(path, textOf(error));
    }
  }
}

/** A disk that is only read says so now. One that is full is no reason not to start. */
async function tryFile(path: string): Promise<void> {
  const name = join(path, `.try-${process.pid}`);
  try {
    const file = await open(name, 'wx', 0o600);
    await file.close();
  } catch (error) {
    if (codeOf(error) === 'ENOSPC' || codeOf(error) === 'EDQUOT' || codeOf(error) === 'EEXIST') return;
    throw error;
  } finally {
    await rm(name, { force: true }).catch(() => undefined);
  }
}

/** Octets that a store may have there: what it has, and a part of what is free. */
export async function roomAt(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  const own = await stat(join(path, 'data.mdb')).then(
    ({ size }) => size,
    () => 0,
  );
  // What LMDB keeps for the next transactions needs room too.
  return 0.7 * (bavail * bsize + own);
}

const LOCK_LENGTH = 16_384;
/** A new file, with its tables. */
const NEW_LENGTH = 131_072;

/** LMDB ends the process when it cannot write the first pages of a new file. Throws when there is no room for them. */
export async function tryNewFile(path: string): Promise<void> {
  const length = await stat(join(path, 'data.mdb')).then(
    ({ size }) => size,
    () => 0,
  );
  if (length > 0) return;
  const name = join(path, `.room-${process.pid}`);
  try {
    // One that a killed process of this number has left is written over.
    await writeFile(name, Buffer.alloc(NEW_LENGTH, 1), { mode: 0o600 });
  } finally {
    await rm(name, { force: true });
  }
}

/**
 * The file of locks is mapped, and a file with holes would end the process when the disk is full: it is written before LMDB makes it. Throws
 * when there is no room.
 */
export async function makeLockFile(path: string): Promise<void> {
  let file: Awaited<ReturnType<typeof open>>;
  try {
    file = await open(join(path, 'lock.mdb'), 'wx', 0o600);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return;
    throw error;
  }
  try {
    await file.writeFile(Buffer.alloc(LOCK_LENGTH));
  } catch (error) {
    await rm(join(path, 'lock.mdb'), { force: true });
    throw error;
  } finally {
    await file.close();
  }
}
