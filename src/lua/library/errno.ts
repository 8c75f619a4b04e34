// Error numbers: the C library inside WebAssembly has its own (those of WASI); policies expect those of the system.

import { constants } from 'node:os';
import { codeOf } from '../../base/errors.ts';

/** WASI preview 1 numbers of the errors that file operations give. */
const wasi: Readonly<Record<string, number>> = {
  EACCES: 2,
  EAGAIN: 6,
  EBADF: 8,
  EBUSY: 10,
  EDQUOT: 19,
  EEXIST: 20,
  EFBIG: 22,
  EINTR: 27,
  EINVAL: 28,
  EIO: 29,
  EISDIR: 31,
  ELOOP: 32,
  EMFILE: 33,
  EMLINK: 34,
  ENAMETOOLONG: 37,
  ENFILE: 41,
  ENODEV: 43,
  ENOENT: 44,
  ENOMEM: 48,
  ENOSPC: 51,
  ENOSYS: 52,
  ENOTDIR: 54,
  ENOTEMPTY: 55,
  ENOTSUP: 58,
  ENOTTY: 59,
  ENXIO: 60,
  EOVERFLOW: 61,
  EPERM: 63,
  EPIPE: 64,
  EROFS: 69,
  ESPIPE: 70,
  ETXTBSY: 74,
  EXDEV: 75,
};

/** The WASI number of an exception of node:fs; EIO when it has none. */
export function wasiErrno(error: unknown): number {
  const code = codeOf(error);
  return wasi[code] ?? 29;
}

/** The system's number for a WASI number. */
export const systemErrno: ReadonlyMap<number, number> = new Map(
  Object.entries(wasi).flatMap(([name, number]) => {
    const system = (constants.errno as Readonly<Record<string, number>>)[name];
    return system === undefined ? [] : [[number, system] as const];
  }),
);
