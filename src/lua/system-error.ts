// Errors of the system as policies know them: the text of the C library and its number, both as values.
import { constants } from 'node:os';

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
  EIO: 'Input/output error',
  EISDIR: 'Is a directory',
  EMFILE: 'Too many open files',
  ENFILE: 'Too many open files in system',
  ENOENT: 'No such file or directory',
  ENOEXEC: 'Exec format error',
  ENOMEM: 'Cannot allocate memory',
  ENOSPC: 'No space left on device',
  ENOTDIR: 'Not a directory',
  ENXIO: 'No such device or address',
  EPERM: 'Operation not permitted',
  EPIPE: 'Broken pipe',
  ESPIPE: 'Illegal seek',
};

const numbers: Readonly<Record<string, number | undefined>> = constants.errno;

/** By name, e.g. `EMFILE`. */
export function systemError(code: string): SystemError {
  return { text: texts[code] ?? code, number: numbers[code] ?? 0 };
}

/** Of an exception of Node.js; EIO when it has no code. */
export function systemErrorOf(error: unknown): SystemError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return systemError(
    code === 'ERR_STREAM_DESTROYED' || code === 'ERR_STREAM_WRITE_AFTER_END' ? 'EPIPE' : code || 'EIO',
  );
}
