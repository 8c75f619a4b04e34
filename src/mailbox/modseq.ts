// How many changes of flags and expunges were made here in a folder (file `smtpe-modseq`), which together with the next uid makes a number that only
// grows. Written under the lock of the uid list. Mail readers keep a count of their own in files that are theirs.
import { join } from 'node:path';
import { type FolderRights, readLines, replaceFile } from './disk.ts';
import type { Lock } from './dotlock.ts';
import type { MailboxParts } from './parts.ts';

const MODSEQ = 'smtpe-modseq';

/** 0: none yet. A file that says nothing is taken for more changes than there can have been: a second each. */
export async function changesIn({ clock, files }: MailboxParts, folder: string): Promise<number> {
  const lines = await readLines(files, join(folder, MODSEQ), 100);
  if (lines === undefined) return 0;
  const [line = ''] = lines;
  return /^\d{1,15}$/.test(line) ? Number(line) : Math.floor(clock.now() / 1000);
}

/** Rejects with nothing changed. */
export async function countChange(
  parts: MailboxParts,
  folder: string,
  lock: Lock,
  rights: FolderRights,
): Promise<void> {
  const changes = (await changesIn(parts, folder)) + 1;
  const path = join(folder, MODSEQ);
  const pieces = [`${changes}\n`];
  await replaceFile(parts, {
    path,
    temporary: `${path}.tmp`,
    pieces,
    rights,
    isStillAllowed: () => lock.isHeld(),
  });
}
