// Locks that other programs know: a file `NAME.lock` beside NAME with `PID:MACHINE` in it, as Dovecot makes and judges it (lib/file-dotlock.c). It is
// written under another name and linked: whoever is killed at any moment leaves none that does not name its process. One of a process of this machine
// that is gone is taken away once it is two seconds old; one that says nothing of its process after so long without a change of it and of NAME. Within
// this process who wants the same lock waits in line.
//
// Must never wait longer than it was told, or take away the lock of a process that is there.
import { basename, dirname, join } from 'node:path';
import { codeOf } from '../base/errors.ts';
import { MAKE, READ } from './disk.ts';
import type { Files } from './files.ts';
import type { MailboxParts } from './parts.ts';

/** A lock younger than this is not judged by its process: it may not be written yet. */
const YOUNG_MS = 2000;
const FIRST_PAUSE_MS = 5;
/** How often it is tried to take a lock of our own away. */
const RELEASES = 10;
const LONGEST_PAUSE_MS = 200;

export interface Lock {
  /** Nobody has taken it away meanwhile. */
  isHeld(): Promise<boolean>;
  /** Never rejects. */
  release(): Promise<void>;
}

export type LockOutcome =
  | { readonly kind: 'locked'; readonly lock: Lock }
  /** Another one has had it all the time. */
  | { readonly kind: 'busy' }
  | { readonly kind: 'aborted' }
  /** It cannot be made. */
  | { readonly kind: 'failed'; readonly error: unknown };

export interface LockWish {
  /** What is protected; it need not be there, its directory does. */
  readonly path: string;
  /** Where the lock is written before it is one: a directory of the same file system that others clear of what is old. undefined: where `path` is. */
  readonly scratch?: string | undefined;
  readonly waitMs: number;
  /** When a lock that says nothing of its process is given up by whoever made it. */
  readonly staleMs: number;
  readonly mode: number;
  readonly signal: AbortSignal;
}

/** What was last seen of a lock of another one. */
interface Seen {
  facts: string;
  lastChange: number;
}

/** What locks are made of; paths are handed to `files` as they were wished for. */
export type LockParts = Pick<MailboxParts, 'clock' | 'isAlive' | 'machine' | 'processId' | 'random'> & {
  readonly files: Pick<Files, 'link' | 'lstat' | 'open' | 'stat' | 'unlink'>;
};

export class Dotlocks {
  readonly #parts: LockParts;
  /** Who waits for a lock in this process, by its path. */
  readonly #lines = new Map<string, (() => void)[]>();
  /** Locks of this process, by device and inode: a path may lead there in two ways. */
  readonly #held = new Set<string>();

  constructor(parts: LockParts) {
    this.#parts = parts;
  }

  /** Never rejects. */
  async take(wish: LockWish): Promise<LockOutcome> {
    const { clock } = this.#parts;
    const until = clock.monotonic() + wish.waitMs;
    const path = `${wish.path}.lock`;
    const turn = await this.#turn(path, wish);
    if (turn !== 'taken') return { kind: turn };
    let outcome: LockOutcome;
    try {
      outcome = await this.#make(path, wish, until);
    } catch (error) {
      outcome = { kind: 'failed', error };
    }
    if (outcome.kind !== 'locked') this.#leave(path);
    return outcome;
  }

  #turn(path: string, { signal, waitMs }: LockWish): Promise<'taken' | 'busy' | 'aborted'> {
    if (signal.aborted) return Promise.resolve('aborted');
    const line = this.#lines.get(path);
    if (line === undefined) {
      this.#lines.set(path, []);
      return Promise.resolve('taken');
    }
    return new Promise((resolve) => {
      const end = (how: 'taken' | 'busy' | 'aborted'): void => {
        timer.cancel();
        signal.removeEventListener('abort', gone);
        const at = line.indexOf(mine);
        if (at >= 0) line.splice(at, 1);
        resolve(how);
      };
      const mine = (): void => end('taken');
      const gone = (): void => end('aborted');
      const timer = this.#parts.clock.after(waitMs, () => end('busy'));
      signal.addEventListener('abort', gone, { once: true });
      line.push(mine);
    });
  }

  /** The next in line has it. */
  #leave(path: string): void {
    const line = this.#lines.get(path) ?? [];
    const [next] = line;
    if (next === undefined) this.#lines.delete(path);
    else next();
  }

  async #make(path: string, wish: LockWish, until: number): Promise<LockOutcome> {
    const { clock, files, random } = this.#parts;
    const seen: Seen = { facts: '', lastChange: 0 };
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      try {
        const identity = (await this.#link(path, wish)) ?? (await this.#create(path, wish));
        if (identity !== 'exists') return { kind: 'locked', lock: this.#lock(path, identity) };
      } catch (error) {
        if (codeOf(error) !== 'EEXIST') return { kind: 'failed', error };
      }
      const verdict = await this.#judge(path, wish, seen);
      if (verdict === 'stale') {
        await files.unlink(path).catch(() => undefined);
        // Whoever has judged it at the same time must not take away the one that is made now.
        await this.#pause(50 + random(50), wish.signal);
      } else if (verdict === 'there') {
        if (clock.monotonic() + pause > until) return { kind: 'busy' };
        await this.#pause(pause + random(FIRST_PAUSE_MS), wish.signal);
      }
      if (wish.signal.aborted) return { kind: 'aborted' };
      if (clock.monotonic() > until) return { kind: 'busy' };
    }
  }

  /** Complete at once. undefined: not to be had in this way (no hard links, no directory for it, no space); nothing is left. Never rejects. */
  async #link(path: string, wish: LockWish): Promise<string | undefined> {
    const { files, machine, processId, random } = this.#parts;
    const name = `${basename(path)}.${processId}.${random(2 ** 32).toString(16)}`;
    const temporary = join(wish.scratch ?? dirname(path), name);
    let identity: string | undefined;
    let isMade = false;
    let isLinked = false;
    try {
      // Most often it is free; when it is not, nothing has to be written to see it.
      if (await this.#isThere(path)) return 'exists';
      const file = await files.open(temporary, MAKE, wish.mode);
      isMade = true;
      try {
        const { dev, ino } = await file.stat();
        identity = `${dev}:${ino}`;
        await file.write(`${processId}:${machine}`);
        this.#held.add(identity);
        await files.link(temporary, path).catch(async (error: unknown) => {
          // On a network file system the answer may be lost, not the link.
          if ((await file.stat()).nlink !== 2) throw error;
        });
        isLinked = true;
        return identity;
      } finally {
        await file.close();
      }
    } catch (error) {
      // It could not be closed: it is ours all the same.
      if (isLinked) return identity;
      return codeOf(error) === 'EEXIST' ? 'exists' : undefined;
    } finally {
      if (identity !== undefined && !isLinked) this.#held.delete(identity);
      // Nobody else knows of it: an error is not taken for the last word.
      const remove = (): Promise<void> => files.unlink(temporary);
      if (isMade)
        await remove()
          .catch(remove)
          .catch(() => undefined);
    }
  }

  async #isThere(path: string): Promise<boolean> {
    try {
      await this.#parts.files.lstat(path);
      return true;
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return false;
      throw error;
    }
  }

  /** The second best way: between two steps it says nothing of its process. Rejects with EEXIST, and when it cannot be made. */
  async #create(path: string, wish: LockWish): Promise<string> {
    const { files, machine, processId } = this.#parts;
    const file = await files.open(path, MAKE, wish.mode);
    let identity: string | undefined;
    try {
      await file.write(`${processId}:${machine}`).catch(() => undefined);
      const { dev, ino } = await file.stat();
      identity = `${dev}:${ino}`;
      this.#held.add(identity);
      return identity;
    } finally {
      await file.close();
      // Nobody has had time to take it for left behind.
      if (identity === undefined) await files.unlink(path).catch(() => undefined);
    }
  }

  async #judge(path: string, wish: LockWish, seen: Seen): Promise<'there' | 'gone' | 'stale'> {
    const { clock, files, isAlive, processId } = this.#parts;
    try {
      const facts = await files.lstat(path);
      const identity = `${facts.dev}:${facts.ino}`;
      if (this.#held.has(identity)) return 'there';
      const now = clock.now();
      const told = [identity, facts.size, facts.mtimeMs, facts.ctimeMs].join();
      if (told !== seen.facts) {
        const first = seen.facts === '';
        const stamp = facts.mtimeMs <= now ? Math.max(facts.mtimeMs, facts.ctimeMs) : facts.ctimeMs;
        seen.lastChange = Math.max(seen.lastChange, first ? stamp : now);
        seen.facts = told;
      }
      const owner = facts.mtimeMs < now - YOUNG_MS ? await this.#owner(path) : undefined;
      if (owner !== undefined) {
        // One with our number that we do not hold is of a process before us.
        if (owner !== processId && isAlive(owner)) return 'there';
        const again = await files.lstat(path);
        const same = [`${again.dev}:${again.ino}`, again.size, again.mtimeMs, again.ctimeMs].join() === told;
        return same ? 'stale' : 'there';
      }
      if (now <= seen.lastChange + wish.staleMs) return 'there';
      const protectedFile = await files.stat(wish.path).catch(() => undefined);
      const changed = Math.max(protectedFile?.mtimeMs ?? 0, protectedFile?.ctimeMs ?? 0);
      return now > changed + wish.staleMs ? 'stale' : 'there';
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return 'gone';
      throw error;
    }
  }

  /** The process that a lock names, when it is one of this machine. */
  async #owner(path: string): Promise<number | undefined> {
    const { files, machine } = this.#parts;
    try {
      const file = await files.open(path, READ);
      try {
        const { buffer, bytesRead } = await file.read(Buffer.alloc(512), 0, 512, 0);
        const match = /^([1-9]\d{0,9}):([^\n]*)\n?$/.exec(buffer.toString('latin1', 0, bytesRead));
        return match?.[2] === machine ? Number(match[1]) : undefined;
      } finally {
        await file.close();
      }
    } catch {
      return undefined;
    }
  }

  #lock(path: string, identity: string): Lock {
    const { files } = this.#parts;
    const isHeld = async (): Promise<boolean> => {
      try {
        const { dev, ino } = await files.lstat(path);
        return `${dev}:${ino}` === identity;
      } catch {
        return false;
      }
    };
    let released = false;
    return {
      isHeld,
      release: async () => {
        if (released) return;
        released = true;
        await this.#remove(path, identity);
        this.#held.delete(identity);
        this.#leave(path);
      },
    };
  }

  /** A lock that stays holds up everybody until this process ends: an error is not taken for the last word. */
  async #remove(path: string, identity: string): Promise<void> {
    const { clock, files } = this.#parts;
    for (let tries = 1; ; tries++) {
      try {
        const { dev, ino } = await files.lstat(path);
        if (`${dev}:${ino}` === identity) await files.unlink(path);
        return;
      } catch (error) {
        if (codeOf(error) === 'ENOENT' || tries === RELEASES) return;
        await new Promise<void>((resolve) => void clock.after(tries * FIRST_PAUSE_MS, resolve));
      }
    }
  }

  #pause(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        timer.cancel();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = this.#parts.clock.after(ms, done);
      signal.addEventListener('abort', done);
    });
  }
}
