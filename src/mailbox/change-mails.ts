// Changes of messages that lie in a folder, under the lock of its uid list: flags are the end of a file's name, expunged is a file that is gone. Its line
// stays in the list until that is written anew, so that no uid comes twice.
import { join } from 'node:path';
import { codeOf } from '../base/errors.ts';
import { type FolderRights, pathOf, syncDirectory } from './disk.ts';
import type { Lock } from './dotlock.ts';
import type { Folder } from './folder.ts';
import { type FolderView, scanFolder, type ViewedMail } from './folder-view.ts';
import { addKeywords, type Keywords, nameOf, numberOf } from './keyword-file.ts';
import { flagsOf, sizesOf, withFlags } from './mail-name.ts';
import { countChange } from './modseq.ts';
import type { MailFlags } from './port/mail.ts';
import type { FlagChange } from './port/mailbox.ts';

/** What was done to one message. */
export interface Changed {
  readonly uid: number;
  readonly wasRecent: boolean;
  readonly before: MailFlags;
  readonly after: MailFlags;
}

export interface Expunged {
  readonly uid: number;
  /** Octets, when its name says so. */
  readonly size: number;
}

export type ChangeOutcome<T> =
  /** `error`: what came between; `all` is what was done before. */
  | { readonly kind: 'done'; readonly all: readonly T[]; readonly error?: unknown }
  | { readonly kind: 'busy' | 'aborted' | 'no-keywords' };

/** A file may have another name meanwhile: how often that is looked for. */
const TRIES = 5;

export async function changeFlags(
  folder: Folder,
  view: FolderView,
  uids: ReadonlySet<number>,
  change: FlagChange,
): Promise<ChangeOutcome<Changed>> {
  const rights = await folder.rights();
  const outcome = await folder.withLock(rights, async (lock): Promise<ChangeOutcome<Changed>> => {
    const { parts } = folder.site;
    const names = change.how === 'remove' ? [] : change.keywords;
    const keywords = await addKeywords(parts, folder.path, names, lock, rights);
    if (keywords === undefined) return { kind: 'no-keywords' };
    const { all, error } = await forEach(folder, view, uids, async (mail) => {
      const changed = flagsAfter(mail, change, keywords);
      const fileName = withFlags(mail.fileName, {
        flags: changed.after.flags,
        keywords: changed.numbers,
      });
      if (isSame(changed.before, changed.after)) return undefined;
      const cur = join(folder.path, 'cur');
      const from = pathOf(mail.isNew ? join(folder.path, 'new') : cur, mail.fileName);
      await parts.files.rename(from, pathOf(cur, fileName));
      return { uid: mail.uid, wasRecent: mail.isNew, before: changed.before, after: changed.after };
    });
    return finish(folder, rights, lock, all, error);
  });
  return outcome.kind === 'done' ? outcome.value : outcome;
}

export async function expungeMails(
  folder: Folder,
  view: FolderView,
  uids: ReadonlySet<number>,
): Promise<ChangeOutcome<Expunged>> {
  const rights = await folder.rights();
  const outcome = await folder.withLock(rights, async (lock): Promise<ChangeOutcome<Expunged>> => {
    const { files } = folder.site.parts;
    const { all, error } = await forEach(folder, view, uids, async (mail) => {
      const path = pathOf(join(folder.path, mail.isNew ? 'new' : 'cur'), mail.fileName);
      const size = sizesOf(mail.fileName).size ?? (await files.lstat(path)).size;
      await files.unlink(path);
      return { uid: mail.uid, size };
    });
    return finish(folder, rights, lock, all, error);
  });
  return outcome.kind === 'done' ? outcome.value : outcome;
}

/** With each message that is there, by uid; whoever was renamed by others meanwhile is looked for. */
async function forEach<T>(
  folder: Folder,
  view: FolderView,
  uids: ReadonlySet<number>,
  work: (mail: ViewedMail) => Promise<T | undefined>,
): Promise<{ readonly all: readonly T[]; readonly error?: unknown }> {
  const all: T[] = [];
  let left = view.mails.filter(({ uid }) => uids.has(uid));
  try {
    for (let tries = 0; left.length > 0 && tries < TRIES; tries++) {
      const missing: ViewedMail[] = [];
      for (const mail of left) {
        if (folder.signal.aborted) return { all, error: folder.signal.reason };
        try {
          const done = await work(mail);
          if (done !== undefined) all.push(done);
        } catch (error) {
          if (codeOf(error) !== 'ENOENT') throw error;
          missing.push(mail);
        }
      }
      if (missing.length === 0) break;
      const found = await scanFolder(folder.site.parts, folder.path);
      left = missing.flatMap(({ base, uid }) => {
        const file = found.get(base);
        return file === undefined ? [] : [{ uid, ...file }];
      });
    }
    return { all };
  } catch (error) {
    return { all, error };
  }
}

async function finish<T>(
  folder: Folder,
  rights: FolderRights,
  lock: Lock,
  all: readonly T[],
  error: unknown,
): Promise<ChangeOutcome<T>> {
  if (all.length === 0) return { kind: 'done', all, error };
  const { parts } = folder.site;
  try {
    for (const part of ['new', 'cur']) await syncDirectory(parts.files, join(folder.path, part));
    await countChange(parts, folder.path, lock, rights);
    return { kind: 'done', all, error };
  } catch (late) {
    return { kind: 'done', all, error: error ?? late };
  }
}

/** Flags and keywords as they are called. */
export function namedFlags(fileName: string, keywords: Keywords): MailFlags {
  const { flags, keywords: numbers } = flagsOf(fileName);
  return { flags, keywords: numbers.map((number) => nameOf(keywords, number)) };
}

function flagsAfter(
  mail: ViewedMail,
  { flags, how, keywords: names }: FlagChange,
  keywords: Keywords,
): { readonly before: MailFlags; readonly after: MailFlags; readonly numbers: readonly number[] } {
  const old = flagsOf(mail.fileName);
  const named = names.flatMap((name) => numberOf(keywords, name) ?? []);
  const apply = <T>(before: readonly T[], given: readonly T[]): readonly T[] => {
    switch (how) {
      case 'add':
        return [...new Set([...before, ...given])];
      case 'remove':
        return before.filter((one) => !given.includes(one));
      case 'replace':
        return [...new Set(given)];
    }
  };
  const numbers = [...apply(old.keywords, named)].sort((a, b) => a - b);
  const fileName = withFlags(mail.fileName, { flags: apply(old.flags, flags), keywords: numbers });
  return { before: namedFlags(mail.fileName, keywords), after: namedFlags(fileName, keywords), numbers };
}

const isSame = (a: MailFlags, b: MailFlags): boolean =>
  a.flags.join() === b.flags.join() && a.keywords.join() === b.keywords.join();
