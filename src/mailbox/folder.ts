// A folder on disk: its directory, its lock, and how what lies in it gets uids. What mailboxes and deliveries do to it is in files of their own.
import { constants } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '../base/errors.ts';
import { Turns } from '../base/turns.ts';
import { type FolderRights, giveAway, makeDirectory, nearestDirectory, rightsOf, stampAt } from './disk.ts';
import { Dotlocks, type Lock } from './dotlock.ts';
import {
  ALL,
  type FolderView,
  type Found,
  folderStamps,
  KeptReads,
  MESSAGES,
  scanFolder,
  type ViewedMail,
} from './folder-view.ts';
import { eachInPieces, sortInPieces } from './in-pieces.ts';
import { readKeywords } from './keyword-file.ts';
import { arrivalOf, compareArrival } from './mail-name.ts';
import { MovedFiles } from './moved-files.ts';
import type { MailboxParts } from './parts.ts';
import { addToUidList, newGuid, newHeader, readUidList, UID_LIST, writeUidList } from './uid-list.ts';
import type { UidEntry, UidListHeader } from './uid-list-text.ts';

/** After so long without a change Dovecot takes a lock of the uid list that names no process for left behind. */
const STALE_MS = 120_000;
/** An empty file, which may be there. */
const MARK = constants.O_CREAT | constants.O_WRONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** Longer than the lock of a dead process stands. */
export const LOCK_WAIT_MS = 4000;
/** Folders that are read at the same time: each may be big. */
const READERS = 4;
/** Lines of messages that are gone are thrown out when there are so many, and more than of those that are there. */
const GONE_LINES = 1000;

export type LockedOutcome<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'busy' | 'aborted' };

/** What the folders of a process share. */
export class FolderSite {
  readonly parts: MailboxParts;
  readonly locks: Dotlocks;
  readonly views = new KeptReads<FolderView>();
  readonly scans = new KeptReads<ReadonlyMap<string, Found>>();
  readonly readers = new Turns(READERS);
  #lastValidity = 0;

  constructor(parts: MailboxParts) {
    this.parts = parts;
    this.locks = new Dotlocks(parts);
  }

  /** Greater than every one before, as a folder that is made again has to have it. */
  nextValidity(): number {
    this.#lastValidity = Math.max(Math.floor(this.parts.clock.now() / 1000), this.#lastValidity + 1);
    return this.#lastValidity;
  }
}

export class Folder {
  readonly site: FolderSite;
  readonly path: string;
  readonly moved: MovedFiles;
  readonly #signal: AbortSignal;

  constructor(site: FolderSite, path: string, signal: AbortSignal) {
    this.site = site;
    this.path = path;
    this.moved = new MovedFiles(site.parts, path);
    this.#signal = signal;
  }

  get signal(): AbortSignal {
    return this.#signal;
  }

  /** Whether it is a folder. Rejects when that cannot be found out. */
  async isThere(): Promise<boolean> {
    return (await stampAt(this.site.parts.files, join(this.path, 'cur'))) !== undefined;
  }

  /**
   * Makes what is missing of it, cur/ at last, which makes it one. A folder is as `inbox`, the directory of INBOX, is; so is what lies in INBOX, for
   * its group; INBOX itself is for its owner alone. What root makes belongs to who owns the next directory above that was there.
   */
  async make(inbox?: string): Promise<void> {
    const { files } = this.site.parts;
    const isInbox = inbox === undefined;
    const above = inbox ?? (await nearestDirectory(files, this.path).catch(() => undefined));
    const model =
      above === undefined ? undefined : await rightsOf(this.site.parts, above).catch(() => undefined);
    const theirs = model?.directoryMode ?? 0o700;
    // Nobody else reads what is new in a directory that everybody may enter.
    const mode = !isInbox ? theirs : above === this.path ? theirs & 0o770 : 0o700;
    const give = (path: string, its = mode): Promise<void> => giveAway(files, path, its, model?.owner);
    for (const made of await makeDirectory(files, this.path, mode)) await give(made);
    if (!isInbox) {
      // What tells a folder of Maildir++ from a mailbox of its own.
      const path = join(this.path, 'maildirfolder');
      const file = await files.open(path, MARK, mode & 0o666);
      await file.close();
      await give(path, mode & 0o666);
    }
    for (const part of ['tmp', 'new', 'cur'])
      for (const made of await makeDirectory(files, join(this.path, part), mode)) await give(made);
  }

  rights(): Promise<FolderRights> {
    return rightsOf(this.site.parts, this.path);
  }

  /** Does it while nobody else changes the uid list. Rejects with what `work` rejects with, and when the lock cannot be made. */
  async withLock<T>(rights: FolderRights, work: (lock: Lock) => Promise<T>): Promise<LockedOutcome<T>> {
    const outcome = await this.site.locks.take({
      path: join(this.path, UID_LIST),
      // Dovecot clears it of what is old.
      scratch: join(this.path, 'tmp'),
      ...{ waitMs: LOCK_WAIT_MS, staleMs: STALE_MS, mode: rights.fileMode, signal: this.#signal },
    });
    switch (outcome.kind) {
      case 'locked':
        try {
          return { kind: 'done', value: await work(outcome.lock) };
        } finally {
          await outcome.lock.release();
        }
      case 'failed':
        throw outcome.error;
      case 'busy':
      case 'aborted':
        return outcome;
    }
  }

  /** What lies in it. Messages without a uid get one; where that is not possible now they are left out, as Dovecot does. */
  view(): Promise<FolderView> {
    return this.site.readers.take(this.#signal, async () => {
      const { parts, views } = this.site;
      const readAt = parts.clock.now();
      const stamps = await folderStamps(parts, this.path, ALL);
      const kept = views.find(this.path, stamps);
      if (kept !== undefined) return kept;
      const [list, found, { keywords }] = [
        await readUidList(parts, this.path),
        await scanFolder(parts, this.path),
        await readKeywords(parts, this.path),
      ];
      if (list.kind === 'foreign') throw new Error(`version ${list.version} of ${UID_LIST} is not known`);
      let known: Known | undefined;
      if (list.kind === 'list') known = { header: list.header, entries: list.entries, nextUid: list.nextUid };
      const isWhole =
        list.kind === 'list' && !list.isDamaged && (await strangersIn(found, list.entries)).length === 0;
      if (!isWhole || isMostlyGone(list.entries.size, found.size)) {
        const taken = await this.#takeIn(found);
        if (taken !== undefined) known = taken;
      }
      const view = await viewOf(known, found, keywords);
      // What was written just now has other stamps: it is read once more.
      if (isWhole) views.keep(this.path, view, view.mails.length, stamps, readAt);
      return view;
    });
  }

  /** The files of its messages by their base names; nothing is written. */
  files(): Promise<ReadonlyMap<string, Found>> {
    return this.site.readers.take(this.#signal, async () => {
      const { parts, scans } = this.site;
      const readAt = parts.clock.now();
      const stamps = await folderStamps(parts, this.path, MESSAGES);
      const kept = scans.find(this.path, stamps);
      if (kept !== undefined) return kept;
      const found = await scanFolder(parts, this.path);
      scans.keep(this.path, found, found.size, stamps, readAt);
      return found;
    });
  }

  async #takeIn(found: ReadonlyMap<string, Found>): Promise<Known | undefined> {
    try {
      const rights = await this.rights();
      const outcome = await this.withLock(rights, (lock) => this.takeIn(lock, rights, found));
      return outcome.kind === 'done' ? outcome.value : undefined;
    } catch (error) {
      // A folder that may only be read is read.
      if (['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT'].includes(codeOf(error))) return undefined;
      throw error;
    }
  }

  /**
   * Gives a uid to every message that has none, in the order in which they came. The lock is held; `seen` is what lay there before. undefined: the list
   * is not ours to write.
   */
  async takeIn(
    lock: Lock,
    rights: FolderRights,
    seen?: ReadonlyMap<string, Found>,
  ): Promise<Known | undefined> {
    const { parts } = this.site;
    const list = await readUidList(parts, this.path);
    if (list.kind === 'foreign') return undefined;
    const found = await scanFolder(parts, this.path);
    if (list.kind !== 'list') {
      // Whose index files are there knows better what the uids were.
      if (list.kind === 'broken' && (await this.#hasIndex())) return undefined;
      const header = newHeader(this.site.nextValidity());
      return this.#write(lock, rights, header, [], await inOrder(await strangersIn(found, new Map())), 1);
    }
    const { entries, header, nextUid } = list;
    const dropsGone = seen !== undefined && isMostlyGone(entries.size, found.size);
    const added = await inOrder(await strangersIn(found, entries));
    if (list.isDamaged || dropsGone) {
      const kept: UidEntry[] = [];
      await eachInPieces(entries.values(), (entry) => {
        if (!dropsGone || found.has(entry.base) || seen.has(entry.base)) kept.push(entry);
      });
      return this.#write(lock, rights, header, kept, added, nextUid);
    }
    if (added.length === 0) return { header, entries, nextUid };
    const outcome = await addToUidList(parts, this.path, added, lock);
    switch (outcome.kind) {
      case 'added': {
        const first = outcome.firstUid;
        const all = new Map<string, UidEntry>();
        await eachInPieces(entries.values(), (entry) => all.set(entry.base, entry));
        await eachInPieces(added.entries(), ([at, base]) =>
          all.set(base, { uid: first + at, fields: '', base }),
        );
        return { header, entries: all, nextUid: first + added.length };
      }
      case 'unfit':
        return this.#write(lock, rights, header, [...entries.values()], added, nextUid);
      case 'refused':
        return undefined;
    }
  }

  async #write(
    lock: Lock,
    rights: FolderRights,
    before: UidListHeader,
    kept: readonly UidEntry[],
    added: readonly string[],
    firstUid: number,
  ): Promise<Known | undefined> {
    const entries = new Map<string, UidEntry>();
    await eachInPieces(kept, (entry) => entries.set(entry.base, entry));
    await eachInPieces(added.entries(), ([at, base]) =>
      entries.set(base, { uid: firstUid + at, fields: '', base }),
    );
    const nextUid = firstUid + added.length;
    const guid = before.guid === '' ? newGuid() : before.guid;
    const header: UidListHeader = { ...before, version: 3, nextUid, guid };
    if (
      !(await writeUidList(this.site.parts, this.path, { header, entries: entries.values() }, lock, rights))
    )
      return undefined;
    return { header, entries, nextUid };
  }

  async #hasIndex(): Promise<boolean> {
    const stamps = ['dovecot.index', 'dovecot.index.log'].map((name) =>
      stampAt(this.site.parts.files, join(this.path, name)),
    );
    return (await Promise.all(stamps)).some((stamp) => stamp !== undefined);
  }
}

/** What the uid list says. */
export interface Known {
  readonly header: UidListHeader;
  readonly entries: ReadonlyMap<string, UidEntry>;
  readonly nextUid: number;
}

const isMostlyGone = (lines: number, files: number): boolean => lines - files > Math.max(GONE_LINES, files);

/** Messages that have no uid. */
async function strangersIn(
  found: ReadonlyMap<string, Found>,
  entries: ReadonlyMap<string, UidEntry>,
): Promise<readonly string[]> {
  const strangers: string[] = [];
  await eachInPieces(found.keys(), (base) => {
    if (!entries.has(base)) strangers.push(base);
  });
  return strangers;
}

async function inOrder(bases: readonly string[]): Promise<readonly string[]> {
  const arrivals: ReturnType<typeof arrivalOf>[] = [];
  await eachInPieces(bases, (base) => arrivals.push(arrivalOf(base)));
  return (await sortInPieces(arrivals, compareArrival)).map(({ name }) => name);
}

async function viewOf(
  known: Known | undefined,
  found: ReadonlyMap<string, Found>,
  keywords: FolderView['keywords'],
): Promise<FolderView> {
  const mails: ViewedMail[] = [];
  await eachInPieces(known?.entries.values() ?? [], ({ base, uid }) => {
    const file = found.get(base);
    if (file !== undefined) mails.push({ uid, ...file });
  });
  return {
    ...{ mails, keywords },
    uidValidity: known?.header.uidValidity ?? 0,
    uidNext: known?.nextUid ?? 1,
    guid: known?.header.guid ?? '',
  };
}
