// A dict in a text file of Dovecot's own form, which is read as a whole and replaced as a whole while PATH.lock is held: nothing of what two
// processes write is lost, and nobody ever reads the half of it. The lock names its process (mailbox/dotlock), so that neither we nor Dovecot wait
// for one that was killed.
import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codeOf, codeOrText } from '../../../base/errors.ts';
import type { Dotlocks, Lock } from '../../../mailbox/dotlock.ts';
import {
  type Asking,
  type Change,
  type CommitOutcome,
  type Dict,
  type Failure,
  failure,
  type LookUpOutcome,
  MOST_ROWS,
  noNumber,
  numberOf,
  type Row,
  type RowsOutcome,
} from './dict.ts';
import { pathOf } from './dict-place.ts';
import { readEntries, writeEntries } from './file-text.ts';

/** Octets of a file; one with more is no text to be written anew at each change. */
export const LONGEST_FILE = 4 * 1024 * 1024;
/** Octets of files that are kept as they were read. */
const MOST_KEPT = 16 * 1024 * 1024;
/** Commits to one file that wait for their turn in this process. */
const MOST_WAITING = 1000;
/** Nobody waits longer for the lock. Milliseconds, as in Dovecot. */
const LOCK_WAIT_MS = 120_000;
/** A lock that names no process, as Dovecot's own of this file, is given up after so long without a change. Milliseconds, as in Dovecot. */
const LOCK_STALE_MS = 60_000;
/** Others, of whatever user they are, have to be able to see whose it is. */
const LOCK_MODE = 0o644;
const REPLACE = constants.O_CREAT | constants.O_TRUNC | constants.O_WRONLY | constants.O_NOFOLLOW;

type Entries = ReadonlyMap<string, string>;

interface Kept {
  /** Device, inode, size and times: any other file is another one. */
  readonly mark: string;
  readonly entries: Entries;
  readonly size: number;
}

type ReadOutcome =
  | {
      readonly kind: 'read';
      readonly entries: Entries;
      readonly mode: number | undefined;
      readonly group: number | undefined;
    }
  | Failure;

const octets = (path: string): Buffer => Buffer.from(path, 'latin1');

const absent: ReadOutcome = { kind: 'read', entries: new Map(), mode: undefined, group: undefined };

export class FileDict implements Dict {
  readonly #template: string;
  readonly #locks: Dotlocks;
  readonly #refuseWriting: string | undefined;
  /** By path, the oldest first. */
  readonly #kept = new Map<string, Kept>();
  #keptSize = 0;
  /** The last commit of each path that has one under way. */
  readonly #queues = new Map<string, { last: Promise<unknown>; waiting: number }>();

  /** `template`: latin1, may have %u, %n and %d. `locks`: of octetFiles. `refuseWriting`: why it is only read. */
  constructor(template: string, locks: Dotlocks, refuseWriting?: string) {
    this.#template = template;
    this.#locks = locks;
    this.#refuseWriting = refuseWriting;
  }

  async lookUp(key: string, { user }: Asking): Promise<LookUpOutcome> {
    const path = this.#path([key], user);
    if (typeof path !== 'string') return path;
    const read = await this.#read(path);
    return read.kind === 'failed' ? read : { kind: 'found', value: read.entries.get(key) };
  }

  async rows(prefix: string, { user }: Asking): Promise<RowsOutcome> {
    const path = this.#path([prefix], user);
    if (typeof path !== 'string') return path;
    const read = await this.#read(path);
    if (read.kind === 'failed') return read;
    const rows: Row[] = [];
    for (const row of read.entries) {
      if (!row[0].startsWith(prefix)) continue;
      if (rows.length === MOST_ROWS) return failure(`more than ${MOST_ROWS} keys begin with ${prefix}`);
      rows.push(row);
    }
    return { kind: 'rows', rows };
  }

  async commit(changes: readonly Change[], asking: Asking): Promise<CommitOutcome> {
    const path = this.#path(
      changes.map(({ key }) => key),
      asking.user,
    );
    if (typeof path !== 'string') return path;
    if (this.#refuseWriting !== undefined) return failure(this.#refuseWriting);
    const queue = this.#queues.get(path) ?? { last: Promise.resolve(), waiting: 0 };
    if (queue.waiting >= MOST_WAITING) return failure(`${MOST_WAITING} changes of ${path} wait already`);
    this.#queues.set(path, queue);
    queue.waiting++;
    const work = queue.last.then(() => this.#write(path, changes, asking.signal));
    queue.last = work;
    try {
      return await work;
    } finally {
      queue.waiting--;
      if (queue.waiting === 0) this.#queues.delete(path);
    }
  }

  close(): Promise<void> {
    return Promise.all([...this.#queues.values()].map(({ last }) => last)).then(() => undefined);
  }

  #path(keys: readonly string[], user: string | undefined): string | Failure {
    const template = this.#template;
    if (!/%[und]/.test(template) && keys.some((key) => key.startsWith('priv/')))
      return failure(`${template} is of all users, and priv/ keys are of one; put %u into the path`);
    const found = pathOf(template, user);
    return found.kind === 'path' ? found.path : failure(found.why);
  }

  async #read(path: string): Promise<ReadOutcome> {
    let file: FileHandle | undefined;
    try {
      const name = octets(path);
      const before = await lstat(name, { bigint: true });
      const kept = this.#kept.get(path);
      if (kept?.mark === markOf(before)) return readAs(kept.entries, before);
      file = await open(name, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
      const about = await file.stat({ bigint: true });
      if (!about.isFile()) return failure(`${path} is no file`);
      if (about.size > LONGEST_FILE) return failure(`${path} has more than ${LONGEST_FILE} octets`);
      const entries = readEntries((await file.readFile()).toString('latin1'));
      if (entries === undefined) return failure(`${path}: the last key has no value`);
      this.#keep(path, { mark: markOf(about), entries, size: Number(about.size) });
      return readAs(entries, about);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') {
        this.#forget(path);
        return absent;
      }
      if (codeOf(error) === 'ELOOP') return failure(`${path} is a symbolic link`);
      return failure(`${path}: ${codeOrText(error)}`);
    } finally {
      await file?.close().catch(() => undefined);
    }
  }

  #forget(path: string): void {
    this.#keptSize -= this.#kept.get(path)?.size ?? 0;
    this.#kept.delete(path);
  }

  #keep(path: string, kept: Kept): void {
    this.#forget(path);
    this.#kept.set(path, kept);
    this.#keptSize += kept.size;
    for (const oldest of this.#kept.keys()) {
      if (this.#keptSize <= MOST_KEPT) break;
      this.#forget(oldest);
    }
  }

  async #write(path: string, changes: readonly Change[], signal: AbortSignal): Promise<CommitOutcome> {
    try {
      await mkdir(octets(dirname(path)), { recursive: true, mode: 0o700 });
    } catch (error) {
      return failure(`${dirname(path)}: ${codeOrText(error)}`);
    }
    const taken = await this.#locks.take({
      ...{ path, waitMs: LOCK_WAIT_MS, staleMs: LOCK_STALE_MS, mode: LOCK_MODE, signal },
    });
    switch (taken.kind) {
      case 'failed':
        return failure(`${path}.lock: ${codeOrText(taken.error)}`);
      case 'busy':
        return failure(`${path}.lock has been there for ${LOCK_WAIT_MS / 1000} s`);
      case 'aborted':
        return failure('cancelled');
      case 'locked':
        try {
          return await this.#change(path, changes, taken.lock);
        } catch (error) {
          return failure(`${path}: ${codeOrText(error)}`);
        } finally {
          await taken.lock.release();
        }
    }
  }

  async #change(path: string, changes: readonly Change[], lock: Lock): Promise<CommitOutcome> {
    // What another process has written before it gave the lock up.
    this.#forget(path);
    const read = await this.#read(path);
    if (read.kind === 'failed') return read;
    const entries = changed(read.entries, changes);
    if ('kind' in entries) return entries;
    const text = Buffer.from(writeEntries(entries), 'latin1');
    if (text.length > LONGEST_FILE) return failure(`${path} would have more than ${LONGEST_FILE} octets`);
    const temporary = octets(`${path}.smtpe`);
    let isReplaced = false;
    try {
      const mode = read.mode ?? 0o600;
      const file = await open(temporary, REPLACE, mode);
      try {
        await file.writeFile(text);
        await file.chmod(mode);
        // Whoever may not give it to the group leaves it to his own.
        if (read.group !== undefined)
          await file.chown(process.geteuid?.() ?? -1, read.group).catch(() => undefined);
        await file.sync();
      } finally {
        await file.close();
      }
      if (!(await lock.isHeld())) return failure(`${path}.lock was taken away`);
      await rename(temporary, octets(path));
      isReplaced = true;
    } finally {
      if (!isReplaced) await unlink(temporary).catch(() => undefined);
    }
    await syncDirectory(dirname(path));
    return { kind: 'done' };
  }
}

/** Another read may have kept it meanwhile: whose file it is goes with what is in it all the same. */
const readAs = (entries: Entries, { mode, gid }: BigIntStats): ReadOutcome => ({
  kind: 'read',
  entries,
  mode: Number(mode) & 0o777,
  group: Number(gid),
});

const markOf = ({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string =>
  `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`;

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(octets(path), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** The entries with all changes, in their order. */
function changed(before: Entries, changes: readonly Change[]): Map<string, string> | Failure {
  const entries = new Map(before);
  for (const change of changes) {
    const { key } = change;
    switch (change.kind) {
      case 'set':
        entries.set(key, change.value);
        break;
      case 'unset':
        entries.delete(key);
        break;
      case 'add': {
        const present = numberOf(entries.get(key) ?? '0');
        const sum = present === undefined ? Number.NaN : present + change.by;
        if (!Number.isSafeInteger(sum)) return noNumber(key);
        entries.set(key, String(sum));
      }
    }
  }
  return entries;
}
