// Puts messages into a Maildir: written to tmp/, synced, renamed into new/, so that a message in new/ is complete and survives a crash. The
// file has the bytes that it is given, CRLF line ends too: headers of the delivery are put in front by who delivers. A quota is what
// Maildir++ keeps in the file maildirsize, where there is one.
// Knows nothing of SMTP, of Lua and of the log: delivery/to-maildir makes replies and log lines of what it says.
//
// Must never reject, say `stored` before file and directory are synced, or leave a part of a message in new/.

import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, rename, stat, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Clock, RandomInteger } from '../base/clock.ts';
import { codeOf, isFull } from '../base/errors.ts';
import type { MailContent } from './port/mail.ts';
import { countIn, hasRoom } from './quota.ts';

export type StoreOutcome =
  /** It is in PATH/new under this name, and synced. */
  | { readonly kind: 'stored'; readonly name: string }
  /** The signal aborted before the message was complete: nothing is left of it. */
  | { readonly kind: 'aborted' }
  /**
   * Error of the file system, or of who gave the message; `isFull`: there is no room. Nothing is left of the message but with
   * `mayBeStored`: then it lies in new/ and is not synced.
   */
  | {
      readonly kind: 'failed';
      readonly isFull: boolean;
      readonly mayBeStored: boolean;
      readonly error: unknown;
    };

export type LookOutcome =
  | { readonly kind: 'there' }
  /** No directory has that name. */
  | { readonly kind: 'absent' }
  /** Over its quota. */
  | { readonly kind: 'full' }
  | { readonly kind: 'failed'; readonly error: unknown };

export interface Maildir {
  /** Puts the message into PATH/new (directories are made, mode 0700), and counts it in maildirsize where that is. */
  store(path: string, message: MailContent, signal: AbortSignal): Promise<StoreOutcome>;
  /** Whether there is a mailbox, and room in it for so many octets (one at least). Changes nothing. */
  look(path: string, octets?: number): Promise<LookOutcome>;
}

export interface MaildirDependencies {
  readonly clock: Clock;
  readonly random: RandomInteger;
  /** Part of the unique names. */
  readonly hostName: string;
  readonly processId: number;
}

const FILE = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_NOFOLLOW;

export function createMaildir(dependencies: MaildirDependencies): Maildir {
  let count = 0;
  const host = dependencies.hostName.replace(/[/:\0]/g, (character) =>
    character === '/' ? '\\057' : '\\072',
  );
  /** Unique on this machine by time, process and count; the random part is for clocks that were set back. */
  const uniqueName = (): string => {
    const now = dependencies.clock.now();
    const random = dependencies.random(2 ** 32).toString(16);
    count++;
    return `${Math.floor(now / 1000)}.M${(now % 1000) * 1000}P${dependencies.processId}Q${count}R${random}.${host}`;
  };

  return {
    store: (path, message, signal) => store(resolve(path), uniqueName(), message, signal),
    look: (path, octets = 1) => look(resolve(path), octets),
  };
}

async function store(
  path: string,
  name: string,
  message: MailContent,
  signal: AbortSignal,
): Promise<StoreOutcome> {
  const temporary = join(path, 'tmp', name);
  let renamed = false;
  let size: number | undefined;
  try {
    const file = await withDirectories(path, () => open(temporary, FILE, 0o600));
    try {
      try {
        size = await writeMessage(file, message, signal);
        if (size === undefined) return { kind: 'aborted' };
        await file.sync();
      } finally {
        await file.close();
      }
      await withDirectories(path, () => rename(temporary, join(path, 'new', name)));
      renamed = true;
    } finally {
      if (!renamed) await unlink(temporary).catch(() => undefined);
    }
    await syncDirectory(join(path, 'new'));
    await countIn(path, size);
    return { kind: 'stored', name };
  } catch (error) {
    return { kind: 'failed', isFull: isFull(error), mayBeStored: renamed, error };
  }
}

/** Makes the directories only when they are missing: the usual case costs no system call for them. */
async function withDirectories<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    for (const part of ['tmp', 'new', 'cur']) await makeDirectory(join(path, part));
    return work();
  }
}

/**
 * Makes a directory with what is missing above it. Node's own recursion would never end where a file system says ENOENT although the
 * parent is there (procfs, automounters).
 */
async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return;
    const parent = dirname(path);
    if (codeOf(error) !== 'ENOENT' || parent === path) throw error;
    await makeDirectory(parent);
    try {
      await mkdir(path, { mode: 0o700 });
    } catch (again) {
      // Another delivery was faster.
      if (codeOf(again) !== 'EEXIST') throw again;
    }
  }
}

/** Octets written; undefined when the signal aborted. */
async function writeMessage(
  file: FileHandle,
  message: MailContent,
  signal: AbortSignal,
): Promise<number | undefined> {
  let size = 0;
  for await (const piece of message.pieces ?? message.read()) {
    if (signal.aborted) return undefined;
    size += piece.length;
    for (let written = 0; written < piece.length; ) {
      written += (await file.write(piece, written, piece.length - written)).bytesWritten;
    }
  }
  return signal.aborted ? undefined : size;
}

/** Makes the rename last; where directories cannot be synced (some network file systems) that is theirs to know. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await directory.sync();
  } catch (error) {
    if (codeOf(error) !== 'EINVAL') throw error;
  } finally {
    await directory.close();
  }
}

async function look(path: string, octets: number): Promise<LookOutcome> {
  try {
    if (!(await stat(path)).isDirectory()) return { kind: 'absent' };
    return { kind: (await hasRoom(path, octets)) ? 'there' : 'full' };
  } catch (error) {
    const code = codeOf(error);
    // ENAMETOOLONG: nobody has such a name.
    return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG'
      ? { kind: 'absent' }
      : { kind: 'failed', error };
  }
}
