// What a scanner is given to judge: the message being received, another stored message, or any regular file; and its bytes.
//
// Must never know whose message it is or how it came: what spamd is told of a transaction is in ScannedTransaction.
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { HeaderList } from '../message/header/header-list.ts';
import type { ReceivedLayout } from '../message/rewrite.ts';
import type { StoredMessage } from '../message/stored-message.ts';
import { describeError } from './connect.ts';

/** The transaction that a message is being received in. */
export interface ScannedTransaction {
  /** '' for the null sender. */
  readonly sender: string;
  /** With the edits made so far. */
  readonly headers: Pick<HeaderList, 'all' | 'edited' | 'toBuffer'>;
  readonly message: Pick<StoredMessage, 'size'> | undefined;
  /** Where the header block of the message ends; undefined while headers are still coming. */
  readonly layout: ReceivedLayout | undefined;
  /** Puts another message (CRLF line ends) in the place of the stored one; rejects, and leaves it, when that cannot be. */
  replaceMessage(content: Buffer): Promise<void>;
}

export type ScannedFile =
  /** The message of the transaction in progress. */
  | {
      readonly kind: 'current';
      readonly path: string;
      readonly message: StoredMessage;
      readonly transaction: ScannedTransaction;
    }
  /** Another message of this process. */
  | { readonly kind: 'stored'; readonly path: string; readonly message: StoredMessage }
  | { readonly kind: 'file'; readonly path: string };

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
export async function openContent(file: ScannedFile): Promise<ContentOutcome> {
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
