// Looks whether LMDB can map a file without ending the process: LMDB believes its pages, so a file that was cut is SIGBUS, and a flipped bit in
// a page's head or in a list of pages may be SIGSEGV. Walks from the meta pages through every page that is in use. What is in the values is
// not looked at: each has its checksum. The format is that of the `lmdb` package (its data version 2); pages of 4096 octets. Pure.

export const PAGE = 4096;
const HEAD = 24;
const NODE = 8;
const MAGIC = 0xbeefc0de;
const DATA_VERSION = 2;
const LEAF = 0x02;
const BRANCH = 0x01;
const OVERFLOW = 0x04;
const META = 0x08;
const BIG_DATA = 0x01;
const SUB_DATA = 0x02;
const DUP_DATA = 0x04;
const DB_LENGTH = 48;
/** Deeper than any tree of ours. */
const DEEPEST = 32;
/** Others get their turn after so many pages. */
const TURN = 2000;

export type FileCheck =
  | { readonly kind: 'right' }
  /** `cause` is for the log. */
  | { readonly kind: 'wrong'; readonly cause: string };

/** Raised inside only. */
class Wrong extends Error {}
const wrong = (cause: string): never => {
  throw new Wrong(cause);
};

interface Tree {
  readonly depth: number;
  readonly root: number | undefined;
}

interface Meta {
  readonly pages: number;
  readonly transaction: number;
  readonly free: Tree;
  readonly main: Tree;
}

function readTree(bytes: Buffer, at: number): Tree {
  const root = bytes.readBigUInt64LE(at + 40);
  return {
    depth: bytes.readUInt16LE(at + 6),
    root: root === 0xffff_ffff_ffff_ffffn ? undefined : Number(root),
  };
}

function readMeta(bytes: Buffer, at: number): Meta {
  if ((bytes.readUInt16LE(at + 18) & META) === 0) wrong('a page that should describe the others does not');
  const here = at + HEAD;
  if (bytes.readUInt32LE(here) !== MAGIC) wrong('it is no file of LMDB');
  const version = bytes.readUInt32LE(here + 4) & 0xffff;
  if (version !== DATA_VERSION) wrong(`its version is ${version} and not ${DATA_VERSION}`);
  if (bytes.readUInt32LE(here + 24) !== PAGE) wrong('its pages are not of 4096 octets');
  return {
    pages: Number(bytes.readBigUInt64LE(here + 120)) + 1,
    transaction: Number(bytes.readBigUInt64LE(here + 128)),
    free: readTree(bytes, here + 24),
    main: readTree(bytes, here + 24 + DB_LENGTH),
  };
}

class Walk {
  readonly #bytes: Buffer;
  readonly #meta: Meta;
  /** 1 for each page that has been come to. */
  readonly #seen: Uint8Array;
  #steps = 0;

  constructor(bytes: Buffer, meta: Meta) {
    this.#bytes = bytes;
    this.#meta = meta;
    this.#seen = new Uint8Array(Math.ceil(bytes.length / PAGE));
  }

  async all(): Promise<void> {
    await this.#tree(this.#meta.main);
    const lists: Buffer[] = [];
    await this.#tree(this.#meta.free, (data) => lists.push(data));
    for (const list of lists) this.#freePages(list);
  }

  /** Where the octets of a page in use begin. */
  #come(page: number, pages = 1): number {
    const end = (page + pages) * PAGE;
    if (page < 2 || page + pages > this.#meta.pages) wrong(`page ${page} is beyond its end`);
    if (end > this.#bytes.length) wrong(`it is too short: page ${page} is not there`);
    for (let one = page; one < page + pages; one++) {
      if (this.#seen[one] === 1) wrong(`page ${one} is used twice`);
      this.#seen[one] = 1;
    }
    if (this.#bytes.readBigUInt64LE(page * PAGE) !== BigInt(page)) wrong(`page ${page} has another number`);
    return page * PAGE;
  }

  /** `each` gets the data of each node of a leaf. */
  async #tree({ depth, root }: Tree, each?: (data: Buffer) => void): Promise<void> {
    if (root === undefined) return;
    if (depth < 1 || depth > DEEPEST) wrong(`a tree of depth ${depth}`);
    await this.#page(root, depth, each);
  }

  async #page(page: number, depth: number, each: ((data: Buffer) => void) | undefined): Promise<void> {
    if (++this.#steps % TURN === 0) await new Promise((resolve) => setImmediate(resolve));
    const at = this.#come(page);
    const bytes = this.#bytes;
    const flags = bytes.readUInt16LE(at + 18);
    const isLeaf = depth === 1;
    if ((flags & (LEAF | BRANCH | OVERFLOW | META)) !== (isLeaf ? LEAF : BRANCH))
      wrong(`page ${page} is of another kind`);
    // Both are counted from behind the head.
    const lower = bytes.readUInt16LE(at + 20);
    const upper = bytes.readUInt16LE(at + 22);
    if (lower > upper || upper > PAGE - HEAD || lower % 2 !== 0) wrong(`page ${page} has no order`);
    const nodes = lower / 2;
    if (!isLeaf && nodes < 1) wrong(`page ${page} leads nowhere`);
    for (let index = 0; index < nodes; index++) {
      const offset = bytes.readUInt16LE(at + HEAD + 2 * index);
      const node = at + HEAD + offset;
      if (offset < upper || offset + NODE > PAGE - HEAD) wrong(`page ${page} points outside of itself`);
      const low = bytes.readUInt16LE(node);
      const high = bytes.readUInt16LE(node + 2);
      const nodeFlags = bytes.readUInt16LE(node + 4);
      const keyLength = bytes.readUInt16LE(node + 6);
      if (offset + NODE + keyLength > PAGE - HEAD) wrong(`a key of page ${page} is too long`);
      if (!isLeaf) {
        await this.#page(low + high * 0x1_0000 + nodeFlags * 0x1_0000_0000, depth - 1, each);
        continue;
      }
      const data = node + NODE + keyLength;
      const length = low + high * 0x1_0000;
      if ((nodeFlags & ~(BIG_DATA | SUB_DATA)) !== 0) wrong(`a node of page ${page} is of no known kind`);
      if ((nodeFlags & DUP_DATA) !== 0) wrong(`a node of page ${page} is of another kind`);
      const inside = (nodeFlags & BIG_DATA) !== 0 ? 24 : length;
      if (data + inside > at + PAGE) wrong(`a value of page ${page} is too long`);
      if ((nodeFlags & SUB_DATA) !== 0) {
        if (length !== DB_LENGTH) wrong(`a table of page ${page} has another length`);
        await this.#tree(readTree(bytes, data));
      } else if ((nodeFlags & BIG_DATA) !== 0) {
        const start = this.#overflow(Number(bytes.readBigUInt64LE(data)), length);
        each?.(bytes.subarray(start, start + length));
      } else each?.(bytes.subarray(data, data + length));
    }
  }

  #overflow(page: number, length: number): number {
    const pages = Math.ceil((HEAD + length) / PAGE);
    const at = this.#come(page, pages);
    if ((this.#bytes.readUInt16LE(at + 18) & OVERFLOW) === 0) wrong(`page ${page} is of another kind`);
    if (this.#bytes.readUInt32LE(at + 20) !== pages) wrong(`page ${page} is too long`);
    return at + HEAD;
  }

  /** Pages that are written next must not be in use. Those of a block come as a negative length behind its first one. */
  #freePages(list: Buffer): void {
    if (list.length < 8 || list.length % 8 !== 0) wrong('a list of free pages has another length');
    const count = Number(list.readBigInt64LE(0));
    if (count < 0 || count > list.length / 8 - 1) wrong('a list of free pages is too long');
    for (let index = 1; index <= count; index++) {
      const page = Number(list.readBigInt64LE(index * 8));
      if (Math.abs(page) >= this.#meta.pages) wrong('a list of free pages has one that is not there');
      if (page > 0 && this.#seen[page] === 1) wrong(`page ${page} is free and used`);
    }
  }
}

/** `bytes` is the whole file. */
export async function checkFile(bytes: Buffer): Promise<FileCheck> {
  try {
    if (bytes.length < HEADS) wrong(`it is too short: ${bytes.length} octets`);
    await new Walk(bytes, latestOf(bytes)).all();
    return { kind: 'right' };
  } catch (error) {
    if (error instanceof Wrong) return { kind: 'wrong', cause: error.message };
    if (error instanceof RangeError) return { kind: 'wrong', cause: 'a page points outside of the file' };
    throw error;
  }
}

/** So many octets of the beginning are the pages that describe the others. */
export const HEADS = 2 * PAGE;

/** The last pages may have been made and given back in one transaction, and then are not in the file. None of ours has so many. */
const NEVER_WRITTEN = 4096;

/** `heads` is the beginning of a file of this length that is too large to be read: what is in its other pages is not looked at. */
export function checkHeads(heads: Buffer, length: number): FileCheck {
  try {
    if (heads.length < HEADS) wrong(`it is too short: ${heads.length} octets`);
    const { pages } = latestOf(heads);
    if (length < (pages - NEVER_WRITTEN) * PAGE)
      wrong(`it is too short: it has ${length} octets of ${pages * PAGE}`);
    return { kind: 'right' };
  } catch (error) {
    if (error instanceof Wrong) return { kind: 'wrong', cause: error.message };
    throw error;
  }
}

function latestOf(bytes: Buffer): Meta {
  const [first, second] = [readMeta(bytes, 0), readMeta(bytes, PAGE)];
  return first.transaction > second.transaction ? first : second;
}

/** What says which transaction a file is at; undefined when it does not say. For who reads while others write. */
export function transactionOf(bytes: Buffer): number | undefined {
  try {
    return latestOf(bytes).transaction;
  } catch {
    return undefined;
  }
}
