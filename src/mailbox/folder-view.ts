// What lies in a folder, read at once: the files in new/ and cur/, and their uids. Kept as long as the times of both directories, the uid list and the
// keywords are the same, for so many messages altogether.
//
// Must never take a message that is just being renamed for one that is gone.
import type { Dirent } from 'node:fs';
import { join } from 'node:path';
import { eachEntry, type Stamp, sameStamp, stampAt } from './disk.ts';
import { eachInPieces } from './in-pieces.ts';
import { KEYWORDS, type Keywords } from './keyword-file.ts';
import { baseOf, isMailName } from './mail-name.ts';
import type { MailboxParts } from './parts.ts';
import { MAX_ENTRIES, UID_LIST } from './uid-list.ts';

/** A file of a message. */
export interface Found {
  /** With its flags; octets as latin1. */
  readonly fileName: string;
  readonly isNew: boolean;
  /** What names it whatever its flags. */
  readonly base: string;
}

export interface ViewedMail extends Found {
  readonly uid: number;
}

export interface FolderView {
  /** By uid. */
  readonly mails: readonly ViewedMail[];
  readonly uidValidity: number;
  readonly uidNext: number;
  readonly guid: string;
  readonly keywords: Keywords;
}

/** Directories are read again when they change meanwhile, so often. */
const SCANS = 5;
/** Times of files are no finer than this: what changed just before it was read may change again unseen. */
const UNSURE_MS = 1000;
const MAX_KEPT = 100_000;

/** Some file systems do not say what it is: who opens it sees. */
const isNoFile = (entry: Dirent): boolean =>
  !entry.isFile() &&
  (entry.isDirectory() ||
    entry.isSymbolicLink() ||
    entry.isFIFO() ||
    entry.isSocket() ||
    entry.isCharacterDevice() ||
    entry.isBlockDevice());

/** The messages of a folder by their base names. Rejects with ENOENT when there is no such folder. */
export async function scanFolder(parts: MailboxParts, folder: string): Promise<ReadonlyMap<string, Found>> {
  const { files } = parts;
  await files.stat(folder);
  const times = async (): Promise<string> => {
    const stamps = await folderStamps(parts, folder, MESSAGES);
    return stamps.map((stamp) => stamp?.changed).join();
  };
  const all = new Map<string, Found>();
  let before = await times();
  for (let scan = 1; ; scan++) {
    const found = new Map<string, Found>();
    for (const part of MESSAGES) {
      await eachEntry(files, join(folder, part), (entry) => {
        const fileName = entry.name;
        if (!isMailName(fileName) || isNoFile(entry)) return;
        const base = baseOf(fileName);
        const other = found.get(base);
        // One that was moved from new/ to cur/ meanwhile is seen twice. Of two with the same base the first by name is the message.
        if (other === undefined || other.isNew || fileName < other.fileName)
          found.set(base, { fileName, isNew: part === 'new', base });
        if (found.size > MAX_ENTRIES)
          throw Object.assign(new Error(`more than ${MAX_ENTRIES} messages`), { code: 'EFBIG' });
      });
    }
    const after = await times();
    if (after === before) return found;
    await eachInPieces(found, ([base, file]) => all.set(base, file));
    // It never rests: what was seen once is there as far as we know.
    if (scan === SCANS) return all;
    before = after;
  }
}

/** What something was read from. */
export type FolderStamps = readonly (Stamp | undefined)[];

/** What its messages are read from, and what a view is. */
export const MESSAGES = ['new', 'cur'] as const;
export const ALL = [...MESSAGES, UID_LIST, KEYWORDS] as const;

export const folderStamps = (
  { files }: MailboxParts,
  folder: string,
  names: readonly string[],
): Promise<FolderStamps> => Promise.all(names.map((name) => stampAt(files, join(folder, name))));

interface Kept<T> {
  readonly read: T;
  readonly count: number;
  readonly stamps: FolderStamps;
}

/** What was read of folders, each as long as its stamps are the same. */
export class KeptReads<T> {
  /** The least used first. */
  readonly #kept = new Map<string, Kept<T>>();
  #messages = 0;

  find(folder: string, stamps: FolderStamps): T | undefined {
    const kept = this.#kept.get(folder);
    if (kept === undefined) return undefined;
    this.#kept.delete(folder);
    if (!stamps.every((stamp, at) => sameStamp(stamp, kept.stamps[at]))) {
      this.#messages -= kept.count;
      return undefined;
    }
    this.#kept.set(folder, kept);
    return kept.read;
  }

  /** `count`: its messages; `stamps` are from before it was read, `readAt` is when, milliseconds since the Epoch. */
  keep(folder: string, read: T, count: number, stamps: FolderStamps, readAt: number): void {
    this.#messages -= this.#kept.get(folder)?.count ?? 0;
    this.#kept.delete(folder);
    if (stamps.some((stamp) => stamp !== undefined && stamp.changed > readAt - UNSURE_MS)) return;
    if (count > MAX_KEPT) return;
    this.#kept.set(folder, { read, count, stamps });
    this.#messages += count;
    for (const [oldest, old] of this.#kept) {
      if (this.#messages <= MAX_KEPT && this.#kept.size <= MAX_KEPT / 100) break;
      this.#kept.delete(oldest);
      this.#messages -= old.count;
    }
  }
}
