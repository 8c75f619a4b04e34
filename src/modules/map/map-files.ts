// The files that policies have opened with `map.open`. One that is open is read once for a revision of a policy, however many connections use it,
// and again when it has changed, which is looked at once a second at most and only while it is used. What was read before serves until the
// new content is complete and right. Must never read while somebody waits, but at the first opening, and never copy a list.
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { LuaError } from '../../lua-api/function-spec.ts';
import type { ByteSlice } from '../../lua-api/value.ts';
import type { RevisionView } from '../../policy/revision-view.ts';
import type { MapContent, MapKind } from './content.ts';
import { type FileRead, type FileState, readMapFile, stateOf } from './read-file.ts';

const lookAgainMs = 1000;
/** Files of one revision; more are a policy that makes names of what strangers send. */
const mostFiles = 100;

/** A file that could be read. */
export class MapFile {
  readonly path: string;
  readonly kind: MapKind;
  content: MapContent;
  state: FileState;
  /** What the last look has found. */
  seen: FileState;
  lookedAt: number;
  isLooking = false;
  readonly #files: MapFiles;

  constructor(files: MapFiles, path: string, kind: MapKind, read: Extract<FileRead, { kind: 'content' }>) {
    this.#files = files;
    this.path = path;
    this.kind = kind;
    this.content = read.content;
    this.state = read.state;
    this.seen = read.state;
    this.lookedAt = files.now();
  }

  lookup(key: string): ByteSlice | undefined {
    this.#files.look(this);
    return this.content.lookup(key);
  }
}

/** A file as a revision knows it. */
interface Opening {
  /** What came of the last try: undefined while it goes on. */
  outcome: MapFile | { readonly message: string; readonly at: number } | undefined;
  done: Promise<void>;
}

/** Content that some revision has in use, for a new one that opens the same file. */
interface Known {
  readonly state: FileState;
  readonly content: WeakRef<MapContent>;
}

export class MapFiles {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #placeOf: (path: string) => string;
  readonly #revisions = new WeakMap<RevisionView, Map<string, Opening>>();
  readonly #known = new Map<string, Known>();

  /** `placeOf`: as Disk has it (ops/system). */
  constructor(clock: Clock, log: Log, placeOf: (path: string) => string = (path) => path) {
    this.#clock = clock;
    this.#log = log;
    this.#placeOf = placeOf;
  }

  now(): number {
    return this.#clock.monotonic();
  }

  /** The file at `path` (absolute, latin1) for a revision: at once when it is open already. Raises LuaError when it cannot be read. */
  open(revision: RevisionView, path: string, kind: MapKind): MapFile | Promise<MapFile> {
    let files = this.#revisions.get(revision);
    if (files === undefined) {
      files = new Map();
      this.#revisions.set(revision, files);
    }
    const name = `${kind} ${path}`;
    const known = files.get(name);
    if (known === undefined && files.size >= mostFiles)
      throw new LuaError(`map.open: a policy can have ${mostFiles} files open; ${path} would be one more`);
    const opening = known ?? { outcome: undefined, done: Promise.resolve() };
    files.set(name, opening);
    const { outcome } = opening;
    if (outcome instanceof MapFile) return outcome;
    // A file that is wrong is not read again for each connection.
    if (outcome !== undefined && this.now() - outcome.at < lookAgainMs) throw raised(outcome.message);
    if (known === undefined || outcome !== undefined) {
      opening.outcome = undefined;
      opening.done = this.#begin(opening, path, kind, name);
    }
    return opening.done.then(() => {
      const end = opening.outcome;
      if (end instanceof MapFile) return end;
      throw raised(end?.message ?? path);
    });
  }

  async #begin(opening: Opening, path: string, kind: MapKind, name: string): Promise<void> {
    const read = await this.#read(path, kind, name);
    opening.outcome =
      read.kind === 'content'
        ? new MapFile(this, path, kind, read)
        : { message: read.message, at: this.now() };
  }

  /** Looks whether the file has changed, if it is time to. */
  look(file: MapFile): void {
    const now = this.now();
    if (now - file.lookedAt < lookAgainMs || file.isLooking) return;
    file.isLooking = true;
    void this.#again(file)
      .finally(() => {
        file.lookedAt = this.now();
        file.isLooking = false;
      })
      .then((isChanging) => {
        // A list that is seldom used is not left half changed for so long.
        if (isChanging) this.#clock.after(lookAgainMs, () => this.look(file)).unref();
      });
  }

  /**
   * Reads the file when it is another one than was read, and two looks have found it the same: who writes it where it stands has come to an end
   * then. True when it is not sure yet.
   */
  async #again(file: MapFile): Promise<boolean> {
    const { path, kind } = file;
    const state = await stateOf(this.#placeOf(path));
    if (state === file.state) return false;
    const isQuiet = state === file.seen;
    file.seen = state;
    if (!isQuiet) return true;
    const read = await this.#read(path, kind, `${kind} ${path}`);
    if (read.state !== state) {
      file.seen = read.state;
      return true;
    }
    file.state = read.state;
    if (read.kind === 'content') {
      file.content = read.content;
      this.#log.emit('map-read', { path, entries: read.content.entries });
    } else this.#log.emit('map-kept', { cause: read.message, path });
    return false;
  }

  async #read(path: string, kind: MapKind, name: string): Promise<FileRead> {
    const known = this.#known.get(name);
    const content = known?.content.deref();
    if (known !== undefined && content !== undefined && known.state === (await stateOf(this.#placeOf(path))))
      return { kind: 'content', state: known.state, content };
    const read = await readMapFile(path, kind, this.#placeOf(path));
    if (read.kind === 'content')
      this.#known.set(name, { state: read.state, content: new WeakRef(read.content) });
    else this.#known.delete(name);
    if (this.#known.size > mostFiles * 2) this.#forget();
    return read;
  }

  /** Names of files that nobody uses any more. */
  #forget(): void {
    for (const [name, { content }] of this.#known)
      if (content.deref() === undefined) this.#known.delete(name);
  }
}

const raised = (message: string): LuaError => new LuaError(`map.open: ${message}`);
