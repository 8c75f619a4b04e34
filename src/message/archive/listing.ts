// What is found in an archive: a flat list of entries, those of an archive inside behind the entry that it is, with what is odd about it and why the
// list may not be all. Filled by the readers of this folder; made by walk.ts.
import { nameReadings } from '../mime/file-names.ts';

/** What is odd about how an archive is put together, so that programs may read it in different ways. */
export const archiveDefects = {
  names_differ:
    'an entry with one name in the directory and another one before its data, or in an extra field',
  hidden_entries: 'entries that the directory does not have',
  overlapping_entries: 'entries that share octets',
  missing_entries: 'a directory that names entries where there are none',
  no_directory: 'no directory at the end; the names are those before the data',
  octets_before: 'octets before the archive, as in one that unpacks itself',
  octets_behind: 'octets behind the archive',
  several_directories: 'more than one end of a directory',
  odd_name: 'a name with control, direction or zero-width characters',
  path_outside: 'a name that leads out of the directory it is unpacked in: an absolute path, a drive, `..`',
  name_twice: 'two entries of the same name',
  damaged: 'structures that contradict each other or end too early',
} as const;

export type ArchiveDefect = keyof typeof archiveDefects;

/** Why the list is not all. */
export const truncations = {
  'limit-archive-names': 'there are more names',
  'limit-archive-bytes': 'there is more to unpack',
  'limit-archive-depth': 'there are archives further inside',
  unsupported: 'an archive of a kind, or an entry packed in a way, that is not looked into',
  encrypted: 'an archive, or its directory, is encrypted',
  damaged: 'an archive cannot be read to its end',
} as const;

export type Truncation = keyof typeof truncations;

export interface ArchiveEntry {
  /** With its path, as programs show it: UTF-8 text without characters that are not seen. */
  readonly name: string;
  /** Every reading of the last piece of it, lower case. */
  readonly names: readonly string[];
  /** Octets unpacked, as the archive says. */
  readonly size: number;
  readonly encrypted: boolean;
  /** By its octets; undefined when they are not known or not looked at. */
  readonly type: string | undefined;
  readonly ext: string | undefined;
  /** The number of the entry that is the archive it stands in. */
  readonly within: number | undefined;
  readonly depth: number;
}

export interface ArchiveLimits {
  readonly names: number;
  readonly bytes: number;
  readonly depth: number;
}

/** Not seen, or changing what is seen; NUL aside, behind which names go on for some programs. */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;

/** What files are called that hold others, and are of interest in an archive. */
const archiveName =
  /\.(?:zip[x\d]*|jar|war|ear|rar|r\d\d|7z|tar|t[abgxz]z[2\d]*|tzst|gz|bz2?|xz|zst|lz|lz4|lzma|z|cab|ar[cj]|lzh|lha|ace|alz|egg|zoo|cpio|deb|rpm|wim|iso|img|udf|vhdx?|vmdk|dmg|eml|msg|mht(?:ml)?|dat)(?:\.\d{1,4})?$/;

export class Listing {
  readonly limits: ArchiveLimits;
  readonly entries: ArchiveEntry[] = [];
  readonly defects = new Set<ArchiveDefect>();
  readonly truncated = new Set<Truncation>();
  /** Octets that may still be unpacked. */
  bytesLeft: number;
  readonly #seen = new Set<string>();

  constructor(limits: ArchiveLimits) {
    this.limits = limits;
    this.bytesLeft = limits.bytes;
  }

  get full(): boolean {
    return this.entries.length >= this.limits.names;
  }

  /** The number of the entry, or undefined when there is no room for it. */
  add(entry: Omit<ArchiveEntry, 'names' | 'name'> & { readonly name: string }): number | undefined {
    if (this.full) {
      this.truncated.add('limit-archive-names');
      return undefined;
    }
    const { name } = entry;
    if (unseen.test(name)) this.defects.add('odd_name');
    if (/^[/\\]|^[a-z]:|(?:^|[/\\])\.\.(?:[/\\]|$)/i.test(name)) this.defects.add('path_outside');
    const key = `${entry.within ?? 0} ${name}`;
    if (this.#seen.has(key)) this.defects.add('name_twice');
    this.#seen.add(key);
    const shown = name.slice(0, 1024).replace(new RegExp(unseen.source, 'gu'), '');
    // A directory has no name of a file, and no octets.
    const names = /[/\\]$/.test(name) && entry.size === 0 ? [] : nameReadings(name);
    return this.entries.push({ ...entry, name: shown, names });
  }

  /** As `add`, where the octets of an entry are not looked at: an archive inside is one of which nothing is known. */
  addUnread(
    entry: Pick<ArchiveEntry, 'encrypted' | 'name' | 'size'>,
    within: number | undefined,
    depth: number,
  ): number | undefined {
    const number = this.add({ ...entry, type: undefined, ext: undefined, within, depth });
    const names = this.entries[(number ?? 0) - 1]?.names ?? [];
    if (names.some((name) => archiveName.test(name))) this.truncated.add('unsupported');
    return number;
  }

  /** Other readings of the name of an entry. */
  also(number: number, name: string): void {
    this.alsoNamed(number, nameReadings(name));
  }

  /** The same, read already. */
  alsoNamed(number: number, others: readonly string[]): void {
    const entry = this.entries[number - 1];
    if (entry === undefined) return;
    const names = [...new Set([...entry.names, ...others])].slice(0, 64);
    this.entries[number - 1] = { ...entry, names };
  }

  typed(number: number, found: { readonly type: string; readonly ext: string } | undefined): void {
    const entry = this.entries[number - 1];
    if (entry !== undefined && found !== undefined)
      this.entries[number - 1] = { ...entry, type: found.type, ext: found.ext };
  }
}
