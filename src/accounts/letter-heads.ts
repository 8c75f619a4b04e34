// Header fields of letters, which never change: those that were read last are kept, for so many octets in a process.
import { Turns } from '../base/turns.ts';
import type { MailBlock, MailFile, MailHead } from '../mailbox/port/mail.ts';
import type { Mailbox } from '../mailbox/port/mailbox.ts';
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
  /** Octets that it keeps in memory by itself, roughly. */
  readonly weight: number;
  /** What it keeps in memory together with others. */
  readonly shared?: SharedOctets;
}

/** Blocks of many letters: they are there as long as one of these letters is. */
class SharedOctets {
  readonly octets: Buffer;
  /** Letters that are kept. */
  kept = 0;

  constructor(octets: Buffer) {
    this.octets = octets;
  }
}

/** A letter that was read together with others: its text is made when it is asked for. */
class SharedHead implements KnownHead {
  readonly size: number;
  readonly sent: number;
  readonly weight = OF_LETTER;
  readonly shared: SharedOctets;
  readonly #from: number;
  readonly #to: number;

  constructor(shared: SharedOctets, block: MailBlock) {
    this.shared = shared;
    this.size = block.size;
    this.sent = sentOf(block);
    this.#from = block.from;
    this.#to = block.to;
  }

  get block(): string {
    return this.shared.octets.toString('latin1', this.#from, this.#to);
  }
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
/** Letters that are read together (`Mailbox.blocks`), and how often at a time by a list: the next are being read while these are taken in. */
const TOGETHER = 250;
const AHEAD = 2;
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
    if (head.shared !== undefined && head.shared.kept++ === 0) this.#size += head.shared.octets.length;
    if (this.#size <= MAX_KEPT) return;
    for (const [oldest, old] of this.#kept) {
      if (this.#size <= LEFT) return;
      this.#kept.delete(oldest);
      this.#size -= old.weight;
      if (old.shared !== undefined && --old.shared.kept === 0) this.#size -= old.shared.octets.length;
    }
  }

  /** `files`: of the box. Rejects when one cannot be read though it may be: no list is given for whole that is not. */
  async read(
    box: Pick<Mailbox, 'blocks'>,
    files: readonly MailFile[],
    signal: AbortSignal,
  ): Promise<ReadHeads> {
    const heads: (KnownHead | undefined)[] = new Array(files.length);
    const left = await readTogether(box, files, heads, signal);
    const denied = await this.#readEach(left, files, heads, signal);
    return { heads, denied };
  }

  /** Reads letters by themselves: those at the places `left`. */
  async #readEach(
    left: readonly number[],
    files: readonly MailFile[],
    heads: (KnownHead | undefined)[],
    signal: AbortSignal,
  ): Promise<ReadHeads['denied']> {
    let next = 0;
    let isOver = false;
    let count = 0;
    let cause = '';
    const some = async (): Promise<void> => {
      const octets = Buffer.allocUnsafe(FIRST_HEAD);
      for (let taken = 0; taken < IN_A_TURN && next < left.length && !isOver; taken++) {
        const at = left[next++] as number;
        signal.throwIfAborted();
        const read = await readHead(files[at] as MailFile, octets);
        if (!(read instanceof Denied)) heads[at] = read;
        else if (count++ === 0) cause = read.why;
      }
    };
    const all = async (): Promise<void> => {
      while (next < left.length && !isOver) await this.#turns.take(signal, some);
    };
    try {
      await Promise.all(Array.from({ length: Math.min(READERS, left.length) }, all));
    } finally {
      isOver = true;
    }
    return count === 0 ? undefined : { count, cause };
  }
}

/** Fills in the heads of letters that can be read together; the places of the others, ascending. Rejects when the signal aborts. */
async function readTogether(
  box: Pick<Mailbox, 'blocks'>,
  files: readonly MailFile[],
  heads: (KnownHead | undefined)[],
  signal: AbortSignal,
): Promise<readonly number[]> {
  const left: number[] = [];
  let next = 0;
  const some = async (): Promise<void> => {
    while (next < files.length) {
      const end = Math.min(files.length, next + TOGETHER);
      for (let at = next, count = 0; at < end; at += count) {
        if (count === 0) next = end;
        signal.throwIfAborted();
        const outcome = await box.blocks(files.slice(at, end));
        signal.throwIfAborted();
        const blocks = present(outcome);
        count = blocks?.count ?? end - at;
        const shared = blocks && new SharedOctets(blocks.octets);
        for (let one = 0; one < count; one++) {
          const block = blocks?.block(one);
          if (block === undefined || shared === undefined) left.push(at + one);
          else heads[at + one] = new SharedHead(shared, block);
        }
      }
    }
  };
  await Promise.all(Array.from({ length: AHEAD }, some));
  return left.sort((a, b) => a - b);
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
