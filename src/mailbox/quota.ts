// The quota of a maildir as Maildir++ has it: in the file maildirsize the first line says how much there may be (`1000000S,1000C`), each other
// one what was added or taken away (octets, messages). Whoever reads mail there makes the file; where there is none there is no quota.
import { constants } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '../base/errors.ts';
import { READ } from './disk.ts';
import type { Files } from './files.ts';

/** A file that is longer is to be summed up by its owner (Maildir++: above 5120 octets); what stands behind this is not read. */
const MAX_READ = 65_536;
const ADD = constants.O_WRONLY | constants.O_APPEND | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Whether so many octets and one message more fit. Rejects when the file is there and cannot be read. */
export async function hasRoom(files: Files, path: string, octets: number): Promise<boolean> {
  const text = await readSizes(files, path);
  if (text === undefined) return true;
  const [quota = '', ...lines] = text.split('\n');
  const limit = (letter: 'S' | 'C'): number =>
    Number(new RegExp(`(?:^|,)(\\d+)${letter}`).exec(quota)?.[1] ?? 0);
  let size = 0;
  let count = 0;
  for (const line of lines) {
    const match = /^\s*(-?\d+)\s+(-?\d+)\s*$/.exec(line);
    size += Number(match?.[1] ?? 0);
    count += Number(match?.[2] ?? 0);
  }
  const [most, messages] = [limit('S'), limit('C')];
  return (most === 0 || size + octets <= most) && (messages === 0 || count + 1 <= messages);
}

/**
 * Counts messages that were added, or with numbers below zero taken away. A file that is not there, or cannot be written, is not made: its owner
 * counts anew.
 */
export async function countIn(files: Files, path: string, octets: number, messages = 1): Promise<void> {
  try {
    const file = await files.open(join(path, 'maildirsize'), ADD);
    try {
      await file.write(`${octets} ${messages}\n`);
    } finally {
      await file.close();
    }
  } catch {
    // The message is there, whatever is counted.
  }
}

async function readSizes(files: Files, path: string): Promise<string | undefined> {
  try {
    const file = await files.open(join(path, 'maildirsize'), READ);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_READ), 0, MAX_READ, 0);
      return buffer.toString('latin1', 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
