// The file that a policy hands to a scanner: the message being received, another stored message, or any regular file. Used by the
// clamd and spamd clients; found once, when the service is started.
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { SpoolDirectory, StoredMessage } from '../message/stored-message.ts';
import type { SessionView, TransactionView } from '../policy/session-view.ts';
import { describeError } from './connect.ts';

export type MessageFile =
  /** The message of the transaction in progress. */
  | {
      readonly kind: 'current';
      readonly path: string;
      readonly message: StoredMessage;
      readonly transaction: TransactionView;
    }
  /** Another message of this process. */
  | { readonly kind: 'stored'; readonly path: string; readonly message: StoredMessage }
  | { readonly kind: 'file'; readonly path: string };

export type FindOutcome =
  | { readonly kind: 'found'; readonly file: MessageFile }
  | { readonly kind: 'missing'; readonly error: string };

/** Finds what `path` means for this session. An empty path is the current message when option spool-dir is empty. */
export function findMessageFile(
  path: string,
  session: SessionView | undefined,
  spool: SpoolDirectory,
): FindOutcome {
  const transaction = session?.transaction;
  const current = transaction?.message;
  if (transaction !== undefined && current !== undefined && current.path === path) {
    return { kind: 'found', file: { kind: 'current', path, message: current, transaction } };
  }
  if (path === '')
    return { kind: 'missing', error: 'the file name is empty and no message is being received' };
  if (path.includes('\0')) return { kind: 'missing', error: 'a file name must not contain NUL' };
  const message = spool.find(path);
  if (message !== undefined) return { kind: 'found', file: { kind: 'stored', path, message } };
  return { kind: 'found', file: { kind: 'file', path } };
}

export type ContentOutcome =
  | {
      readonly kind: 'content';
      /** Bytes that `read` will give. */
      readonly size: number;
      /** The bytes from `start` on; once. Rejects with an Error fit for the policy's `error` field. */
      read(start?: number): AsyncIterable<Buffer>;
      close(): Promise<void>;
    }
  | { readonly kind: 'unreadable'; readonly error: string };

/** Opens a regular file for one reading. */
async function openRegular(path: string): Promise<ContentOutcome> {
  const name = JSON.stringify(path);
  let file: FileHandle | undefined;
  try {
    // O_NONBLOCK: opening a FIFO must not wait for somebody to write to it.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = await file.stat();
    if (!stat.isFile()) throw new Error('not a regular file');
    const { size } = stat;
    return { kind: 'content', size, read: () => readFile(file, size, name), close: () => closeQuietly(file) };
  } catch (error) {
    await closeQuietly(file);
    return { kind: 'unreadable', error: `cannot read ${name}: ${describeError(error)}` };
  }
}

async function* readFile(file: FileHandle | undefined, size: number, name: string): AsyncGenerator<Buffer> {
  for (let position = 0; file !== undefined && position < size; ) {
    const want = Math.min(65_536, size - position);
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(want), 0, want, position);
    if (bytesRead === 0) throw new Error(`${name} became shorter while it was read`);
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

async function closeQuietly(file: FileHandle | undefined): Promise<void> {
  await file?.close().catch(() => undefined);
}

/** The bytes of the file as they are now. Close it in the end. Never rejects. */
export async function openContent(file: MessageFile): Promise<ContentOutcome> {
  if (file.kind === 'file') return openRegular(file.path);
  const { message } = file;
  let size: number;
  try {
    size = (await message.sizeNow?.()) ?? message.size;
  } catch (error) {
    return { kind: 'unreadable', error: `cannot read ${JSON.stringify(file.path)}: ${describeError(error)}` };
  }
  return {
    kind: 'content',
    size,
    read: (start) => message.read(start),
    close: async () => undefined,
  };
}
