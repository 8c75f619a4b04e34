// Where a message stays while it is received, looked at and forwarded. Small messages stay in memory; a private file (0600, never an
// existing one) is made when the message outgrows option spool-memory or when somebody can look at it. Used by message/receiver; the
// Lua file functions and the services find it by its path.
import { type FileHandle, unlink } from 'node:fs/promises';
import {
  createFile,
  createSync,
  openToRead,
  type Placed,
  placed,
  reopenFile,
  replaceFile,
  writeAll,
  writeMoreSync,
} from './spool-file.ts';
import type { SpoolDirectory, StoredMessage } from './stored-message.ts';

const READ_SIZE = 65_536;
/** More than this waiting for the disk: append asks its caller to wait. */
const BACKLOG = 1_048_576;

/** Memory only, or on disk. On disk, what was not written yet waits in order with its position. */
type Place =
  | { readonly kind: 'memory'; readonly pieces: Buffer[] }
  | { readonly kind: 'disk'; readonly waiting: Placed[] }
  | { readonly kind: 'deleted' };

/** Bytes that may stay in memory: of one message (option spool-memory), of all of the process (spool-memory-total). */
export interface SpoolLimits {
  readonly message: number;
  readonly total: number;
}

const NO_LIMITS: SpoolLimits = { message: Number.POSITIVE_INFINITY, total: Number.POSITIVE_INFINITY };

/** Bytes of all messages that are in memory only. */
interface MemoryBudget {
  held: number;
}

export class Spool implements StoredMessage {
  readonly path: string;
  readonly #limits: SpoolLimits;
  readonly #budget: MemoryBudget;
  readonly #release: (spool: Spool) => void;
  #place: Place = { kind: 'memory', pieces: [] };
  #size = 0;
  #file: FileHandle | undefined;
  /** The chain of asynchronous writes; a failure stays in #failure. */
  #writing: Promise<void> | undefined;
  #failure: Error | undefined;
  /** The replacement at work: one at a time, and delete waits for it. */
  #replacing: Promise<void> = Promise.resolve();

  constructor(path: string, limits: SpoolLimits, budget: MemoryBudget, release: (spool: Spool) => void) {
    this.path = path;
    this.#limits = path === '' ? NO_LIMITS : limits;
    this.#budget = budget;
    this.#release = release;
  }

  get size(): number {
    return this.#size;
  }

  get pieces(): readonly Buffer[] | undefined {
    return this.#place.kind === 'memory' ? this.#place.pieces : undefined;
  }

  /**
   * Adds a piece (kept, not copied). A promise means: wait before reading more from the client and
   * before running Lua; it rejects with the error of the file
   * system (ENOSPC, EACCES ...).
   */
  append(piece: Buffer): void | Promise<void> {
    if (piece.length === 0) return;
    const position = this.#size;
    this.#size += piece.length;
    switch (this.#place.kind) {
      case 'memory':
        this.#place.pieces.push(piece);
        this.#budget.held += piece.length;
        if (this.#size > this.#limits.message || this.#budget.held > this.#limits.total) return this.onDisk();
        return;
      case 'disk': {
        this.#place.waiting.push({ position, piece });
        const writing = this.#write();
        if (this.#failure !== undefined || this.#backlog() > BACKLOG) return writing;
        // A failure is kept: the next append or onDisk reports it.
        writing.catch(() => undefined);
        return;
      }
      case 'deleted':
        return;
    }
  }

  /** Resolves when everything received is in the file. Without a path the message stays in memory. */
  onDisk(): Promise<void> {
    if (this.path !== '' && this.#place.kind === 'memory') this.#toDisk(this.#place.pieces);
    return this.#write();
  }

  onDiskSync(): void {
    if (this.path === '') return;
    if (this.#place.kind === 'memory') {
      createSync(this.path, placed(this.#place.pieces));
      this.#move({ kind: 'disk', waiting: [] });
      return;
    }
    if (this.#place.kind !== 'disk' || this.#place.waiting.length === 0) return;
    // Writing at fixed positions twice (here and by the asynchronous chain) gives the same file.
    writeMoreSync(this.path, this.#place.waiting);
  }

  async *read(start = 0): AsyncGenerator<Buffer> {
    if (this.#place.kind === 'memory') {
      let skip = start;
      for (const piece of this.#place.pieces) {
        if (skip >= piece.length) skip -= piece.length;
        else {
          yield skip === 0 ? piece : piece.subarray(skip);
          skip = 0;
        }
      }
      return;
    }
    await this.onDisk();
    const file = await openToRead(this.path);
    try {
      let position = start;
      for (;;) {
        const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(READ_SIZE), 0, READ_SIZE, position);
        if (bytesRead === 0) return;
        position += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  }

  /** Puts `prefix` in the place of the first `oldLength` bytes (a rewritten header block). All or nothing. */
  async replacePrefix(oldLength: number, prefix: Buffer): Promise<void> {
    if (this.#place.kind === 'memory') {
      const pieces: Buffer[] = prefix.length > 0 ? [prefix] : [];
      for await (const piece of this.read(oldLength)) pieces.push(piece);
      this.#keep(pieces);
      return;
    }
    const self = this;
    await this.#replaceFile(
      (async function* () {
        yield prefix;
        yield* self.read(oldLength);
      })(),
    );
  }

  /** Puts another message in the place of this one (spamd PROCESS). All or nothing. */
  async replaceContent(pieces: readonly Buffer[]): Promise<void> {
    if (this.#place.kind === 'memory') {
      this.#keep([...pieces]);
      return;
    }
    await this.#replaceFile(pieces);
  }

  /** Removes the file, if there is one by that name still. Idempotent; never rejects. */
  async delete(): Promise<void> {
    if (this.#place.kind === 'deleted') return;
    const onDisk = this.#place.kind === 'disk';
    this.#move({ kind: 'deleted' });
    this.#release(this);
    if (!onDisk) return;
    await this.#replacing;
    await this.#writing?.catch(() => undefined);
    await this.#close();
    await unlink(this.path).catch(() => undefined);
  }

  #move(place: Place): void {
    if (this.#place.kind === 'memory') this.#budget.held -= this.#size;
    this.#place = place;
  }

  #keep(pieces: Buffer[]): void {
    this.#budget.held -= this.#size;
    this.#size = pieces.reduce((sum, piece) => sum + piece.length, 0);
    this.#budget.held += this.#size;
    this.#place = { kind: 'memory', pieces };
  }

  #toDisk(pieces: readonly Buffer[]): void {
    this.#move({ kind: 'disk', waiting: placed(pieces) });
    this.#writing = this.#chain(async () => {
      this.#file = await createFile(this.path);
    });
    this.#writing.catch(() => undefined);
  }

  #backlog(): number {
    const place = this.#place;
    if (place.kind !== 'disk') return 0;
    const first = place.waiting[0];
    return first === undefined ? 0 : this.#size - first.position;
  }

  /** Writes what is waiting; one write at a time, in order. */
  #write(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#place.kind !== 'disk' || this.#place.waiting.length === 0)
      return this.#writing ?? Promise.resolve();
    this.#writing = this.#chain(async () => {
      const place = this.#place;
      if (place.kind !== 'disk') return;
      while (place.waiting.length > 0) {
        const batch = place.waiting.slice(0, 64);
        const first = batch[0];
        if (first === undefined) break;
        this.#file ??= await reopenFile(this.path);
        await writeAll(
          this.#file,
          batch.map((entry) => entry.piece),
          first.position,
        );
        place.waiting.splice(0, batch.length);
      }
    });
    return this.#writing;
  }

  async #chain(next: () => Promise<void>): Promise<void> {
    const before = this.#writing;
    try {
      await before;
      await next();
    } catch (error) {
      this.#failure ??= error instanceof Error ? error : new Error(String(error));
      await this.#close();
      throw this.#failure;
    }
  }

  async #close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  #replaceFile(content: Iterable<Buffer> | AsyncIterable<Buffer>): Promise<void> {
    const done = this.#replacing.then(() => this.#rewriteFile(content));
    this.#replacing = done.catch(() => undefined);
    return done;
  }

  async #rewriteFile(content: Iterable<Buffer> | AsyncIterable<Buffer>): Promise<void> {
    await this.onDisk();
    this.#size = await replaceFile(this.path, content, async () => {
      await this.#close();
      // Deleted meanwhile: the new file must not stay behind.
      if (this.#place.kind === 'deleted') throw new Error('the message is gone');
    });
  }
}

/** The messages of one process by path. */
export class SpoolStore implements SpoolDirectory {
  readonly #byPath = new Map<string, Spool>();

  readonly #budget: MemoryBudget = { held: 0 };

  /** A new, empty message. `directory` is option spool-dir (empty: memory only), `id` the transaction id. */
  create(directory: string, id: string, limits: SpoolLimits): Spool {
    const path = directory === '' ? '' : directory.endsWith('/') ? directory + id : `${directory}/${id}`;
    const spool = new Spool(path, limits, this.#budget, () => {
      this.#byPath.delete(path);
    });
    if (path !== '') this.#byPath.set(path, spool);
    return spool;
  }

  /** Bytes of the messages that are in memory only. */
  get held(): number {
    return this.#budget.held;
  }

  find(path: string): Spool | undefined {
    return this.#byPath.get(path);
  }

  /** Messages not deleted yet (0 when nothing is left behind). */
  get size(): number {
    return this.#byPath.size;
  }
}
