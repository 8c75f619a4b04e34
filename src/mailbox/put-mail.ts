// Puts a message into a folder: written to tmp/ and synced, then, under the lock of the uid list, renamed into new/ (cur/ when it has flags) and given
// its uid. The list is a help to who reads; the message is what counts: when the lock cannot be had, or the list cannot be written, the message lies
// there without a line in it, and whoever reads the folder next gives it a uid.
//
// Must never reject, say `stored` before file and directory are synced, or leave a part of a message in new/ or cur/.
import { join } from 'node:path';
import { codeOf } from '../base/errors.ts';
import { applyRights, type FolderRights, isMissing, MAKE, pathOf, syncDirectory, writeAll } from './disk.ts';
import type { Lock } from './dotlock.ts';
import type { Folder } from './folder.ts';
import { addKeywords, numberOf } from './keyword-file.ts';
import { withFlags } from './mail-name.ts';
import type { MailContent, MailFlags } from './port/mail.ts';
import { addToUidList } from './uid-list.ts';

export type PutOutcome =
  /** `base` names it; both uids are undefined when the list could not be written. */
  | {
      readonly kind: 'stored';
      readonly base: string;
      readonly size: number;
      readonly uid: number | undefined;
      readonly uidValidity: number | undefined;
    }
  | { readonly kind: 'aborted' }
  /** It has keywords, and these need the lock. */
  | { readonly kind: 'busy' }
  /** The folder has all the keywords that it can have. */
  | { readonly kind: 'no-keywords' }
  /** `mayBeStored`: it lies in the folder, and is not synced. */
  | { readonly kind: 'failed'; readonly mayBeStored: boolean; readonly error: unknown };

export interface PutWish extends MailFlags {
  readonly content: MailContent;
  readonly internalDate?: number | undefined;
  /** Makes what is missing of the folder; asked only when something is. */
  readonly make: () => Promise<void>;
}

interface Placed {
  readonly directory: string;
  readonly uid?: number;
  readonly uidValidity?: number;
}

/** `name`: nobody else's, of this machine. */
export async function putMail(folder: Folder, name: string, wish: PutWish): Promise<PutOutcome> {
  const { files } = folder.site.parts;
  const temporary = join(folder.path, 'tmp', name);
  let placed: Placed | undefined;
  try {
    const rights = await withFolder(wish, () => folder.rights());
    const file = await withFolder(wish, () => files.open(temporary, MAKE, rights.fileMode));
    let left = true;
    try {
      let sizes: { readonly size: number; readonly virtualSize: number } | undefined;
      try {
        await applyRights(file, rights);
        sizes = await write(file, wish.content, folder.signal);
        if (sizes === undefined) return { kind: 'aborted' };
        if (wish.internalDate !== undefined)
          await file.utimes(wish.internalDate / 1000, wish.internalDate / 1000);
        await file.sync();
      } finally {
        await file.close();
      }
      const base = `${name},S=${sizes.size},W=${sizes.virtualSize}`;
      const outcome = await place(folder, temporary, base, rights, wish);
      if (typeof outcome === 'string') return { kind: outcome };
      placed = outcome;
      left = false;
      await syncDirectory(files, join(folder.path, placed.directory));
      return { kind: 'stored', base, size: sizes.size, uid: placed.uid, uidValidity: placed.uidValidity };
    } finally {
      if (left) await files.unlink(temporary).catch(() => undefined);
    }
  } catch (error) {
    return { kind: 'failed', mayBeStored: placed !== undefined, error };
  }
}

/** From tmp/ to where it is seen, with a uid where that can be. Rejects when it is still in tmp/. */
async function place(
  folder: Folder,
  temporary: string,
  base: string,
  rights: FolderRights,
  wish: PutWish,
): Promise<Placed | 'aborted' | 'busy' | 'no-keywords'> {
  const { files } = folder.site.parts;
  const isPlain = wish.flags.length === 0 && wish.keywords.length === 0;
  const directory = isPlain ? 'new' : 'cur';
  let isPlaced = false;
  const move = async (keywords: readonly number[]): Promise<void> => {
    const fileName = isPlain ? base : withFlags(base, { flags: wish.flags, keywords });
    await withFolder(wish, () => files.rename(temporary, join(folder.path, directory, fileName)));
    isPlaced = true;
  };
  const underLock = async (lock: Lock): Promise<Placed | 'no-keywords' | 'busy'> => {
    const numbers: number[] = [];
    if (wish.keywords.length > 0) {
      const keywords = await addKeywords(folder.site.parts, folder.path, wish.keywords, lock, rights);
      if (keywords === undefined) return 'no-keywords';
      numbers.push(...wish.keywords.flatMap((keyword) => numberOf(keywords, keyword) ?? []));
    }
    await move(numbers);
    return { directory, ...(await addLine(folder, base, rights, lock)) };
  };
  try {
    const outcome = await folder.withLock(rights, underLock);
    if (outcome.kind === 'done') return outcome.value;
    if (outcome.kind === 'aborted') return 'aborted';
  } catch (error) {
    if (!isPlaced && wish.keywords.length > 0) throw error;
  }
  if (isPlaced) return { directory };
  if (wish.keywords.length > 0) return 'busy';
  await move([]);
  return { directory };
}

/** The uid that it got; nothing when the list cannot be written. Never rejects: the message is there. */
async function addLine(
  folder: Folder,
  base: string,
  rights: FolderRights,
  lock: Lock,
): Promise<{ readonly uid: number; readonly uidValidity: number } | undefined> {
  try {
    const outcome = await addToUidList(folder.site.parts, folder.path, [base], lock);
    if (outcome.kind === 'added') return { uid: outcome.firstUid, uidValidity: outcome.uidValidity };
    if (outcome.kind === 'refused') return undefined;
    const known = await folder.takeIn(lock, rights);
    const uid = known?.entries.get(base)?.uid;
    return uid === undefined || known === undefined
      ? undefined
      : { uid, uidValidity: known.header.uidValidity };
  } catch {
    return undefined;
  }
}

/** Makes the folder only when it is missing: the usual case costs no system call for it. */
async function withFolder<T>({ make }: PutWish, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    await make();
    return work();
  }
}

/** Octets written, and what they are with CRLF line ends; undefined when the signal aborted. */
async function write(
  file: Parameters<typeof writeAll>[0],
  content: MailContent,
  signal: AbortSignal,
): Promise<{ readonly size: number; readonly virtualSize: number } | undefined> {
  const counted = new LineEnds();
  for await (const piece of content.pieces ?? content.read()) {
    if (signal.aborted) return undefined;
    counted.push(piece);
    await writeAll(file, piece, null);
  }
  return signal.aborted ? undefined : counted;
}

/** Counts octets, and those that LF without CR would have more as CRLF. */
export class LineEnds {
  size = 0;
  #bare = 0;
  #last = 0;

  get virtualSize(): number {
    return this.size + this.#bare;
  }

  push(piece: Buffer): void {
    for (let at = piece.indexOf(10); at >= 0; at = piece.indexOf(10, at + 1)) {
      if ((at === 0 ? this.#last : piece[at - 1]) !== 13) this.#bare++;
    }
    this.size += piece.length;
    this.#last = piece.at(-1) ?? this.#last;
  }
}

/** Whether the file of a message is there still. */
export async function isFileThere(folder: Folder, directory: string, fileName: string): Promise<boolean> {
  try {
    return (await folder.site.parts.files.lstat(pathOf(join(folder.path, directory), fileName))).isFile();
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
