// A short text file that several programs change: read, changed and replaced as a whole while `NAME.lock` is held, as Dovecot does with subscriptions
// and with a dictionary in a file.
import { dirname } from 'node:path';
import { readLines, replaceFile, rightsOf } from './disk.ts';
import type { Dotlocks } from './dotlock.ts';
import type { MailboxParts } from './parts.ts';

const WAIT_MS = 4000;
/** After so long without a change the file's lock is taken for left behind, unless it names a process. */
const STALE_MS = 60_000;

export type ChangeFileOutcome =
  | { readonly kind: 'done'; readonly isChanged: boolean }
  | { readonly kind: 'busy' }
  | { readonly kind: 'aborted' };

/**
 * `change` gets the lines (undefined: there is no file) and gives the new ones, undefined: nothing changes. Rejects with errors of the file system
 * and of `change`; then nothing has changed.
 */
export async function changeFile(
  {
    locks,
    parts,
    signal,
  }: { readonly locks: Dotlocks; readonly parts: MailboxParts; readonly signal: AbortSignal },
  path: string,
  most: number,
  change: (lines: readonly string[] | undefined) => readonly string[] | undefined,
): Promise<ChangeFileOutcome> {
  const rights = await rightsOf(parts, dirname(path));
  const taken = await locks.take({ path, waitMs: WAIT_MS, staleMs: STALE_MS, mode: rights.fileMode, signal });
  switch (taken.kind) {
    case 'failed':
      throw taken.error;
    case 'busy':
    case 'aborted':
      return taken;
    case 'locked':
      try {
        const lines = change(await readLines(parts.files, path, most));
        if (lines === undefined) return { kind: 'done', isChanged: false };
        const isChanged = await replaceFile(parts, {
          ...{ path, temporary: `${path}.smtpe`, rights },
          pieces: [lines.map((line) => `${line}\n`).join('')],
          isStillAllowed: () => taken.lock.isHeld(),
        });
        return isChanged ? { kind: 'done', isChanged } : { kind: 'busy' };
      } finally {
        await taken.lock.release();
      }
  }
}
