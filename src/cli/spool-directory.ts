// Where message files are when nobody says so (spool-dir=auto): never a directory that others may write to. /var/spool/smtpe where we may use it,
// as root made by us; else a directory of this user's own where the system keeps temporary files.
import { accessSync, constants, statSync } from 'node:fs';
import { lstat, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Options } from '../options/options.ts';

const AUTO = 'auto';
/** Where message files are when root or the package has made it. */
export const SYSTEM_SPOOL = '/var/spool/smtpe';

function isUsable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function ownUser(): number | undefined {
  return process.geteuid?.();
}

/** Puts the directory that spool-dir=auto means in its place; looked up once, at the start and when options are read again. */
export function settleSpoolDirectory(options: Options): void {
  if (options.values['spool-dir'] !== AUTO) return;
  const user = ownUser();
  const system = user === 0 || isUsable(SYSTEM_SPOOL);
  options.set(
    'spool-dir',
    system ? SYSTEM_SPOOL : join(tmpdir(), `smtpe-${user ?? 'user'}`),
    options.origin('spool-dir'),
  );
}

/** Makes the directory that nobody named, if it is not there, and gives what is wrong with it: that it is not ours alone. */
export async function privateDirectoryProblem(path: string): Promise<string | undefined> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  if (path === SYSTEM_SPOOL) return undefined;
  const found = await lstat(path);
  const ours = found.isDirectory() && found.uid === ownUser() && (found.mode & 0o077) === 0;
  return ours ? undefined : 'it is not a directory that only this user may use; remove it, or set spool-dir';
}
