// Who writes to a store says so to who opens it (turn.ts has why): by a link with the mark of this process, which stays for some milliseconds, so
// that a busy process asks the file system some fifty times a second and not for each transaction.
//
// This process writes only while its link is there and was there before it saw that nobody opens the store.
import { lstatSync, rmSync, symlinkSync } from 'node:fs';
import { lstat, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../../base/errors.ts';
import { chain, type Maybe } from '../../base/maybe.ts';
import { clearLeft, OPENING, pause, WRITING } from './turn.ts';

/** The link stays so long. Who opens waits for it. */
const STAYS_MS = 20;
/** Then it is made anew, though nobody has asked: it must never look like that of a dead process. */
const LONGEST_MS = 1000;
/** Calls wait no longer for who opens. */
const PATIENCE_MS = 5000;
/** More often than those who wait to open it look (turn.ts): of several who open it one after the other none may go before a write. */
const AGAIN_MS = 1;
/** Whether who opens it lives is asked each so many times. */
const LOOK_EVERY = 10;

/** Links of a directory: in memory at once, on a disk while the loop goes on. */
export interface Links {
  make(path: string, mark: string): Maybe<void>;
  has(path: string): Maybe<boolean>;
  remove(path: string): Maybe<void>;
}

export const linksInMemory: Links = {
  make: (path, mark) => symlinkSync(mark, path),
  has: (path) => lstatSync(path, { throwIfNoEntry: false }) !== undefined,
  remove: (path) => rmSync(path, { force: true }),
};

export const linksOnDisk: Links = {
  make: (path, mark) => symlink(mark, path),
  has: (path) =>
    lstat(path).then(
      () => true,
      (error: unknown) => {
        if (codeOf(error) === 'ENOENT') return false;
        throw error;
      },
    ),
  remove: (path) => rm(path, { force: true }),
};

export class WriteTurn {
  readonly #directory: string;
  readonly #mark: string;
  readonly #links: Links;
  readonly #own: string;
  readonly #opening: string;
  /** May write at once. */
  #isIn = false;
  #since = 0;
  #isUsed = false;
  /** Writes that are under way. */
  #writing = 0;
  /** The way in or out, which others wait for. */
  #moving: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #onRest: (() => void) | undefined;
  #isClosed = false;

  /** `mark` is that of this process. Of one directory each process has but one. */
  constructor(directory: string, mark: string, links: Links) {
    this.#directory = directory;
    this.#mark = mark;
    this.#links = links;
    this.#own = join(directory, `${WRITING}${mark}`);
    this.#opening = join(directory, OPENING);
  }

  /** Does `write` while nobody opens the store. Throws, or rejects, what it does, or why it is not this process's turn. */
  run<T>(write: () => Maybe<T>): Maybe<T> {
    if (this.#isClosed) throw new Error('the store is closed');
    if (this.#isIn) return this.#write(write);
    if (this.#moving !== undefined) return this.#moving.then(() => this.run(write));
    const way = this.#enter();
    if (!(way instanceof Promise)) return this.#write(write);
    this.#moving = way.finally(() => {
      this.#moving = undefined;
    });
    return this.#moving.then(() => this.run(write));
  }

  /** Comes back when nothing is written any more, and the link is gone. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#moving?.catch(() => undefined);
    if (this.#isIn) await this.#leave().catch(() => undefined);
  }

  #write<T>(write: () => Maybe<T>): Maybe<T> {
    this.#isUsed = true;
    this.#writing++;
    let result: Maybe<T>;
    try {
      result = write();
    } catch (error) {
      this.#done();
      throw error;
    }
    if (!(result instanceof Promise)) {
      this.#done();
      return result;
    }
    return result.finally(() => this.#done());
  }

  #done(): void {
    this.#writing--;
    if (this.#writing === 0) this.#onRest?.();
  }

  #enter(): Maybe<void> {
    return chain(this.#tryEnter(), (isIn) => (isIn ? undefined : this.#enterLater()));
  }

  /** First the own link, then a look for the other's: in this order one of both sees the other. */
  #tryEnter(): Maybe<boolean> {
    const { make, has, remove } = this.#links;
    const look = (): Maybe<boolean> =>
      chain(has(this.#opening), (isOpening) =>
        isOpening ? chain(remove(this.#own), () => false) : this.#entered(),
      );
    try {
      const made = make(this.#own, this.#mark);
      return made instanceof Promise ? made.then(look, (error) => this.#unmade(error, look)) : look();
    } catch (error) {
      return this.#unmade(error, look);
    }
  }

  #unmade(error: unknown, look: () => Maybe<boolean>): Maybe<boolean> {
    // One that could not be removed is ours.
    if (codeOf(error) === 'EEXIST') return look();
    // In a directory that is gone nobody opens a store.
    if (codeOf(error) === 'ENOENT') return this.#entered();
    throw error;
  }

  #entered(): boolean {
    this.#isIn = true;
    this.#since = performance.now();
    this.#isUsed = true;
    this.#arm();
    return true;
  }

  async #enterLater(): Promise<void> {
    const until = performance.now() + PATIENCE_MS;
    for (let tried = 1; ; tried++) {
      if (performance.now() >= until || this.#isClosed)
        throw new Error(`${this.#opening}: another process does not come to an end of opening this store`);
      await pause(AGAIN_MS);
      if (tried % LOOK_EVERY === 0) await clearLeft(this.#directory, this.#opening);
      if (!(await this.#links.has(this.#opening)) && (await this.#tryEnter())) return;
    }
  }

  #arm(): void {
    this.#timer = setTimeout(() => this.#tick(), STAYS_MS);
    this.#timer.unref();
  }

  #tick(): void {
    if (!this.#isIn || this.#isClosed) return;
    const isFresh = performance.now() - this.#since < LONGEST_MS;
    const isWanted = this.#isUsed || this.#writing > 0;
    this.#isUsed = false;
    if (!isFresh || !isWanted) this.#move();
    else {
      void this.#check(this.#links.has.bind(undefined, this.#opening));
    }
  }

  /** Stays when nobody opens the store. */
  async #check(look: () => Maybe<boolean>): Promise<void> {
    const isOpening = await Promise.resolve(look()).catch(() => true);
    if (!this.#isIn || this.#isClosed) return;
    if (isOpening) this.#move();
    else this.#arm();
  }

  #move(): void {
    this.#moving = this.#leave()
      .catch(() => undefined)
      .finally(() => {
        this.#moving = undefined;
      });
  }

  async #leave(): Promise<void> {
    // From now on new ones wait.
    this.#isIn = false;
    clearTimeout(this.#timer);
    if (this.#writing > 0) {
      await new Promise<void>((resolve) => {
        this.#onRest = resolve;
      });
      this.#onRest = undefined;
    }
    await this.#links.remove(this.#own);
  }
}
