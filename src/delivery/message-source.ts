// Messages that a policy hands over for sending: text in memory or a file of its own. Line ends become CRLF when they are sent
// (smtp/client/dot-stuff). Used by the Lua module smtp.
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { MessageSource } from './port/delivery.ts';

const READ_SIZE = 65_536;
/** A named pipe must not hold a thread until somebody writes to it. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;

export function textSource(text: Buffer): MessageSource {
  const pieces = text.length > 0 ? [text] : [];
  return {
    size: text.length,
    pieces,
    async *read(start = 0) {
      if (start < text.length) yield text.subarray(start);
    },
  };
}

/** Rejects when the path names no file that can be read. The file is opened again for each reading, and read as it is then. */
export async function fileSource(path: string): Promise<MessageSource> {
  const file = await openFile(path);
  const { size } = await file.stat().finally(() => file.close());
  return {
    size,
    pieces: undefined,
    async *read(start = 0) {
      const reading = await openFile(path);
      try {
        for (let position = start; ; ) {
          const { bytesRead, buffer } = await reading.read(
            Buffer.allocUnsafe(READ_SIZE),
            0,
            READ_SIZE,
            position,
          );
          if (bytesRead === 0) return;
          position += bytesRead;
          yield buffer.subarray(0, bytesRead);
        }
      } finally {
        await reading.close();
      }
    },
  };
}

async function openFile(path: string): Promise<FileHandle> {
  const file = await open(path, FLAGS);
  try {
    if (!(await file.stat()).isFile()) throw new Error('not a regular file');
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}
