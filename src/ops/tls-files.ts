// Reads the files that TLS with clients needs. Must never open anything but a regular file (a pipe or a device would keep the start waiting), nor
// read more than certificates can have.
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { codeOrText } from '../base/errors.ts';
import type { TlsFile } from '../net/tls-material.ts';

const LONGEST = 1_048_576;
const OTHERS_READ = 0o004;

export type FileOutcome =
  | { readonly kind: 'read'; readonly file: TlsFile }
  /** Without the path in front. */
  | { readonly kind: 'wrong'; readonly problem: string };

export async function readTlsFile(path: string): Promise<FileOutcome> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = await file.stat();
      if (!stats.isFile()) return { kind: 'wrong', problem: 'that is no file' };
      if (stats.size > LONGEST) return { kind: 'wrong', problem: `it has more than ${LONGEST} bytes` };
      const buffer = Buffer.alloc(stats.size);
      const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
      const text = buffer.toString('latin1', 0, bytesRead);
      return { kind: 'read', file: { path, text, isOpen: (stats.mode & OTHERS_READ) !== 0 } };
    } finally {
      await file.close();
    }
  } catch (error) {
    const code = codeOrText(error);
    if (code === 'ENOENT') return { kind: 'wrong', problem: 'there is no such file' };
    const user = process.geteuid?.() ?? 'this one';
    return {
      kind: 'wrong',
      problem: code === 'EACCES' ? `user ${user} may not read it (EACCES)` : code,
    };
  }
}
