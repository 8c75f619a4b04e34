// The uid list of a folder (`dovecot-uidlist`), the same file that Dovecot keeps: which message has which uid. Lines are added at its end, under its
// lock, without reading the others; only a list that is damaged, old or missing is written as a whole, and then every line of it that can be read stays.
//
// Must never give a uid that a line of the list has or had, or write into a list of a version that we do not know.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { codeOf } from '../base/errors.ts';
import { CHANGE, type FolderRights, readText, replaceFile, type Stamp, stampOf, writeAll } from './disk.ts';
import type { Lock } from './dotlock.ts';
import { eachInPieces, inPieces, PIECE_LENGTH, sortInPieces } from './in-pieces.ts';
import type { MailboxParts } from './parts.ts';
import {
  entryLine,
  headerLine,
  MAX_UID,
  readEntry,
  readHeader,
  type UidEntry,
  type UidListHeader,
} from './uid-list-text.ts';

export const UID_LIST = 'dovecot-uidlist';
/** A million messages have some 100 MB. */
const MAX_SIZE = 512 * 1024 * 1024;
export const MAX_ENTRIES = 1_000_000;
/** Enough for the header, and for the last line, of a list. */
const END = 8192;

export type UidListOutcome =
  | {
      readonly kind: 'list';
      readonly header: UidListHeader;
      /** By base, in the order of uids. */
      readonly entries: ReadonlyMap<string, UidEntry>;
      /** Above every uid that a line has, and what the header says. */
      readonly nextUid: number;
      /** It has to be written anew: cut, not in order, of version 1, without a guid. */
      readonly isDamaged: boolean;
      readonly stamp: Stamp;
    }
  | { readonly kind: 'missing' }
  /** Its first line cannot be read: nobody knows what the uids were good for. */
  | { readonly kind: 'broken' }
  /** Of a program that knows more than we do. */
  | { readonly kind: 'foreign'; readonly version: string };

export async function readUidList({ files }: MailboxParts, folder: string): Promise<UidListOutcome> {
  const outcome = await readText<UidListOutcome>(files, join(folder, UID_LIST), MAX_SIZE, async (text) => {
    let header: UidListHeader | undefined;
    const entries = new Map<string, UidEntry>();
    let last = 0;
    let highest = 0;
    let isDamaged = false;
    for await (const lines of text.lines) {
      for (const line of lines) {
        if (header === undefined) {
          const read = readHeader(line);
          if (read.kind !== 'header') return read;
          header = read.header;
          isDamaged = header.version !== 3 || header.guid === '';
          continue;
        }
        const entry = readEntry(line, header.version);
        if (entry === undefined) {
          isDamaged = true;
          highest = Math.max(highest, beginning(line));
          continue;
        }
        if (entry.uid <= last) isDamaged = true;
        highest = Math.max(highest, entry.uid);
        last = entry.uid;
        // A message that was taken out and put back has a line for each time: the later one counts. It keeps the place of its uid.
        if (entries.delete(entry.base)) isDamaged = true;
        entries.set(entry.base, entry);
        if (entries.size > MAX_ENTRIES)
          throw Object.assign(new Error(`more than ${MAX_ENTRIES} messages`), { code: 'EFBIG' });
      }
    }
    if (header === undefined) return text.rest() === '' ? { kind: 'missing' } : { kind: 'broken' };
    // The last line was never finished; its uid may have been told.
    if (text.rest() !== '') {
      isDamaged = true;
      highest = Math.max(highest, beginning(text.rest()));
    }
    const nextUid = Math.max(header.nextUid, highest + 1);
    const ordered = isDamaged ? await inOrder(entries) : entries;
    return { kind: 'list', header, entries: ordered, nextUid, isDamaged, stamp: text.stamp };
  });
  return outcome ?? { kind: 'missing' };
}

/** By uid; of two messages with the same the first in the list has it. */
async function inOrder(entries: ReadonlyMap<string, UidEntry>): Promise<ReadonlyMap<string, UidEntry>> {
  const byUid = new Map<number, UidEntry>();
  await eachInPieces(entries.values(), (entry) => {
    if (!byUid.has(entry.uid)) byUid.set(entry.uid, entry);
  });
  const sorted = await sortInPieces([...byUid.values()], (a, b) => a.uid - b.uid);
  const byBase = new Map<string, UidEntry>();
  await eachInPieces(sorted, (entry) => byBase.set(entry.base, entry));
  return byBase;
}

/** The uid that a line which is none begins with; 0: none. A number beyond all is no uid of anybody. */
function beginning(line: string): number {
  const uid = Number(/^\d{1,10}(?= )/.exec(line)?.[0] ?? 0);
  return uid <= MAX_UID ? uid : 0;
}

export const newGuid = (): string => randomBytes(16).toString('hex');

/** A list that nobody has had yet. */
export function newHeader(uidValidity: number): UidListHeader {
  return { version: 3, uidValidity, nextUid: 1, guid: newGuid(), others: '' };
}

export type AddOutcome =
  | { readonly kind: 'added'; readonly firstUid: number; readonly uidValidity: number }
  /** It has to be read and written as a whole. */
  | { readonly kind: 'unfit' }
  /** Nothing can be added: of a version that is not known, all uids are used up, the lock is lost. */
  | { readonly kind: 'refused'; readonly why: string };

/** Gives these messages the next uids, in order. The lock is held. Rejects with errors of the file system; then nothing is added. */
export async function addToUidList(
  { files }: MailboxParts,
  folder: string,
  bases: readonly string[],
  lock: Lock,
): Promise<AddOutcome> {
  let file: Awaited<ReturnType<typeof files.open>>;
  try {
    file = await files.open(join(folder, UID_LIST), CHANGE);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { kind: 'unfit' };
    throw error;
  }
  try {
    const facts = await file.stat();
    if (!facts.isFile()) return { kind: 'refused', why: `${UID_LIST} is no file` };
    const { size } = stampOf(facts);
    if (size === 0) return { kind: 'unfit' };
    const read = async (at: number): Promise<string> => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(END), 0, END, at);
      return buffer.toString('latin1', 0, bytesRead);
    };
    const head = await read(0);
    const [first = ''] = head.split(/\r?\n/, 1);
    const parsed = readHeader(first);
    if (parsed.kind === 'foreign')
      return { kind: 'refused', why: `version ${parsed.version} of ${UID_LIST} is not known` };
    if (parsed.kind === 'broken' || parsed.header.version !== 3 || first.length >= head.length)
      return { kind: 'unfit' };
    const tail = size > END ? await read(size - END) : head;
    if (!tail.endsWith('\n')) return { kind: 'unfit' };
    const lastUid = lastUidIn(tail, size <= END);
    if (lastUid === undefined) return { kind: 'unfit' };
    const firstUid = Math.max(parsed.header.nextUid, lastUid + 1);
    if (firstUid + bases.length - 1 > MAX_UID) return { kind: 'refused', why: 'all uids are used up' };
    try {
      let end = size;
      let uid = firstUid;
      for await (const some of inPieces(bases)) {
        if (!(await lock.isHeld())) return { kind: 'refused', why: 'another program took the lock away' };
        const lines = some.map((base) => entryLine({ uid: uid++, fields: '', base }));
        const octets = Buffer.from(lines.join(''), 'latin1');
        await writeAll(file, octets, end);
        end += octets.length;
      }
      await file.datasync();
    } catch (error) {
      // Who has taken the lock away meanwhile may have lines of its own behind ours: what is half a line is mended by whoever writes next.
      if (await lock.isHeld()) await file.truncate(size).catch(() => undefined);
      throw error;
    }
    return { kind: 'added', firstUid, uidValidity: parsed.header.uidValidity };
  } finally {
    await file.close();
  }
}

/** The uid of the last line, 0 without one; undefined: what stands there is not what a list ends with. `isAll`: the header is part of it. */
function lastUidIn(tail: string, isAll: boolean): number | undefined {
  // What comes first is the header, or the rest of a line.
  const [, ...lines] = tail.trimEnd().split(/\r?\n/);
  let last = 0;
  for (const line of lines) {
    const uid = readEntry(line, 3)?.uid ?? 0;
    if (uid <= last) return undefined;
    last = uid;
  }
  return last === 0 && !isAll ? undefined : last;
}

/** Writes it as a whole. The lock is held; false: it no longer was, and nothing has changed. */
export function writeUidList(
  parts: MailboxParts,
  folder: string,
  list: { readonly header: UidListHeader; readonly entries: Iterable<UidEntry> },
  lock: Lock,
  rights: FolderRights,
): Promise<boolean> {
  function* pieces(): Generator<string> {
    let some = headerLine(list.header);
    let count = 0;
    for (const entry of list.entries) {
      some += entryLine(entry);
      if (++count % PIECE_LENGTH === 0) {
        yield some;
        some = '';
      }
    }
    yield some;
  }
  return replaceFile(parts, {
    path: join(folder, UID_LIST),
    temporary: join(folder, `${UID_LIST}.tmp`),
    ...{ pieces: pieces(), rights, isStillAllowed: () => lock.isHeld() },
  });
}
