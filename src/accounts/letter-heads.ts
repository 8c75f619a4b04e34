// Header fields of letters, which never change: those that were read last are kept, for so many octets in a process.
import type { MailFile, MailHead } from '../mailbox/port/mail.ts';
import { headerEnd } from './header-fields.ts';
import { present } from './letter-trouble.ts';

/** What was read of a letter. */
export interface KnownHead {
  /** Its header fields as they stand, taken apart by who needs them: as one text they are no work for the garbage collector. latin1. */
  readonly block: string;
  /** Octets of the file. */
  readonly size: number;
  /** When it was delivered, seconds since the Epoch. */
  readonly sent: number;
  /** Octets that it keeps in memory, roughly. */
  readonly weight: number;
}

/** Octets of a letter that are looked at for its header fields, at first and at most. */
const FIRST_HEAD = 8192;
const MAX_HEAD = 65_536;
/** What is kept: octets, roughly. When it is more, so much less is left: to look for the oldest costs as much as there are gaps in front of it. */
const MAX_KEPT = 16 * 1024 * 1024;
const LEFT = 14 * 1024 * 1024;
/** Beside the octets of the header, roughly. */
const OF_LETTER = 300;
/** Files read at a time: the system's threads take them from a queue, and while it is not empty nobody has to wake them. */
const READERS = 128;

export class LetterHeads {
  /** By id; the least used first. */
  readonly #kept = new Map<number, KnownHead>();
  #size = 0;

  /** undefined: it has to be read. */
  find(id: number): KnownHead | undefined {
    const kept = this.#kept.get(id);
    if (kept === undefined) return undefined;
    this.#kept.delete(id);
    this.#kept.set(id, kept);
    return kept;
  }

  keep(id: number, head: KnownHead): void {
    if (this.#kept.has(id)) return;
    this.#kept.set(id, head);
    this.#size += head.weight;
    if (this.#size <= MAX_KEPT) return;
    for (const [oldest, old] of this.#kept) {
      if (this.#size <= LEFT) return;
      this.#kept.delete(oldest);
      this.#size -= old.weight;
    }
  }
}

/** In their order; undefined: it is gone meanwhile. Rejects when one cannot be read. */
export async function readHeads(
  files: readonly MailFile[],
  signal: AbortSignal,
): Promise<readonly (KnownHead | undefined)[]> {
  const heads: (KnownHead | undefined)[] = new Array(files.length);
  let next = 0;
  let isOver = false;
  const work = async (): Promise<void> => {
    const octets = Buffer.allocUnsafe(FIRST_HEAD);
    for (let at = next++; at < files.length && !isOver; at = next++) {
      signal.throwIfAborted();
      heads[at] = await readHead(files[at] as MailFile, octets);
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(READERS, files.length) }, work));
  } finally {
    isOver = true;
  }
  return heads;
}

async function readHead(file: MailFile, octets: Buffer): Promise<KnownHead | undefined> {
  let head = present(await file.head(octets));
  if (head === undefined) return undefined;
  let end = headerEnd(head.octets);
  if (end === undefined && head.octets.length === octets.length) {
    head = present(await file.head(Buffer.allocUnsafe(MAX_HEAD))) ?? head;
    end = headerEnd(head.octets);
  }
  const block = head.octets.toString('latin1', 0, end ?? head.octets.length);
  return { block, size: head.size, sent: sentOf(head), weight: OF_LETTER + block.length };
}

/** Seconds since the Epoch. */
export const sentOf = ({ arrived }: Pick<MailHead, 'arrived'>): number => Math.floor(arrived / 1000);
