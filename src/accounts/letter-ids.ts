// Ids of letters: rows from the name of a file to its id, and back. They are given in the order in which letters came, some hundred in a transaction: to
// begin one takes longer than all that is written in it, and while it is written nobody else has the loop.
//
// Must never give an id twice, or two to one file, also when two processes see it at the same moment.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { eachInPieces } from '../mailbox/in-pieces.ts';
import type { Accounts } from './accounts.ts';
import { behind, ID_LENGTH, idAt, idKey } from './rows.ts';

export interface LetterRow {
  readonly folder: number;
  /** Unique name in the Maildir, octets as latin1. */
  readonly base: string;
}

const LOOKED_UP_AT_ONCE = 100;
/** Ids given in one transaction, as long as it does not take longer than this. */
const MOST_AT_ONCE = 500;
const LONGEST_MS = 1.5;
/** Between two looks at the time. */
const LOOK_EVERY = 10;
/** Rows removed in one transaction. */
const REMOVED_AT_ONCE = 80;
/** Lines of letters that are gone are forgotten when there are so many, and more than of those that are there. */
const GONE = 1000;

export class LetterIds {
  readonly #accounts: Accounts;

  constructor(accounts: Accounts) {
    this.#accounts = accounts;
  }

  /** Where a letter is; undefined: nobody has given this id, or it is another account's. */
  row(uid: number, id: number): LetterRow | undefined {
    if (!Number.isSafeInteger(id) || id < 1 || id >= 2 ** 48) return undefined;
    return this.#accounts.book.json('letters', idKey(uid, id)) as LetterRow | undefined;
  }

  /** Of files with these names, in their order; undefined: it has none. */
  async known(uid: number, folder: number, bases: readonly string[]): Promise<(number | undefined)[]> {
    const ids: (number | undefined)[] = new Array(bases.length).fill(undefined);
    const start = idKey(uid, folder);
    // Most often when many are unknown, all are.
    if (this.#accounts.book.tables.files.count({ start, end: behind(start), limit: 1 }) === 0) return ids;
    await eachInPieces(
      bases.entries(),
      ([at, base]) => {
        ids[at] = this.#known(fileKey(start, base));
      },
      LOOKED_UP_AT_ONCE,
    );
    return ids;
  }

  #known(key: Buffer): number | undefined {
    const content = this.#accounts.book.content('files', key);
    return content === undefined ? undefined : idAt(content, 0);
  }

  /** Gives each file an id that has none; ids of all, in their order. */
  async give(uid: number, folder: number, bases: readonly string[]): Promise<readonly number[]> {
    const { book, parts } = this.#accounts;
    const ids: number[] = [];
    const start = idKey(uid, folder);
    while (ids.length < bases.length) {
      const some = await parts.database.write(() =>
        book.withIds('letter', (next) => {
          const until = parts.clock.monotonic() + LONGEST_MS;
          const given: number[] = [];
          for (const base of bases.slice(ids.length, ids.length + MOST_AT_ONCE)) {
            const key = fileKey(start, base);
            given.push(this.#known(key) ?? this.#write(uid, key, { folder, base }, next()));
            if (given.length % LOOK_EVERY === 0 && parts.clock.monotonic() > until) break;
          }
          return given;
        }),
      );
      for (const id of some) ids.push(id);
    }
    return ids;
  }

  #write(uid: number, key: Buffer, row: LetterRow, id: number): number {
    const { book } = this.#accounts;
    book.put('files', key, idKey(id));
    book.putJson('letters', idKey(uid, id), row);
    return id;
  }

  /** In a write. */
  remove(uid: number, id: number, { folder, base }: LetterRow): void {
    const { tables } = this.#accounts.book;
    tables.letters.remove(idKey(uid, id));
    tables.files.remove(fileKey(idKey(uid, folder), base));
  }

  /** Those of letters that are gone, when they are many; `bases`: what is there. */
  async forgetGone(uid: number, folder: number, bases: readonly string[]): Promise<void> {
    const { book, parts } = this.#accounts;
    const start = idKey(uid, folder);
    const most = Math.max(2 * bases.length, bases.length + GONE);
    const end = behind(start);
    if (book.tables.files.count({ start, end, limit: most + 1 }) <= most) return;
    const there = new Set(bases);
    for (let from: Buffer | undefined = start; from !== undefined; ) {
      const keys: readonly Buffer[] = book.tables.files.keys({ start: from, end, limit: REMOVED_AT_ONCE });
      const last = keys.at(-1);
      // The least that comes behind it.
      from = last === undefined ? undefined : Buffer.concat([last, Buffer.of(0)]);
      const gone = keys.filter((key) => !there.has(key.toString('latin1', 2 * ID_LENGTH)));
      if (gone.length === 0) await nextTurn();
      else await parts.database.write(() => this.#forget(uid, gone));
    }
  }

  /** In a write. */
  #forget(uid: number, files: readonly Buffer[]): void {
    const { book } = this.#accounts;
    for (const key of files) {
      const content = book.content('files', key);
      if (content === undefined) continue;
      book.tables.letters.remove(idKey(uid, idAt(content, 0)));
      book.tables.files.remove(key);
    }
  }
}

/** `start`: of account and folder. */
const fileKey = (start: Buffer, base: string): Buffer => {
  const key = Buffer.allocUnsafe(start.length + base.length);
  key.set(start);
  key.write(base, start.length, 'latin1');
  return key;
};
