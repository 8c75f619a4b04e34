// Header fields of letters, which never change: those that were read last are kept, for so many octets in a process.
import { Turns } from '../base/turns.ts';
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
/** Files read at a time, and open, for all lists together: the system's threads take them from a queue, and while it is not empty nobody has to wake them. */
const READERS = 128;
/** Files that who reads takes before others have their turn: a short list does not wait for the end of a long one. */
const IN_A_TURN = 32;

/** What was read of some letters. */
export interface ReadHeads {
  /** In their order; undefined: it is gone meanwhile, or may not be read. */
  readonly heads: readonly (KnownHead | undefined)[];
  /** Those that may not be read, and why the first of them may not. */
  readonly denied: { readonly count: number; readonly cause: string } | undefined;
}

export class LetterHeads {
  readonly #turns = new Turns(READERS);
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

  /** Rejects when one cannot be read though it may be: no list is given for whole that is not. */
  async read(files: readonly MailFile[], signal: AbortSignal): Promise<ReadHeads> {
    const heads: (KnownHead | undefined)[] = new Array(files.length);
    let next = 0;
    let isOver = false;
    let count = 0;
    let cause = '';
    const some = async (): Promise<void> => {
      const octets = Buffer.allocUnsafe(FIRST_HEAD);
      for (let taken = 0; taken < IN_A_TURN && next < files.length && !isOver; taken++) {
        const at = next++;
        signal.throwIfAborted();
        const read = await readHead(files[at] as MailFile, octets);
        if (!(read instanceof Denied)) heads[at] = read;
        else if (count++ === 0) cause = read.why;
      }
    };
    const all = async (): Promise<void> => {
      while (next < files.length && !isOver) await this.#turns.take(signal, some);
    };
    try {
      await Promise.all(Array.from({ length: Math.min(READERS, files.length) }, all));
    } finally {
      isOver = true;
    }
    return { heads, denied: count === 0 ? undefined : { count, cause } };
  }
}

/** It may not be read: a matter of this letter, not of the list. */
class Denied {
  readonly why: string;

  constructor(why: string) {
    this.why = why;
  }
}

async function readHead(file: MailFile, octets: Buffer): Promise<KnownHead | Denied | undefined> {
  const first = await file.head(octets);
  if (first.kind === 'denied') return new Denied(first.why);
  let head = present(first);
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
