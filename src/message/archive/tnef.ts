// What Outlook has attached, where a message went out as winmail.dat (MS-OXTNEF): a row of attributes, of which those of an attachment stand behind one
// that begins it. Reads no data but those that hold names.
import type { Listing } from './listing.ts';
import { Cursor, type Source } from './source.ts';

export interface TnefEntry {
  /** In the listing. */
  readonly number: number;
  readonly dataAt: number;
  readonly size: number;
}

const headLength = 6;
const attribute = { begin: 0x00069002, title: 0x00018010, data: 0x0006800f, properties: 0x00069005 } as const;
/** MAPI properties of an attachment. */
const dataId = 0x3701;
/** The long name, the short one, and the one that is shown. */
const nameIds: ReadonlySet<number> = new Set([0x3707, 0x3704, 0x3001]);
const longestName = 4096;
/** So many properties an attachment does not have. */
const mostProperties = 10_000;

const object = 0x0d;
const wide = 0x1f;
/** Types whose values say how long they are: objects, texts, octets. */
const sized: ReadonlySet<number> = new Set([object, 0x1e, wide, 0x102]);
/** Octets of a value of the others. */
const lengths: Readonly<Record<number, number>> = {
  ...{ 2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8 },
  ...{ 10: 4, 11: 4, 20: 8, 64: 8, 72: 16 },
};

const padded = (length: number): number => Math.ceil(length / 4) * 4;

interface Attachment {
  names: string[];
  /** -1: it has none. */
  dataAt: number;
  size: number;
}

/** It is not what it should be. */
class Damaged extends Error {}

/** MAPI properties from `cursor` on, that end at `end`. */
class Properties {
  readonly #cursor: Cursor;
  readonly #end: number;
  readonly #attachment: Attachment;

  constructor(source: Source, at: number, end: number, attachment: Attachment) {
    this.#cursor = new Cursor(source, at);
    this.#end = end;
    this.#attachment = attachment;
  }

  async read(): Promise<void> {
    const count = await this.#number();
    if (count > mostProperties) throw new Damaged();
    for (let i = 0; i < count; i++) {
      const tag = await this.#number();
      const id = tag >>> 16;
      if (id >= 0x8000) await this.#name();
      const type = tag & 0x0fff;
      const length = lengths[type];
      const values = (tag & 0x1000) !== 0 || length === undefined ? await this.#number() : 1;
      if (length !== undefined) this.#skip(length * values);
      else if (!sized.has(type)) throw new Damaged();
      else for (let n = 0; n < values; n++) await this.#value(id, type);
    }
  }

  async #number(): Promise<number> {
    const octets = this.#cursor.at + 4 <= this.#end ? await this.#cursor.take(4) : undefined;
    if (octets === undefined) throw new Damaged();
    return octets.readUInt32LE(0);
  }

  #skip(length: number): void {
    this.#cursor.at += length;
    if (this.#cursor.at > this.#end) throw new Damaged();
  }

  /** Of a property that has one: a number, or a text. */
  async #name(): Promise<void> {
    this.#skip(16);
    const isText = (await this.#number()) !== 0;
    const length = await this.#number();
    if (isText) this.#skip(padded(length));
  }

  async #value(id: number, type: number): Promise<void> {
    const length = await this.#number();
    const { at } = this.#cursor;
    if (nameIds.has(id)) {
      const octets = Buffer.from(await this.#cursor.peek(Math.min(length, longestName)));
      this.#attachment.names.push(textOf(octets, type === wide));
    }
    if (id === dataId && this.#attachment.dataAt < 0) {
      // A message inside stands behind sixteen octets that say what it is.
      const before = type === object ? Math.min(16, length) : 0;
      this.#attachment.dataAt = at + before;
      this.#attachment.size = length - before;
    }
    // What pads the last one is not always there.
    this.#skip(Math.min(padded(length), Math.max(length, this.#end - at)));
  }
}

const textOf = (octets: Buffer, isWide: boolean): string =>
  octets.toString(isWide ? 'utf16le' : 'latin1').replace(/\0+$/, '');

export async function readTnef(
  source: Source,
  listing: Listing,
  within: number | undefined,
  depth: number,
): Promise<readonly TnefEntry[]> {
  const entries: TnefEntry[] = [];
  let open: Attachment | undefined;
  /** False when there is no room for more. */
  const close = (): boolean => {
    if (open === undefined) return true;
    const { dataAt, names, size } = open;
    open = undefined;
    const [name = '', ...others] = [...new Set(names)];
    const number = listing.add({
      name,
      size,
      encrypted: false,
      type: undefined,
      ext: undefined,
      within,
      depth,
    });
    if (number === undefined) return false;
    for (const other of others.slice(0, 16)) listing.also(number, other);
    if (dataAt >= 0) entries.push({ number, dataAt, size });
    return true;
  };
  try {
    for await (const { at, length, tag } of attributes(source)) {
      if (tag === attribute.begin) {
        if (!close()) return entries;
        open = { names: [], dataAt: -1, size: 0 };
      }
      if (open === undefined) continue;
      if (tag === attribute.data) {
        open.dataAt = at;
        open.size = length;
      } else if (tag === attribute.title)
        open.names.push(textOf(Buffer.from(await source.read(at, Math.min(length, longestName))), false));
      else if (tag === attribute.properties) await new Properties(source, at, at + length, open).read();
    }
  } catch (error) {
    if (!(error instanceof Damaged)) throw error;
    listing.defects.add('damaged');
    listing.truncated.add('damaged');
  }
  close();
  return entries;
}

interface Attribute {
  readonly tag: number;
  /** Where its octets are, and how many. */
  readonly at: number;
  readonly length: number;
}

/** Those of attachments; those of the message itself are passed over. */
async function* attributes(source: Source): AsyncGenerator<Attribute> {
  const cursor = new Cursor(source, headLength);
  while (cursor.at < source.size) {
    const head = await cursor.take(9);
    const level = head?.[0];
    if (head === undefined || (level !== 1 && level !== 2)) throw new Damaged();
    const length = head.readUInt32LE(5);
    const { at } = cursor;
    if (at + length > source.size) throw new Damaged();
    if (level === 2) yield { tag: head.readUInt32LE(1), at, length };
    // A checksum stands behind.
    cursor.at = at + length + 2;
  }
}
