// Making a directory with all that is missing above it, one part after the other, without blocking the event loop. Behind
// util.mkpath. A part that is there already, also as a symbolic link to a directory, is used as it is.

import { mkdir, stat } from 'node:fs/promises';
import { codeOrText } from '../base/errors.ts';

export type MakePathOutcome =
  | { readonly kind: 'made' }
  /** `part` is the directory that could not be made; `code` the error of the operating system, e.g. ENOTDIR. */
  | { readonly kind: 'failed'; readonly part: string; readonly code: string }
  | { readonly kind: 'cancelled' };

/** PATH_MAX of Linux: no longer path can be used anyway. */
const LONGEST = 4096;

async function isDirectory(path: Buffer): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}

/** `path` is latin1 octets; the directories are made with mode 0777 less the umask. */
export async function makePath(path: string, signal: AbortSignal): Promise<MakePathOutcome> {
  if (path === '') return { kind: 'made' };
  if (path.includes('\0')) return { kind: 'failed', part: path, code: 'EINVAL' };
  if (path.length >= LONGEST) return { kind: 'failed', part: path, code: 'ENAMETOOLONG' };
  const octets = Buffer.from(path, 'latin1');
  for (let at = 0; at < octets.length; ) {
    if (signal.aborted) return { kind: 'cancelled' };
    while (octets[at] === 0x2f) at++;
    const slash = octets.indexOf(0x2f, at);
    at = slash < 0 ? octets.length : slash;
    const part = octets.subarray(0, at);
    try {
      await mkdir(part);
    } catch (error) {
      const code = codeOrText(error);
      // EROFS and EACCES come before EEXIST on some file systems.
      if (!(await isDirectory(part))) return { kind: 'failed', part: part.toString('latin1'), code };
    }
  }
  return { kind: 'made' };
}
