// Where a message stays while it is received, looked at and forwarded. Small messages stay in memory; a private file (0600, never an
// existing one) is made when the message outgrows option spool-memory or when somebody can look at it. Used by message/receiver; the
// Lua file functions and the services find it by its path.

import { type FileHandle, stat, unlink } from 'node:fs/promises';
import { Checksum } from '../base/checksum.ts';
import { codeOf, textOf } from '../base/errors.ts';
import type { Maybe } from '../base/maybe.ts';
import { Pieces } from '../base/pieces.ts';
import {
  createFile,
  createSync,
  openToRead,
  reopenFile,
  replaceFile,
  writeAll,
  writeMoreSync,
} from './spool-file.ts';
import type { SpoolDirectory, StoredMessage } from './stored-message.ts';

const READ_SIZE = 65_536;
/** More than this waiting for the disk: append asks its caller to wait. */
const BACKLOG = 1_048_576;

/** Memory only, or on disk. */
type Place = { readonly kind: 'memory'; readonly pieces: Pieces } | OnDisk | { readonly kind: 'deleted' };

/** What the file does not have yet stands behind its first `written` octets: what is being written at this moment, then what waits. */
interface OnDisk {
  readonly kind: 'disk';
  /** False while the file is being made. */
  made: boolean;
  written: number;
  writing: readonly Buffer[];
  readonly waiting: Pieces;
}

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
  #place: Place = { kind: 'memory', pieces: new Pieces() };
  #size = 0;
  /** Of what was written, or is to be written, to the file. */
  #sum = new Checksum();
  #shown = false;
  /** How often the content has been replaced, and its file shown. */
  #changes = 0;
  #file: FileHandle | undefined;
  /** The chain of asynchronous writes; a failure stays in #failure. */
  #writing: Promise<void> | undefined;
  #failure: Error | undefined;
  /** The replacement at work: one at a time, and delete waits for it. */
  #replacing: Promise<void> | undefined;

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
    return this.#place.kind === 'memory' ? this.#place.pieces.list : undefined;
  }

  /**
   * Adds a piece, whose octets must not change any more. A promise means: wait before reading more from the client and before running
   * Lua; it rejects with the error of the file system (ENOSPC, EACCES ...).
   */
  append(piece: Buffer): void | Promise<void> {
    if (piece.length === 0) return;
    this.#size += piece.length;
    switch (this.#place.kind) {
      case 'memory':
        this.#place.pieces.add(piece);
        this.#budget.held += piece.length;
        if (this.#size > this.#limits.message || this.#budget.held > this.#limits.total) return this.onDisk();
        return;
      case 'disk': {
        this.#place.waiting.add(piece);
        this.#sum.add(piece);
        const writing = this.#write();
        if (this.#failure !== undefined || this.#size - this.#place.written > BACKLOG) return writing;
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
    const place = this.#place;
    try {
      if (place.kind === 'memory') {
        createSync(this.path, place.pieces.list);
        for (const piece of place.pieces.list) this.#sum.add(piece);
        this.#move({ kind: 'disk', made: true, written: this.#size, writing: [], waiting: new Pieces() });
      } else if (place.kind === 'disk' && place.written < this.#size) {
        // Writing at fixed positions twice (here and by the asynchronous chain) gives the same file.
        writeMoreSync(this.path, [...place.writing, ...place.waiting.list], place.written);
      }
    } catch (error) {
      // While the file is being made only somebody else's policy can come here, too early.
      if (place.kind !== 'disk' || place.made) this.#failed(error);
      throw error;
    }
  }

  /** A policy could have changed the file: it opened it, or ran a command. */
  get shown(): boolean {
    return this.#shown;
  }

  show(): void {
    this.#shown = true;
    this.#changes++;
    this.onDiskSync();
  }

  /** Bytes that are to be read: a policy may have written to the file. */
  async sizeNow(): Promise<number> {
    if (!this.#shown || this.#place.kind !== 'disk') return this.#size;
    await this.onDisk();
    return (await stat(this.path)).size;
  }

  async state(): Promise<string> {
    if (this.#place.kind !== 'disk') return `${this.#place.kind} ${this.#changes}`;
    await this.onDisk();
    const { ino, size, mtimeNs, ctimeNs } = await stat(this.path, { bigint: true });
    return `${ino} ${size} ${mtimeNs} ${ctimeNs} ${this.#changes}`;
  }

  /** Whether the file has the octets that were appended. */
  async isAsReceived(): Promise<boolean> {
    const sum = new Checksum();
    for await (const piece of this.read()) sum.add(piece);
    return sum.value === this.#sum.value;
  }

  /** A policy has written to the file: that is the message now. */
  changedTo(size: number): void {
    this.#size = size;
    if (this.#place.kind === 'disk') this.#place.written = size;
  }

  /** Why the message cannot be stored; whatever a policy thinks of what it could not read, the message must be refused. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  async *read(start = 0): AsyncGenerator<Buffer> {
    if (this.#place.kind === 'memory') {
      let skip = start;
      for (const piece of this.#place.pieces.list) {
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
      const pieces = [prefix];
      for await (const piece of this.read(oldLength)) pieces.push(piece);
      await this.#put(pieces);
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

  /** Puts another message in the place of this one (spamd PROCESS), which may be made of the old one while it is read. All or nothing. */
  async replaceContent(content: readonly Buffer[] | AsyncIterable<Buffer>): Promise<void> {
    if (this.#place.kind !== 'memory') {
      await this.#replaceFile(content);
      return;
    }
    const pieces: Buffer[] = [];
    for await (const piece of content) pieces.push(piece);
    await this.#put(pieces);
  }

  /** Removes the file, if there is one by that name still; there is nothing to wait for when it was in memory only. Idempotent; never rejects. */
  delete(): Maybe<void> {
    if (this.#place.kind === 'deleted') return;
    const onDisk = this.#place.kind === 'disk';
    this.#move({ kind: 'deleted' });
    this.#release(this);
    if (onDisk) return this.#deleteFile();
  }

  async #deleteFile(): Promise<void> {
    await this.#replacing;
    await this.#writing?.catch(() => undefined);
    await this.#close();
    await unlink(this.path).catch(() => undefined);
  }

  #move(place: Place): void {
    if (this.#place.kind === 'memory') this.#budget.held -= this.#size;
    this.#place = place;
  }

  /** The new content of a message that was in memory when it began to be made. */
  #put(content: readonly Buffer[]): void | Promise<void> {
    switch (this.#place.kind) {
      case 'memory':
        return this.#keep(content);
      case 'disk':
        // Somebody has looked at it meanwhile: in memory again it would have a file that nobody removes.
        return this.#replaceFile(content);
      case 'deleted':
        throw new Error('the message is gone');
    }
  }

  #keep(content: readonly Buffer[]): void {
    this.#changes++;
    const pieces = new Pieces();
    for (const piece of content) if (piece.length > 0) pieces.add(piece);
    this.#budget.held += pieces.length - this.#size;
    this.#size = pieces.length;
    this.#place = { kind: 'memory', pieces };
  }

  #toDisk(waiting: Pieces): void {
    for (const piece of waiting.list) this.#sum.add(piece);
    const place: OnDisk = { kind: 'disk', made: false, written: 0, writing: [], waiting };
    this.#move(place);
    this.#writing = this.#chain(async () => {
      this.#file = await createFile(this.path);
      place.made = true;
    });
    this.#writing.catch(() => undefined);
  }

  /** Writes what is waiting; one write at a time, in order. */
  #write(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const place = this.#place;
    if (place.kind !== 'disk' || place.waiting.length === 0) return this.#writing ?? Promise.resolve();
    this.#writing = this.#chain(async () => {
      while (place.waiting.length > 0 && place === this.#place) {
        const count = place.waiting.length;
        place.writing = place.waiting.take();
        this.#file ??= await reopenFile(this.path);
        await writeAll(this.#file, place.writing, place.written);
        place.written += count;
        place.writing = [];
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
      const failure = this.#failed(error);
      await this.#close();
      throw failure;
    }
  }

  #failed(error: unknown): Error {
    this.#failure ??= error instanceof Error ? error : new Error(String(error));
    return this.#failure;
  }

  async #close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  #replaceFile(content: Iterable<Buffer> | AsyncIterable<Buffer>): Promise<void> {
    const done = (this.#replacing ?? Promise.resolve()).then(() => this.#rewriteFile(content));
    this.#replacing = done.catch(() => undefined);
    return done;
  }

  async #rewriteFile(content: Iterable<Buffer> | AsyncIterable<Buffer>): Promise<void> {
    await this.onDisk();
    const size = await replaceFile(this.path, content, async () => {
      await this.#close();
      // Deleted meanwhile: the new file must not stay behind.
      if (this.#place.kind === 'deleted') throw new Error('the message is gone');
    });
    this.#size = size;
    if (this.#place.kind === 'disk') this.#place.written = size;
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

  /** Bytes of all messages that are not deleted yet, in memory or not. */
  get bytes(): number {
    let sum = 0;
    for (const spool of this.#byPath.values()) sum += spool.size;
    return sum;
  }

  find(path: string): Spool | undefined {
    return this.#byPath.get(path);
  }

  /**
   * Lua is about to open, or to hand to a command, what is at `path`: a message by that name is made a file. Throws when that fails,
   * never with ENOENT: trouble with the disk must not look like a file that does not exist.
   */
  open(path: string): void {
    try {
      this.#byPath.get(path)?.show();
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      throw Object.assign(new Error(`the message cannot be stored: ${textOf(error)}`), { code: 'EIO' });
    }
  }

  /** Messages not deleted yet (0 when nothing is left behind). */
  get size(): number {
    return this.#byPath.size;
  }
}
