// Errors of the system as policies know them: the text of the C library and its number, both as values.

import { constants } from 'node:os';
import { codeOf } from './errors.ts';

export interface SystemError {
  readonly text: string;
  readonly number: number;
}

/** Texts of glibc's strerror, for what files, processes and pipes give. */
const texts: Readonly<Record<string, string>> = {
  E2BIG: 'Argument list too long',
  EACCES: 'Permission denied',
  EAGAIN: 'Resource temporarily unavailable',
  EBADF: 'Bad file descriptor',
  EEXIST: 'File exists',
  EINVAL: 'Invalid argument',
  EIO: 'Input/output error',
  EISDIR: 'Is a directory',
  ELOOP: 'Too many levels of symbolic links',
  EMFILE: 'Too many open files',
  ENAMETOOLONG: 'File name too long',
  ENFILE: 'Too many open files in system',
  ENOENT: 'No such file or directory',
  ENOEXEC: 'Exec format error',
  ENOMEM: 'Cannot allocate memory',
  ENOSPC: 'No space left on device',
  ENOTDIR: 'Not a directory',
  ENOTEMPTY: 'Directory not empty',
  ENXIO: 'No such device or address',
  EPERM: 'Operation not permitted',
  EPIPE: 'Broken pipe',
  EROFS: 'Read-only file system',
  ESPIPE: 'Illegal seek',
  EXDEV: 'Invalid cross-device link',
};

const numbers: Readonly<Record<string, number | undefined>> = constants.errno;

/** By name, e.g. `EMFILE`. */
export function systemError(code: string): SystemError {
  return { text: texts[code] ?? code, number: numbers[code] ?? 0 };
}

/** Of an exception of Node.js; EIO when it has no code. */
export function systemErrorOf(error: unknown): SystemError {
  const code = codeOf(error);
  return systemError(
    code === 'ERR_STREAM_DESTROYED' || code === 'ERR_STREAM_WRITE_AFTER_END' ? 'EPIPE' : code || 'EIO',
  );
}
