// Files as the policy of a test sees them: those that the test has made lie over what is on the disk, and what the policy writes, renames or removes it
// does to a copy of its own. The copies lie in a directory that goes with the test.
//
// It must never change a file outside of the directory that it was given.
import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { type Disk, realDisk } from '../../ops/system.ts';

/** open(2) on Linux. */
const openFlag = { writeOnly: 1, readWrite: 2, create: 0o100, truncate: 0o1000 } as const;
/** Octets that a case may write, and of a file that is copied to be changed. */
const MOST_OCTETS = 256 * 1024 * 1024;
/** What of /dev is nobody's. */
const devices: ReadonlySet<string> = new Set(
  ['null', 'zero', 'full', 'random', 'urandom', 'stdin', 'stdout', 'stderr', 'tty'].map(
    (name) => `/dev/${name}`,
  ),
);
const CHANGES = openFlag.writeOnly | openFlag.readWrite | openFlag.create | openFlag.truncate;

const noSuchFile = (): Error =>
  Object.assign(new Error('ENOENT: no such file or directory'), { code: 'ENOENT' });

const failure = (code: string, text: string): Error => Object.assign(new Error(`${code}: ${text}`), { code });

const textOf = (path: Buffer | string): string => (typeof path === 'string' ? path : path.toString('utf8'));

export class CaseFiles {
  /** What is below it is everybody's: messages lie there. */
  readonly #parent: string;
  /** Where paths of the policy begin that are not absolute: for `io` that is where the process was started. */
  readonly #bases: readonly string[];
  #directory: string | undefined;
  /** By absolute path: where it really lies; undefined: the policy has removed it. */
  readonly #places = new Map<string, string | undefined>();
  #count = 0;
  #written = 0;
  readonly disk: Disk;

  /** `parent`: an existing directory, in which one for the copies is made when there is the first. `base`: where the policy stands. */
  constructor(parent: string, base: string) {
    this.#parent = parent;
    this.#bases = [...new Set([base, process.cwd()])];
    this.disk = this.#asDisk();
  }

  /** Puts a file over what is there. */
  put(path: string, content: Buffer): void {
    for (const base of this.#bases) writeFileSync(this.#newPlace(resolve(base, path)), content);
  }

  /** Where the file of this path lies. */
  placeOf(path: string): string {
    const full = resolve(path);
    if (!this.#places.has(full)) return path;
    return this.#places.get(full) ?? join(this.#parent, 'removed', basename(full));
  }

  /** Removes the copies. */
  close(): void {
    if (this.#directory !== undefined) rmSync(this.#directory, { recursive: true, force: true });
  }

  #newPlace(full: string): string {
    this.#directory ??= mkdtempSync(join(this.#parent, 'files-'));
    const place = join(this.#directory, String(++this.#count));
    this.#places.set(full, place);
    return place;
  }

  /** Where to write: a copy of what is there, unless it is going to be replaced. */
  #own(path: string, isReplaced: boolean): string {
    const full = resolve(path);
    const known = this.#places.get(full);
    if (known !== undefined) return known;
    const isRemoved = this.#places.has(full);
    if (!isRemoved && !existsSync(dirname(full))) throw noSuchFile();
    const place = this.#newPlace(full);
    if (!isRemoved && !isReplaced && existsSync(full)) {
      const { isFile, size } = this.#look(full);
      if (!isFile) throw failure('EPERM', `no plain file, ${path}`);
      this.#writes(size);
      copyFileSync(full, place);
    }
    return place;
  }

  #look(full: string): { readonly isFile: boolean; readonly size: number } {
    const stat = statSync(full);
    return { isFile: stat.isFile(), size: stat.size };
  }

  #writes(octets: number): void {
    this.#written += octets;
    if (this.#written > MOST_OCTETS) throw failure('ENOSPC', 'more than the policy of a test may write');
  }

  #isOurs(path: string): boolean {
    const full = resolve(path);
    return full.startsWith(`${this.#parent}/`) || devices.has(full);
  }

  #remove(path: string): void {
    if (!existsSync(this.placeOf(path))) throw noSuchFile();
    this.#places.set(resolve(path), undefined);
  }

  #asDisk(): Disk {
    return {
      ...realDisk,
      open: (path, flags, mode) => {
        const text = textOf(path);
        if (this.#isOurs(text)) return realDisk.open(text, flags, mode);
        if ((flags & CHANGES) === 0) return this.#openToRead(this.placeOf(text), flags, mode);
        const isThere = existsSync(this.placeOf(text));
        if (!isThere && (flags & openFlag.create) === 0) throw noSuchFile();
        return realDisk.open(this.#own(text, (flags & openFlag.truncate) !== 0), flags, mode);
      },
      write: (fd, from, at, length, position) => {
        this.#writes(length);
        return realDisk.write(fd, from, at, length, position);
      },
      rename: (from, to) => {
        const [source, target] = [textOf(from), textOf(to)];
        if (this.#isOurs(source) && this.#isOurs(target)) return realDisk.rename(from, to);
        if (!existsSync(this.placeOf(source))) throw noSuchFile();
        copyFileSync(this.placeOf(source), this.#own(target, true));
        this.#remove(source);
      },
      remove: (path) => {
        const text = textOf(path);
        if (this.#isOurs(text)) realDisk.remove(path);
        else this.#remove(text);
      },
      removeDirectory: (path) => this.#refuse(textOf(path)),
      makeDirectory: (path) => this.#refuse(textOf(path)),
      makeLink: (_, to) => this.#refuse(textOf(to)),
      setTimes: (path, accessed, modified) =>
        realDisk.setTimes(Buffer.from(this.#own(textOf(path), false)), accessed, modified),
      placeOf: (path) => this.#octetsOf(path),
      look: (path, follow) => realDisk.look(Buffer.from(this.placeOf(textOf(path))), follow),
    };
  }

  /** What somebody reads from a pipe nobody else gets. */
  #openToRead(place: string, flags: number, mode: number): number {
    if (existsSync(place) && statSync(place).isFIFO()) throw failure('EPERM', `a pipe, ${place}`);
    return realDisk.open(place, flags, mode);
  }

  /** Paths of Lua are octets. */
  #octetsOf(path: string): string {
    return Buffer.from(this.placeOf(Buffer.from(path, 'latin1').toString('utf8'))).toString('latin1');
  }

  /** Nothing of that is done to the real disk. */
  #refuse(path: string): never {
    throw Object.assign(new Error(`EPERM: not in a test, ${path}`), { code: 'EPERM' });
  }
}
