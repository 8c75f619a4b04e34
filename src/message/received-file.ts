// The file of a message as a policy may have left it. A policy may change it while hook.dot runs (and in hook.forward): it is forwarded as it then
// is. Before that nobody may; and with header edits its header block must be the one that was received, because the edited headers take
// its place. Anything else is refused: never half of one message and half of another. Called by smtp/server/final-content.ts.

import { lstat } from 'node:fs/promises';
import { codeOf } from '../base/errors.ts';
import type { HeaderList } from './header/header-list.ts';
import type { ReceivedLayout } from './rewrite.ts';
import type { Spool } from './spool.ts';

/** What is wrong with the file, for the log; undefined when nothing is. Rejects with the file system's error. */
export type FileFault = string | undefined;

/** After the final dot, before hook.dot: the file is what was received. */
export async function checkReceived(spool: Spool): Promise<FileFault> {
  const size = await sizeOf(spool.path);
  if (typeof size === 'string') return size;
  const fault =
    'it was changed before hook.dot; the file of a message can be changed only while hook.dot runs';
  if (size !== spool.size) return fault;
  if (!spool.shown) return undefined;
  return (await spool.isAsReceived()) ? undefined : fault;
}

/** After hook.dot: it is there. From here on it counts as it is now. */
export async function checkLeft(spool: Spool): Promise<FileFault> {
  const size = await sizeOf(spool.path);
  if (typeof size === 'string') return size;
  if (size === 0) return 'it is empty';
  spool.changedTo(size);
  return undefined;
}

/** The edited headers can take the place of those in the file. */
export async function checkHeaders(
  spool: Spool,
  headers: HeaderList,
  layout: ReceivedLayout,
  receivedSize: number,
): Promise<FileFault> {
  const received = headers.receivedBlock();
  const fault =
    'its headers were changed and so was the header list; right would be: headers by header.* only, and in the file only what is behind them';
  // Without an empty line whatever was put behind the headers would be one of them.
  if (!layout.hasEmptyLine && spool.size !== receivedSize) return fault;
  const wanted = layout.hasEmptyLine ? Buffer.concat([received, Buffer.from('\r\n')]) : received;
  let at = 0;
  for await (const piece of spool.read()) {
    const part = wanted.subarray(at, at + piece.length);
    if (!piece.subarray(0, part.length).equals(part)) return fault;
    at += part.length;
    if (at === wanted.length) return undefined;
  }
  return at === wanted.length ? undefined : fault;
}

async function sizeOf(path: string): Promise<number | string> {
  try {
    const found = await lstat(path);
    if (!found.isFile()) return 'it is no regular file any more';
    if (found.uid !== process.geteuid?.()) return 'another file stands in its place';
    return found.size;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 'it is gone';
    throw error;
  }
}
