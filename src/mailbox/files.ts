// What mailboxes need of the file system, handed in so that every call can fail in a test. Nothing synchronous: the event loop never waits for a disk.
import * as fs from 'node:fs/promises';

export type Files = Pick<
  typeof fs,
  'link' | 'lstat' | 'mkdir' | 'open' | 'opendir' | 'rename' | 'rm' | 'rmdir' | 'stat' | 'unlink' | 'utimes'
>;

export const systemFiles: Files = fs;
