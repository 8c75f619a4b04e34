// The private file of a message: made (0600, never an existing one), written whole at fixed positions, replaced. Which pieces go there
// and when is decided by message/spool, the only caller. Everything rejects or throws with the error of the file system.
import { closeSync, constants, fstatSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';

/** Never follows or reuses what is there: names can be guessed by others where the directory is shared. */
const CREATE = constants.O_CREAT | constants.O_EXCL | constants.O_RDWR;
const MODE = 0o600;

export function createFile(path: string): Promise<FileHandle> {
  return open(path, CREATE, MODE);
}

export function reopenFile(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDWR | constants.O_NOFOLLOW);
}

export function openToRead(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
}

/** Writes all of the pieces, in order, from `position` on. */
export async function writeAll(file: FileHandle, pieces: readonly Buffer[], position: number): Promise<void> {
  let at = position;
  for (let rest = pieces; rest.length > 0; ) {
    const { bytesWritten } = await file.writev(rest, at);
    at += bytesWritten;
    rest = behind(rest, bytesWritten);
  }
}

/** What is left of the pieces behind their first `count` octets. */
function behind(pieces: readonly Buffer[], count: number): readonly Buffer[] {
  let left = count;
  for (let i = 0; i < pieces.length; i++) {
    const piece = pieces[i] as Buffer;
    if (left < piece.length) return [piece.subarray(left), ...pieces.slice(i + 1)];
    left -= piece.length;
  }
  return [];
}

/** Makes the file with this content. When that fails there is no file. */
export function createSync(path: string, pieces: readonly Buffer[]): void {
  const descriptor = openSync(path, CREATE, MODE);
  try {
    fillSync(descriptor, pieces, 0);
  } catch (error) {
    unlinkSync(path);
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

/** Writes into the file that we have made: one that is not there, or is a link, is an error. */
export function writeMoreSync(path: string, pieces: readonly Buffer[], position: number): void {
  const descriptor = openSync(path, constants.O_WRONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const { uid, nlink, mode } = fstatSync(descriptor);
    // Where others may write, somebody could have put another file in its place.
    const ours =
      (mode & constants.S_IFMT) === constants.S_IFREG && uid === process.geteuid?.() && nlink === 1;
    if (!ours) throw Object.assign(new Error(`${path} is not the file that was made`), { code: 'EEXIST' });
    fillSync(descriptor, pieces, position);
  } finally {
    closeSync(descriptor);
  }
}

function fillSync(descriptor: number, pieces: readonly Buffer[], position: number): void {
  let at = position;
  for (const piece of pieces) {
    for (let written = 0; written < piece.length; ) {
      const count = writeSync(descriptor, piece, written, piece.length - written, at);
      written += count;
      at += count;
    }
  }
}

/**
 * Puts a file with this content in the place of the one at `path`, and gives its size. `beforeRename` runs when everything is written;
 * when it rejects, or anything fails, the old file stays and nothing else is left.
 */
export async function replaceFile(
  path: string,
  content: Iterable<Buffer> | AsyncIterable<Buffer>,
  beforeRename: () => Promise<void>,
): Promise<number> {
  const temporary = `${path}.tmp`;
  const file = await createFile(temporary);
  let position = 0;
  try {
    for await (const piece of content) {
      await writeAll(file, [piece], position);
      position += piece.length;
    }
    await file.close();
    await beforeRename();
    await rename(temporary, path);
  } catch (error) {
    await file.close().catch(() => undefined);
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  return position;
}
