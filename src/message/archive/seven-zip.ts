// The names in a 7z archive (7zFormat.txt of the LZMA SDK): a header at its end, which is packed itself as a rule. What the files are is not unpacked.
import type { Listing } from './listing.ts';
import { Lzma } from './lzma.ts';
import type { Source, Step } from './source.ts';

/** Of the header, unpacked: names are in UTF-16, so that these are some ten thousand. It is read without a turn for others. */
const longestHeader = 1_048_576;
/** Octets that are unpacked before others get their turn. */
const stepOctets = 16_384;
/** What the readings of a name cost, in octets that are gone over otherwise. */
const nameCost = 1024;
/** Headers are packed once; a few times more do no harm. */
const mostPacked = 4;

const id = {
  end: 0x00,
  header: 0x01,
  archiveProperties: 0x02,
  additionalStreams: 0x03,
  mainStreams: 0x04,
  files: 0x05,
  pack: 0x06,
  unpack: 0x07,
  subStreams: 0x08,
  size: 0x09,
  crc: 0x0a,
  folder: 0x0b,
  unpackSize: 0x0c,
  numUnpackStream: 0x0d,
  emptyStream: 0x0e,
  emptyFile: 0x0f,
  names: 0x11,
  encodedHeader: 0x17,
} as const;

const methods: Readonly<Record<string, 'copy' | 'lzma' | 'aes'>> = {
  '00': 'copy',
  '030101': 'lzma',
  '06f10701': 'aes',
};

/** It is not what it should be. */
class Damaged extends Error {}

/** One for each of many things; of nobody's when it is not there. */
class Bits {
  readonly #octets: Buffer | undefined;
  readonly #count: number;

  /** Without octets: all of them. */
  constructor(octets: Buffer | undefined, count: number) {
    this.#octets = octets;
    this.#count = count;
  }

  has(index: number): boolean {
    if (this.#octets === undefined) return index < this.#count;
    return ((this.#octets[index >> 3] ?? 0) & (0x80 >> (index & 7))) !== 0;
  }

  get number(): number {
    let number = 0;
    for (let i = 0; i < this.#count; i++) if (this.has(i)) number++;
    return number;
  }
}

const NO_BITS = new Bits(undefined, 0);

class Reader {
  readonly #octets: Buffer;
  /** Files that are of interest. */
  readonly most: number;
  at = 0;

  constructor(octets: Buffer, most: number) {
    this.#octets = octets;
    this.most = most;
  }

  get left(): number {
    return this.#octets.length - this.at;
  }

  octet(): number {
    const octet = this.#octets[this.at++];
    if (octet === undefined) throw new Damaged();
    return octet;
  }

  take(length: number): Buffer {
    if (length > this.left) throw new Damaged();
    this.at += length;
    return this.#octets.subarray(this.at - length, this.at);
  }

  /** The first octet says by its highest bits how many follow. */
  number(): number {
    const first = this.octet();
    let value = 0;
    let mask = 0x80;
    for (let i = 0; i < 8; i++, mask >>= 1) {
      if ((first & mask) === 0) {
        value += (first & (mask - 1)) * 256 ** i;
        break;
      }
      value += this.octet() * 256 ** i;
    }
    if (!Number.isSafeInteger(value)) throw new Damaged();
    return value;
  }

  /** Of things that take an octet each at least. */
  count(): number {
    const count = this.number();
    if (count > this.left) throw new Damaged();
    return count;
  }

  bits(count: number): Bits {
    return new Bits(this.take(Math.ceil(count / 8)), count);
  }

  /** As `bits`, unless an octet in front says that it is all of them. */
  mostBits(count: number): Bits {
    return this.octet() !== 0 ? new Bits(undefined, count) : this.bits(count);
  }
}

interface Coder {
  readonly method: string;
  readonly properties: Buffer;
}

interface Folder {
  readonly coders: readonly Coder[];
  /** Which of the sizes is that of what comes out. */
  readonly main: number;
  sizes: readonly number[];
  hasCrc: boolean;
}

interface Streams {
  readonly packAt: number;
  readonly packSizes: readonly number[];
  readonly folders: readonly Folder[];
  /** Of the files in them, in order. */
  readonly files: readonly { readonly size: number; readonly encrypted: boolean }[];
}

const isEncrypted = ({ coders }: Folder): boolean => coders.some(({ method }) => methods[method] === 'aes');

function readFolder(reader: Reader): Folder {
  const coders: Coder[] = [];
  let inputs = 0;
  let outputs = 0;
  const count = reader.number();
  if (count < 1 || count > 32) throw new Damaged();
  for (let i = 0; i < count; i++) {
    const flags = reader.octet();
    const method = reader.take(flags & 15).toString('hex');
    const isComplex = (flags & 16) !== 0;
    inputs += isComplex ? reader.number() : 1;
    outputs += isComplex ? reader.number() : 1;
    if (inputs > 64 || outputs > 64) throw new Damaged();
    coders.push({ method, properties: (flags & 32) !== 0 ? reader.take(reader.number()) : Buffer.alloc(0) });
  }
  const bound = new Set<number>();
  for (let i = 0; i < outputs - 1; i++) {
    reader.number();
    bound.add(reader.number());
  }
  const packed = inputs - Math.max(0, outputs - 1);
  if (packed > 1) for (let i = 0; i < packed; i++) reader.number();
  const main = Array.from({ length: outputs }, (_, i) => i).find((i) => !bound.has(i));
  if (main === undefined) throw new Damaged();
  return { coders, main, sizes: Array.from({ length: outputs }, () => 0), hasCrc: false };
}

function skipDigests(reader: Reader, count: number): Bits {
  const known = reader.mostBits(count);
  reader.take(4 * known.number);
  return known;
}

function readPack(reader: Reader): Pick<Streams, 'packAt' | 'packSizes'> {
  const packAt = reader.number();
  const count = reader.count();
  let packSizes: readonly number[] = [];
  for (let kind = reader.number(); kind !== id.end; kind = reader.number()) {
    if (kind === id.size) packSizes = Array.from({ length: count }, () => reader.number());
    else if (kind === id.crc) skipDigests(reader, count);
    else throw new Damaged();
  }
  return { packAt, packSizes };
}

function readUnpack(reader: Reader): readonly Folder[] {
  let folders: readonly Folder[] = [];
  for (let kind = reader.number(); kind !== id.end; kind = reader.number()) {
    if (kind === id.folder) {
      const count = reader.count();
      // Elsewhere: in additional streams, which nobody writes.
      if (reader.octet() !== 0) throw new Damaged();
      folders = Array.from({ length: count }, () => readFolder(reader));
    } else if (kind === id.unpackSize) {
      for (const folder of folders) folder.sizes = folder.sizes.map(() => reader.number());
    } else if (kind === id.crc) {
      const known = skipDigests(reader, folders.length);
      for (const [i, folder] of folders.entries()) folder.hasCrc = known.has(i);
    } else throw new Damaged();
  }
  return folders;
}

const sizeOf = ({ main, sizes }: Folder): number => sizes[main] ?? 0;

function readSubStreams(reader: Reader, folders: readonly Folder[]): Streams['files'] {
  let counts: readonly number[] = folders.map(() => 1);
  const files: { size: number; encrypted: boolean }[] = [];
  const add = (size: number, encrypted: boolean): void => {
    if (files.length < reader.most) files.push({ size, encrypted });
  };
  let kind = reader.number();
  if (kind === id.numUnpackStream) {
    counts = folders.map(() => reader.count());
    kind = reader.number();
  }
  // Each of them takes an octet, but the last one of a folder.
  if (counts.reduce((sum, count) => sum + count, 0) > reader.left + folders.length) throw new Damaged();
  for (const [i, folder] of folders.entries()) {
    const count = counts[i] ?? 0;
    let left = sizeOf(folder);
    const encrypted = isEncrypted(folder);
    for (let n = 1; n < count; n++) {
      const size = kind === id.size ? reader.number() : 0;
      left -= size;
      add(size, encrypted);
    }
    if (count > 0) add(Math.max(0, left), encrypted);
  }
  if (kind === id.size) kind = reader.number();
  for (; kind !== id.end; kind = reader.number()) {
    if (kind !== id.crc) throw new Damaged();
    const unknown = folders.map((folder, i) => (counts[i] === 1 && folder.hasCrc ? 0 : (counts[i] ?? 0)));
    skipDigests(
      reader,
      unknown.reduce((sum, count) => sum + count, 0),
    );
  }
  return files;
}

function readStreams(reader: Reader): Streams {
  let packed: Pick<Streams, 'packAt' | 'packSizes'> = { packAt: 0, packSizes: [] };
  let folders: readonly Folder[] = [];
  let files: Streams['files'] | undefined;
  for (let kind = reader.number(); kind !== id.end; kind = reader.number()) {
    if (kind === id.pack) packed = readPack(reader);
    else if (kind === id.unpack) folders = readUnpack(reader);
    else if (kind === id.subStreams) files = readSubStreams(reader, folders);
    else throw new Damaged();
  }
  files ??= folders.map((folder) => ({ size: sizeOf(folder), encrypted: isEncrypted(folder) }));
  return { ...packed, folders, files };
}

interface File {
  readonly name: string;
  readonly size: number;
  readonly encrypted: boolean;
}

function readFiles(reader: Reader, inStreams: Streams['files']): readonly File[] {
  const count = reader.count();
  let names: readonly string[] = [];
  let isEmpty = NO_BITS;
  let emptyFiles = NO_BITS;
  for (let kind = reader.number(); kind !== id.end; kind = reader.number()) {
    const own = new Reader(reader.take(reader.number()), reader.most);
    if (kind === id.emptyStream) isEmpty = own.bits(count);
    else if (kind === id.emptyFile) emptyFiles = new Bits(own.take(own.left), count);
    else if (kind === id.names) {
      if (own.octet() !== 0) throw new Damaged();
      names = namesIn(own.take(own.left), Math.min(count, reader.most));
    }
  }
  if (names.length < Math.min(count, reader.most)) throw new Damaged();
  let stream = 0;
  let empty = 0;
  return names.map((name, i) => {
    if (!isEmpty.has(i)) return { name, ...(inStreams[stream++] ?? { size: 0, encrypted: false }) };
    const isDirectory = !emptyFiles.has(empty++);
    return { name: isDirectory ? `${name}/` : name, size: 0, encrypted: false };
  });
}

/** UTF-16, each with a NUL behind. */
function namesIn(octets: Buffer, most: number): readonly string[] {
  const names: string[] = [];
  for (let at = 0; at + 2 <= octets.length && names.length < most; ) {
    let end = at;
    while (end + 2 <= octets.length && octets.readUInt16LE(end) !== 0) end += 2;
    names.push(octets.toString('utf16le', at, end));
    at = end + 2;
  }
  return names;
}

function readHeader(reader: Reader): readonly File[] {
  let streams: Streams | undefined;
  let files: readonly File[] = [];
  for (let kind = reader.number(); kind !== id.end; kind = reader.number()) {
    if (kind === id.mainStreams) streams = readStreams(reader);
    else if (kind === id.additionalStreams) readStreams(reader);
    else if (kind === id.files) files = readFiles(reader, streams?.files ?? []);
    else if (kind === id.archiveProperties)
      for (let property = reader.number(); property !== id.end; property = reader.number())
        reader.take(reader.number());
    else throw new Damaged();
  }
  return files;
}

type Header =
  | { readonly kind: 'header'; readonly octets: Buffer }
  | { readonly kind: 'no'; readonly why: 'encrypted' | 'unsupported' | 'limit-archive-bytes' };

/** The header behind `octets`, which says how it is packed. */
async function unpackHeader(octets: Buffer, source: Source, listing: Listing, step: Step): Promise<Header> {
  const { folders, packAt, packSizes } = readStreams(new Reader(octets.subarray(1), 1));
  const folder = folders[0];
  const coder = folder?.coders[0];
  const packedSize = packSizes[0];
  if (folder === undefined || coder === undefined || packedSize === undefined) throw new Damaged();
  if (isEncrypted(folder)) return { kind: 'no', why: 'encrypted' };
  const method = methods[coder.method];
  if (folder.coders.length > 1 || method === undefined) return { kind: 'no', why: 'unsupported' };
  const size = sizeOf(folder);
  if (Math.max(size, packedSize) > Math.min(longestHeader, listing.bytesLeft))
    return { kind: 'no', why: 'limit-archive-bytes' };
  const packed = await source.read(32 + packAt, packedSize);
  if (packed.length < packedSize) throw new Damaged();
  listing.bytesLeft -= size;
  if (method === 'copy') return { kind: 'header', octets: packed };
  const lzma = new Lzma(Buffer.from(packed), { properties: coder.properties, size });
  while (!lzma.done) {
    await step(stepOctets);
    lzma.go(stepOctets);
  }
  if (lzma.broken) throw new Damaged();
  return { kind: 'header', octets: lzma.out };
}

interface Found {
  /** Undefined when there is none. */
  readonly header: Header | undefined;
  readonly end: number;
}

async function findHeader(source: Source, listing: Listing, step: Step): Promise<Found> {
  const head = await source.read(0, 32);
  if (head.length < 32) throw new Damaged();
  const at = 32 + Number(head.readBigUInt64LE(12));
  const length = Number(head.readBigUInt64LE(20));
  // 7-Zip looks for the header of an archive that was not finished.
  if (length === 0 && source.size > 32) throw new Damaged();
  const end = at + length;
  if (length === 0) return { header: undefined, end };
  if (at + length > source.size) throw new Damaged();
  if (length > longestHeader) return { header: { kind: 'no', why: 'limit-archive-bytes' }, end };
  let header: Header = { kind: 'header', octets: Buffer.from(await source.read(at, length)) };
  for (let i = 0; header.kind === 'header' && header.octets[0] === id.encodedHeader; i++) {
    if (i >= mostPacked) throw new Damaged();
    header = await unpackHeader(header.octets, source, listing, step);
  }
  return { header, end };
}

/** Gives where it ends, as it says. Rejects as `step` and the source do. */
export async function readSevenZip(
  source: Source,
  listing: Listing,
  within: number | undefined,
  depth: number,
  step: Step,
): Promise<number> {
  try {
    const { end, header } = await findHeader(source, listing, step);
    if (header === undefined) return end;
    if (header.kind === 'no') {
      listing.truncated.add(header.why);
      return end;
    }
    if (header.octets[0] !== id.header) throw new Damaged();
    await step(header.octets.length);
    for (const file of readHeader(new Reader(header.octets.subarray(1), listing.limits.names + 1))) {
      await step(nameCost);
      if (listing.addUnread(file, within, depth) === undefined) return end;
    }
    return end;
  } catch (error) {
    if (!(error instanceof Damaged)) throw error;
    listing.defects.add('damaged');
    listing.truncated.add('damaged');
    return source.size;
  }
}
