// Steps on the file system that several have in common: reading in pieces, replacing a file as a whole, making directories, syncing them.
import { constants, type Dir, type Dirent } from 'node:fs';
import { dirname } from 'node:path';
import { codeOf } from '../base/errors.ts';
import type { Files } from './files.ts';
import { inPieces } from './in-pieces.ts';
import type { MailboxParts } from './parts.ts';

const PIECE = 65_536;

/** To read a file that others may have put there: no link is followed, no pipe is waited for. */
export const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
export const CHANGE = constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK;
export const MAKE = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_NOFOLLOW;
const REPLACE = constants.O_CREAT | constants.O_TRUNC | constants.O_WRONLY | constants.O_NOFOLLOW;

type OpenFile = Awaited<ReturnType<Files['open']>>;

/** The path of a name that is octets (latin1). */
export function pathOf(directory: string, name: string): string | Buffer {
  if (/^[\x00-\x7f]*$/.test(name)) return `${directory}/${name}`;
  return Buffer.concat([Buffer.from(`${directory}/`), Buffer.from(name, 'latin1')]);
}

/** What tells a file from what it was before. */
export interface Stamp {
  readonly device: number;
  readonly inode: number;
  readonly size: number;
  readonly changed: number;
}

export const stampOf = (facts: {
  readonly dev: number;
  readonly ino: number;
  readonly size: number;
  readonly mtimeMs: number;
}): Stamp => ({ device: facts.dev, inode: facts.ino, size: facts.size, changed: facts.mtimeMs });

export const sameStamp = (a: Stamp | undefined, b: Stamp | undefined): boolean =>
  a === b ||
  (a !== undefined &&
    b !== undefined &&
    a.device === b.device &&
    a.inode === b.inode &&
    a.size === b.size &&
    a.changed === b.changed);

/** undefined: it is not there. Rejects with any other error. */
export async function stampAt(files: Files, path: string): Promise<Stamp | undefined> {
  try {
    return stampOf(await files.stat(path));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

export const isMissing = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(codeOf(error));

export interface OpenedText {
  readonly stamp: Stamp;
  /** Lines without their ends (LF or CRLF), latin1; some hundred at once, and between them others get their turn. */
  readonly lines: AsyncIterable<readonly string[]>;
  /** What stands behind the last line end; known when `lines` is over. */
  rest(): string;
}

/** Reads a text file, `work` as long as it is open. undefined: it is not there. Rejects with EISDIR for what is no file, EFBIG above `most` octets. */
export async function readText<T>(
  files: Files,
  path: string,
  most: number,
  work: (text: OpenedText) => Promise<T>,
): Promise<T | undefined> {
  let file: OpenFile;
  try {
    file = await files.open(path, READ);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  try {
    const facts = await file.stat();
    if (!facts.isFile()) throw Object.assign(new Error(`${path} is no file`), { code: 'EISDIR' });
    if (facts.size > most) throw Object.assign(new Error(`${path} is too long`), { code: 'EFBIG' });
    let rest = '';
    async function* lines(): AsyncGenerator<readonly string[]> {
      const buffer = Buffer.allocUnsafe(PIECE);
      for (let at = 0; at < most; ) {
        const { bytesRead } = await file.read(buffer, 0, PIECE, at);
        if (bytesRead === 0) return;
        at += bytesRead;
        const all = (rest + buffer.toString('latin1', 0, bytesRead)).split('\n');
        rest = all.pop() ?? '';
        if (rest.length > PIECE) rest = rest.slice(0, PIECE);
        for await (const some of inPieces(all))
          yield some.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
      }
    }
    return await work({ stamp: stampOf(facts), lines: lines(), rest: () => rest });
  } finally {
    await file.close();
  }
}

/**
 * Gives what lies in a directory to `work`, names as latin1, some hundred for each call of the system; nothing when it is not there. Rejects with what
 * `work` throws. By callbacks: a folder has thousands, and a promise for each takes longer than all the rest.
 */
export async function eachEntry(files: Files, path: string, work: (entry: Dirent) => void): Promise<void> {
  let directory: Dir;
  try {
    directory = await files.opendir(path, { encoding: 'latin1', bufferSize: 512 });
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  try {
    await new Promise<void>((resolve, reject) => {
      const take = (error: Error | null, entry: Dirent | null): void => {
        if (error !== null) reject(error);
        else if (entry === null) resolve();
        else {
          try {
            work(entry);
          } catch (wrong) {
            reject(wrong);
            return;
          }
          directory.read(take);
        }
      };
      directory.read(take);
    });
  } catch (error) {
    if (!isMissing(error)) throw error;
  } finally {
    await directory.close();
  }
}

/** All lines of a short file, the last one too when its end is missing; undefined: it is not there. */
export function readLines(files: Files, path: string, most: number): Promise<readonly string[] | undefined> {
  return readText(files, path, most, async ({ lines, rest }) => {
    const all: string[] = [];
    for await (const some of lines) all.push(...some);
    if (rest() !== '') all.push(rest());
    return all;
  });
}

/** Mode and owner of what is made in a folder: those of the folder, without the right to enter. */
export interface FolderRights {
  readonly fileMode: number;
  readonly directoryMode: number;
  /** Whom it is given to; undefined: it stays ours. */
  readonly owner: { readonly user: number; readonly group: number } | undefined;
}

export async function rightsOf({ files, isRoot }: MailboxParts, path: string): Promise<FolderRights> {
  const { gid, mode, uid } = await files.stat(path);
  return {
    fileMode: mode & 0o666,
    directoryMode: mode & 0o777,
    owner: isRoot() && uid !== 0 ? { user: uid, group: gid } : undefined,
  };
}

export async function applyRights(file: OpenFile, { fileMode, owner }: FolderRights): Promise<void> {
  // The mask of the process may have taken rights of the group.
  if ((fileMode & 0o077) !== 0) await file.chmod(fileMode);
  if (owner !== undefined) await file.chown(owner.user, owner.group);
}

/** All of it, however little a call takes. */
export async function writeAll(file: OpenFile, octets: Buffer, position: number | null): Promise<void> {
  for (let written = 0; written < octets.length; ) {
    const at = position === null ? null : position + written;
    written += (await file.write(octets, written, octets.length - written, at)).bytesWritten;
  }
}

export interface Replacement {
  readonly path: string;
  /** In the same directory; one that lies there is overwritten. Whoever replaces holds the lock. */
  readonly temporary: string;
  readonly pieces: Iterable<string>;
  readonly rights: FolderRights;
  /** Milliseconds since the Epoch; undefined: now. */
  readonly changed?: number | undefined;
  /** Asked at last: false, and nothing is replaced. */
  readonly isStillAllowed: () => Promise<boolean>;
}

/** Replaces a file as a whole, synced; false when it was not allowed any more. Rejects with nothing changed. */
export async function replaceFile(parts: MailboxParts, replacement: Replacement): Promise<boolean> {
  const { files } = parts;
  const { path, temporary } = replacement;
  const file = await files.open(temporary, REPLACE, replacement.rights.fileMode);
  let done = false;
  try {
    try {
      await applyRights(file, replacement.rights);
      for (const piece of replacement.pieces) await writeAll(file, Buffer.from(piece, 'latin1'), null);
      if (replacement.changed !== undefined) {
        const seconds = replacement.changed / 1000;
        await file.utimes(seconds, seconds);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    if (!(await replacement.isStillAllowed())) return false;
    await files.rename(temporary, path);
    done = true;
  } finally {
    if (!done) await files.unlink(temporary).catch(() => undefined);
  }
  await syncDirectory(files, dirname(path));
  return true;
}

/** Makes what was renamed last; where directories cannot be synced (some network file systems) that is theirs to know. */
export async function syncDirectory(files: Files, path: string): Promise<void> {
  const directory = await files.open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await directory.sync();
  } catch (error) {
    if (codeOf(error) !== 'EINVAL') throw error;
  } finally {
    await directory.close();
  }
}

/**
 * Makes a directory with what is missing above it; gives what it has made, the outermost first. Node's own recursion would never end where a file
 * system says ENOENT although the parent is there (procfs, automounters).
 */
export async function makeDirectory(files: Files, path: string, mode = 0o700): Promise<readonly string[]> {
  try {
    await files.mkdir(path, { mode });
    return [path];
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return [];
    const parent = dirname(path);
    if (codeOf(error) !== 'ENOENT' || parent === path) throw error;
    const above = await makeDirectory(files, parent, mode);
    try {
      await files.mkdir(path, { mode });
      return [...above, path];
    } catch (again) {
      // Another delivery was faster.
      if (codeOf(again) !== 'EEXIST') throw again;
      return above;
    }
  }
}

/** The directory, or the first one above it that is there. Rejects when that cannot be found out. */
export async function nearestDirectory(files: Files, path: string): Promise<string> {
  try {
    await files.stat(path);
    return path;
  } catch (error) {
    const parent = dirname(path);
    if (!isMissing(error) || parent === path) throw error;
    return nearestDirectory(files, parent);
  }
}

/** Opens what we have made just now to give it away; whoever owns the directory above may have put something else there. */
const MADE = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Gives a directory or file that was made just now, and is still ours, the mode and the owner that it has to have. */
export async function giveAway(
  files: Files,
  path: string,
  mode: number,
  owner: FolderRights['owner'],
): Promise<void> {
  if ((mode & 0o077) === 0 && owner === undefined) return;
  const made = await files.open(path, MADE);
  try {
    const facts = await made.stat();
    // Root gives away what root has made, and nothing that somebody has linked there.
    if (owner !== undefined && (facts.uid !== 0 || (facts.isFile() && facts.nlink !== 1))) return;
    // The mask of the process may have taken rights of the group.
    if ((mode & 0o077) !== 0) await made.chmod(mode);
    if (owner !== undefined) await made.chown(owner.user, owner.group);
  } finally {
    await made.close();
  }
}
