// The private file of a message: made (0600, never an existing one), written whole at fixed positions, replaced. Which pieces go there
// and when is decided by message/spool, the only caller. Everything rejects or throws with the error of the file system.
import { closeSync, constants, openSync, unlinkSync, writeSync } from 'node:fs';
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';

/** Never follows or reuses what is there: names can be guessed by others where the directory is shared. */
const CREATE = constants.O_CREAT | constants.O_EXCL | constants.O_RDWR;
const MODE = 0o600;

/** Octets and where in the file they belong. */
export interface Placed {
  readonly position: number;
  readonly piece: Buffer;
}

/** The pieces one behind the other, from the beginning of the file. */
export function placed(pieces: readonly Buffer[]): Placed[] {
  let position = 0;
  return pieces.map((piece) => {
    const at = position;
    position += piece.length;
    return { position: at, piece };
  });
}

export function createFile(path: string): Promise<FileHandle> {
  return open(path, CREATE, MODE);
}

export function reopenFile(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDWR | constants.O_NOFOLLOW);
}

export function openToRead(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
}

export async function writeAll(file: FileHandle, pieces: readonly Buffer[], position: number): Promise<void> {
  const all = pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces);
  let written = 0;
  while (written < all.length) {
    const { bytesWritten } = await file.write(all, written, all.length - written, position + written);
    written += bytesWritten;
  }
}

/** Makes the file with this content. When that fails there is no file. */
export function createSync(path: string, pieces: readonly Placed[]): void {
  const descriptor = openSync(path, CREATE, MODE);
  try {
    fillSync(descriptor, pieces);
  } catch (error) {
    unlinkSync(path);
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

/** Writes into the file that was made, or is being made at this moment. */
export function writeMoreSync(path: string, pieces: readonly Placed[]): void {
  const descriptor = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW, MODE);
  try {
    fillSync(descriptor, pieces);
  } finally {
    closeSync(descriptor);
  }
}

function fillSync(descriptor: number, pieces: readonly Placed[]): void {
  for (const { position, piece } of pieces) {
    let written = 0;
    while (written < piece.length) {
      written += writeSync(descriptor, piece, written, piece.length - written, position + written);
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
