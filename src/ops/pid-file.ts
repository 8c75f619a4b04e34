// The file with the process number: never written through a symbolic link or over a file that is not ours, replaced when the process in
// it is dead, removed only while it holds our number.

import { constants } from 'node:fs';
import { lstat, open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codeOf, textOf } from '../base/errors.ts';
import { canOwn } from './process-life.ts';

const MODE = 0o644;
/** A process number and a line end are shorter. */
const LONGEST = 32;

/** What stands in the file, or undefined when there is none. Rejects when it cannot be read or is a symbolic link. */
async function read(path: string): Promise<string | undefined> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(LONGEST), 0, LONGEST, 0);
      return buffer.toString('latin1', 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** What keeps us from replacing the file that is there, or undefined. */
async function obstacle(path: string): Promise<string | undefined> {
  const there = await lstat(path);
  if (!there.isFile()) {
    if (there.isDirectory()) return 'that is a directory; name a file in it';
    return there.isSymbolicLink()
      ? 'that is a symbolic link, which is not written to; remove it or name another file'
      : 'that is something else than a file; remove it or name another file';
  }
  const text = (await read(path)) ?? '';
  if (!/^\s*\d{0,10}\s*$/.test(text)) {
    return 'what is in that file is no process number, so it is not overwritten; remove it or name another file';
  }
  const pid = Number(text.trim());
  if (pid > 0 && (await canOwn(pid, there.mtimeMs))) {
    return `process ${pid} has written it and is running; stop that one or name another file`;
  }
  return undefined;
}

async function create(path: string): Promise<'made' | 'exists'> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
  try {
    const file = await open(path, flags, MODE);
    try {
      await file.write(`${process.pid}\n`);
    } finally {
      await file.close();
    }
    return 'made';
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return 'exists';
    throw error;
  }
}

/** Writes our process number. Gives what is wrong, or undefined. Never rejects. */
export async function writePidFile(path: string): Promise<string | undefined> {
  try {
    if ((await create(path)) === 'made') return undefined;
    const problem = await obstacle(path);
    if (problem !== undefined) return `pid-file=${path}: ${problem}`;
    await unlink(path);
    if ((await create(path)) === 'made') return undefined;
    return `pid-file=${path}: another process has just written it`;
  } catch (error) {
    const missing =
      codeOf(error) === 'ENOENT' ? `there is no directory ${dirname(path)}; make it` : undefined;
    return `pid-file=${path}: ${missing ?? textOf(error)}`;
  }
}

/** Removes the file when it holds our number. Never rejects. */
export async function removePidFile(path: string): Promise<void> {
  try {
    if ((await read(path))?.trim() === String(process.pid)) await unlink(path);
  } catch {
    // It is a link now, or cannot be read: not what we wrote.
  }
}
