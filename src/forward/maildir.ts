// Delivery into a Maildir (maildir:PATH in smtp-smart-host): written to tmp/, synced, renamed into new/, so that a message in new/ is
// complete and survives a crash. The file has the bytes that would have been sent, before dot-stuffing: CRLF line ends are kept and no
// header is added, so that what lies there equals what was received. Used by forward/smart-host.
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, rename, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Clock, RandomInteger } from '../ops/clock.ts';
import type { Log } from '../ops/log.ts';
import type { Delivery, DeliveryOutcome, MessageSource } from './delivery.ts';
import { pseudoCode, unaskedRecipients } from './machine.ts';

export interface Maildir {
  /**
   * Puts the message into PATH/new (directories are made, mode 0700). Never rejects: an error of the file system is `refused` with 452
   * (no space) or 451, at stage `content`, or `dot` when the message may lie in new/ already. When `signal` aborts before the message
   * is complete, nothing is left behind.
   */
  deliver(path: string, delivery: Omit<Delivery, 'hosts'>, signal: AbortSignal): Promise<DeliveryOutcome>;
}

export interface MaildirDependencies {
  readonly clock: Clock;
  readonly random: RandomInteger;
  /** For deliveries that bring none of their own. */
  readonly log: Log;
  /** Part of the unique names. */
  readonly hostName: string;
  readonly processId: number;
}

const FILE = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_NOFOLLOW;
const NO_SPACE = '452 4.3.1 no space for the message';
const NOT_STORED = '451 4.3.0 message cannot be stored';
const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

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
    async deliver(path, delivery, signal) {
      const target = `maildir:${path}`;
      const reply = (text: string) =>
        delivery.recipients.map((recipient) => ({ recipient, code: Number(text.slice(0, 3)), text }));
      const { message } = delivery;
      const taken = '250 2.1.5 recipient ok';
      if (message === undefined) {
        return { kind: 'verified', host: target, code: 250, text: taken, rcpts: reply(taken) };
      }
      const name = uniqueName();
      const rcpts = unaskedRecipients(delivery.recipients);
      const stored = await store(resolve(path), name, message, signal);
      switch (stored.kind) {
        case 'stored':
          return {
            kind: 'delivered',
            host: target,
            code: 250,
            text: `250 2.0.0 ${name}`,
            rcpts: reply(taken),
          };
        case 'aborted':
          return {
            kind: 'failed',
            host: target,
            stage: 'content',
            code: pseudoCode.ERROR,
            error: 'given up',
            rcpts,
          };
        case 'error': {
          const { stage, error } = stored;
          const log = delivery.log ?? dependencies.log.child({ id: delivery.id });
          log.write('err', 'cannot store in maildir', { host: target, stage, cause: String(error) });
          const text = FULL.has(errorCode(error)) ? NO_SPACE : NOT_STORED;
          return { kind: 'refused', host: target, stage, code: Number(text.slice(0, 3)), text, rcpts };
        }
      }
    },
  };
}

type Stored =
  | { readonly kind: 'stored' }
  | { readonly kind: 'aborted' }
  | { readonly kind: 'error'; readonly stage: 'content' | 'dot'; readonly error: unknown };

async function store(
  path: string,
  name: string,
  message: MessageSource,
  signal: AbortSignal,
): Promise<Stored> {
  const temporary = join(path, 'tmp', name);
  let renamed = false;
  try {
    const file = await withDirectories(path, () => open(temporary, FILE, 0o600));
    try {
      try {
        if (!(await writeMessage(file, message, signal))) return { kind: 'aborted' };
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
    return { kind: 'stored' };
  } catch (error) {
    return { kind: 'error', stage: renamed ? 'dot' : 'content', error };
  }
}

/** Makes the directories only when they are missing: the usual case costs no system call for them. */
async function withDirectories<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
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
    if (errorCode(error) === 'EEXIST') return;
    const parent = dirname(path);
    if (errorCode(error) !== 'ENOENT' || parent === path) throw error;
    await makeDirectory(parent);
    try {
      await mkdir(path, { mode: 0o700 });
    } catch (again) {
      // Another delivery was faster.
      if (errorCode(again) !== 'EEXIST') throw again;
    }
  }
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** False when the signal aborted. */
async function writeMessage(file: FileHandle, message: MessageSource, signal: AbortSignal): Promise<boolean> {
  for await (const piece of message.pieces ?? message.read()) {
    if (signal.aborted) return false;
    for (let written = 0; written < piece.length; ) {
      written += (await file.write(piece, written, piece.length - written)).bytesWritten;
    }
  }
  return !signal.aborted;
}

/** Makes the rename last; where directories cannot be synced (some network file systems) that is theirs to know. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await directory.sync();
  } catch (error) {
    if (errorCode(error) !== 'EINVAL') throw error;
  } finally {
    await directory.close();
  }
}
