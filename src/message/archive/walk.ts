// Lists what is in an archive, and in the archives inside it. The kind is that of the octets, not of a name. Bounded in names, depth and octets
// unpacked; what is inside an archive inside is kept in memory while it is looked at.
import { type Detected, detect, detectOctets, detectZip, isZipKind } from '../file-type/detect.ts';
import { isTarHeader } from '../file-type/tar-header.ts';
import { readCab } from './cab.ts';
import { type ArchiveLimits, Listing } from './listing.ts';
import { readRar } from './rar.ts';
import { readSevenZip } from './seven-zip.ts';
import { BufferSource, LaterSource, type Source, type Step } from './source.ts';
import { readTar } from './tar.ts';
import { readTnef } from './tnef.ts';
import { type Packed, unpack } from './unpack.ts';
import { readZip } from './zip.ts';

export interface ArchiveList {
  readonly kind: Detected;
  readonly listing: Listing;
}

/** Kinds that hold files and are not looked into. */
const opaque = new Set(
  'alz cpio egg squashfs vmdk bz2 xz lz zst lz4 z arj lzh ace iso vhd vhdx wim xar deb rpm ar'.split(' '),
);
const readable = new Set(['tar', 'gz', 'rar', 'cab', '7z', 'dat']);
const zipEnd = Buffer.from('PK\x05\x06', 'latin1');

type Kind = 'zip' | 'tar' | 'gz' | 'rar' | 'cab' | '7z' | 'dat' | 'opaque';

function kindOf(head: Buffer, found: Detected | undefined): Kind | undefined {
  if (found !== undefined) {
    if (head.toString('latin1', 0, 2) === 'PK' || isZipKind(found)) return 'zip';
    if (opaque.has(found.ext)) return 'opaque';
    if (readable.has(found.ext)) return found.ext as Kind;
  }
  // The name of its first entry may look like something else.
  return isTarHeader(head) ? 'tar' : undefined;
}

/** Programs look for these behind other octets, so that archives may unpack themselves; so far behind. */
const marks: readonly Buffer[] = ['Rar!\x1a\x07', "7z\xbc\xaf'\x1c"].map((mark) =>
  Buffer.from(mark, 'latin1'),
);
const markOctets = 2_097_152;
/** Archives behind archives are looked into so often. */
const mostBehind = 20;

/** Where the first of them begins. */
function markIn(octets: Buffer): number | undefined {
  const places = marks.map((mark) => octets.indexOf(mark)).filter((at) => at >= 0);
  return places.length === 0 ? undefined : Math.min(...places);
}

class Walk {
  readonly listing: Listing;
  readonly #step: Step;
  /** Octets of an archive inside that are kept. */
  readonly #most: number;
  /** Times that something was looked for behind an archive. */
  #behinds = 0;

  constructor(limits: ArchiveLimits, step: Step) {
    this.listing = new Listing(limits);
    this.#step = step;
    this.#most = limits.bytes / 4;
  }

  async look(source: Source, within: number | undefined, depth: number): Promise<Detected | undefined> {
    const head = await source.read(0, Math.min(source.size, detectOctets));
    const found = detect(head);
    const kind = kindOf(head, found) ?? ((await this.#endsAsZip(source)) ? 'zip' : undefined);
    switch (kind) {
      case undefined:
        return this.#behind(source, within, depth, found);
      case 'zip':
        return this.#zip(source, within, depth, found);
      case 'tar':
        await this.#tar(source, within, depth);
        break;
      case 'gz':
        await this.#gzip(source, within, depth);
        if (await this.#endsAsZip(source)) await this.#alsoAsZip(source, within, depth);
        break;
      case 'dat':
        await this.#tnef(source, within, depth);
        break;
      case 'rar':
        await this.#rest(source, await readRar(source, this.listing, within, depth), within, depth);
        break;
      case 'cab':
        await this.#rest(source, await readCab(source, this.listing, within, depth), within, depth);
        break;
      case '7z':
        await this.#rest(
          source,
          await readSevenZip(source, this.listing, within, depth, this.#step),
          within,
          depth,
        );
        break;
      case 'opaque':
        this.listing.truncated.add('unsupported');
    }
    return found;
  }

  /** What stands behind an archive, for programs that look for a mark, or from the end. */
  async #rest(source: Source, end: number, within: number | undefined, depth: number): Promise<void> {
    if (end >= source.size) return;
    if (++this.#behinds > mostBehind) {
      this.listing.truncated.add('limit-archive-depth');
      return;
    }
    this.listing.defects.add('octets_behind');
    const rest = new LaterSource(source, end);
    if (await this.#endsAsZip(rest)) await this.#zip(rest, within, depth, undefined);
    else await this.#behind(rest, within, depth, undefined);
  }

  /**
   * Where an archive ends is not known, and programs may read a zip from its end: what they find counts, but not what is odd about it, as
   * the zip may stand in what is packed.
   */
  async #alsoAsZip(source: Source, within: number | undefined, depth: number): Promise<void> {
    const { limits } = this.listing;
    const other = new Walk({ ...limits, bytes: Math.max(0, this.listing.bytesLeft) }, this.#step);
    await other.#zip(source, undefined, depth, undefined);
    this.listing.bytesLeft = other.listing.bytesLeft;
    for (const cause of other.listing.truncated) this.listing.truncated.add(cause);
    for (const entry of other.listing.entries) {
      const { depth: its, encrypted, ext, name, size, type } = entry;
      const number = this.listing.add({ name, size, encrypted, type, ext, within, depth: its });
      if (number !== undefined) this.listing.alsoNamed(number, entry.names);
    }
  }

  async #behind(
    source: Source,
    within: number | undefined,
    depth: number,
    outer: Detected | undefined,
  ): Promise<Detected | undefined> {
    const end = Math.min(source.size, markOctets);
    for (let at = 0; at < end; at += detectOctets) {
      // A mark may stand in two pieces.
      const found = markIn(await source.read(at, Math.min(end - at, detectOctets + 8)));
      if (found === undefined) continue;
      const later = new LaterSource(source, at + found);
      this.listing.defects.add('octets_before');
      const inside = await this.look(later, within, depth);
      // A program stays one, whatever is behind it.
      return outer ?? inside;
    }
    return undefined;
  }

  /** Programs find an archive behind anything: a picture, a program that unpacks itself. */
  async #endsAsZip(source: Source): Promise<boolean> {
    const tail = await source.read(Math.max(0, source.size - 65_557), 65_557);
    return tail.lastIndexOf(zipEnd) >= 0;
  }

  async #zip(
    source: Source,
    within: number | undefined,
    depth: number,
    found: Detected | undefined,
  ): Promise<Detected> {
    const { listing } = this;
    const first = listing.entries.length;
    const { end, entries } = await readZip(source, listing, within, depth);
    const names = listing.entries.slice(first).map(({ name }) => name.replaceAll('\\', '/').toLowerCase());
    // In the order in which they stand there: a part of a message is then decoded once.
    for (const entry of [...entries].sort((a, b) => (a.dataAt ?? 0) - (b.dataAt ?? 0))) {
      if (entry.dataAt === undefined || entry.encrypted || entry.size + entry.packed === 0) continue;
      if (entry.method !== 0 && entry.method !== 8) {
        listing.truncated.add('unsupported');
        continue;
      }
      const kind = entry.method === 0 ? 'stored' : 'deflated';
      await this.#entry(source, { kind, at: entry.dataAt, length: entry.packed }, entry.number, depth);
    }
    // A second zip is several directories.
    await this.#rest(source, end, within, depth);
    const declared = found !== undefined && /^od|^epub/.test(found.ext) ? found : undefined;
    return declared ?? detectZip(names, '');
  }

  async #tar(source: Source, within: number | undefined, depth: number): Promise<void> {
    const { end, entries } = await readTar(source, this.listing, within, depth);
    for (const { dataAt, number, size } of entries)
      await this.#entry(source, { kind: 'stored', at: dataAt, length: size }, number, depth);
    await this.#rest(source, end, within, depth);
  }

  async #tnef(source: Source, within: number | undefined, depth: number): Promise<void> {
    for (const { dataAt, number, size } of await readTnef(source, this.listing, within, depth))
      await this.#entry(source, { kind: 'stored', at: dataAt, length: size }, number, depth);
  }

  async #gzip(source: Source, within: number | undefined, depth: number): Promise<void> {
    const head = await source.read(0, 4096);
    let at = 10 + ((head[3] ?? 0) & 4 ? 2 + (head.length >= 12 ? head.readUInt16LE(10) : 0) : 0);
    const end = head.indexOf(0, at);
    const isNamed = ((head[3] ?? 0) & 8) !== 0 && end > at;
    const name = isNamed ? head.toString('latin1', at, end) : '';
    at = Math.max(0, source.size - 4);
    const tail = await source.read(at, 4);
    const size = tail.length === 4 ? tail.readUInt32LE(0) : 0;
    const number = this.listing.add({
      name,
      size,
      encrypted: false,
      type: undefined,
      ext: undefined,
      within,
      depth,
    });
    if (number !== undefined)
      await this.#entry(source, { kind: 'gzip', at: 0, length: source.size }, number, depth);
  }

  /** What an entry is by its octets; an archive is looked into. */
  async #entry(source: Source, packed: Packed, number: number, depth: number): Promise<void> {
    const { listing } = this;
    if (listing.bytesLeft <= 0) {
      listing.truncated.add('limit-archive-bytes');
      return;
    }
    let isArchive = false;
    let isDeep = false;
    const { octets, whole } = await unpack(source, packed, listing, this.#step, (first) => {
      const found = detect(first);
      listing.typed(number, found);
      isArchive = kindOf(first, found) !== undefined || markIn(first) !== undefined;
      isDeep = isArchive && depth >= listing.limits.depth;
      if (isDeep) listing.truncated.add('limit-archive-depth');
      // The mark of a file of disks stands far behind.
      return isArchive && !isDeep ? this.#most : detectOctets;
    });
    if (!isArchive) listing.typed(number, detect(octets.subarray(0, detectOctets)));
    if (!isArchive || isDeep) return;
    if (!whole) listing.truncated.add(listing.defects.has('damaged') ? 'damaged' : 'limit-archive-bytes');
    listing.typed(number, await this.look(new BufferSource(octets, this.#step), number, depth + 1));
  }
}

/** Undefined: it is no archive. Rejects as `step` does, and as the source. */
export async function listArchive(
  source: Source,
  limits: ArchiveLimits,
  step: Step,
): Promise<ArchiveList | undefined> {
  const walk = new Walk(limits, step);
  const kind = await walk.look(source, undefined, 1);
  return kind === undefined ? undefined : { kind, listing: walk.listing };
}
