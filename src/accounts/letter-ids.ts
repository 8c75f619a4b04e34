// Ids of letters: from the name of a file to its id, and back. They are given in the order in which letters came, some hundred in a transaction, and lie
// in rows of many (letter-runs.ts). Versions before had two rows for each letter: those are known as long as their letters are there.
//
// Must never give an id twice, or two to one file, also when two processes see it at the same moment.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { eachInPieces } from '../mailbox/in-pieces.ts';
import type { Accounts } from './accounts.ts';
import {
  addToRuns,
  baseInRuns,
  isSameMark,
  type RunMark,
  readRuns,
  removeFromRuns,
  thinRuns,
} from './letter-runs.ts';
import { behind, ID_LENGTH, idAt, idKey } from './rows.ts';

export interface LetterRow {
  readonly folder: number;
  /** Unique name in the Maildir, octets as latin1. */
  readonly base: string;
}

/** What was known of a folder when it was read. */
export interface KnownIds {
  /** In the order of the names; undefined: it has none. */
  readonly ids: (number | undefined)[];
  /** Lines of letters, of those that are gone too, without those of old rows; and the last id. */
  readonly count: number;
  readonly last: number;
  readonly mark: RunMark;
}

const LOOKED_UP_AT_ONCE = 100;
/** Ids given in one transaction: a millisecond or two. */
const MOST_AT_ONCE = 500;
/** Rows removed in one transaction. */
const REMOVED_AT_ONCE = 80;
/** Lines of letters that are gone are forgotten when there are so many, and more than of those that are there. */
const GONE = 1000;
/** Folders looked at in one turn of the loop. */
const FOLDERS_AT_ONCE = 100;

export class LetterIds {
  readonly #accounts: Accounts;

  constructor(accounts: Accounts) {
    this.#accounts = accounts;
  }

  /** Where a letter is; undefined: nobody has given this id, or it is another account's. `folders`: of the account. */
  async row(uid: number, id: number, folders: () => Iterable<number>): Promise<LetterRow | undefined> {
    if (!Number.isSafeInteger(id) || id < 1 || id >= 2 ** 48) return undefined;
    const { book } = this.#accounts;
    const old = book.json('letters', idKey(uid, id)) as LetterRow | undefined;
    if (old !== undefined) return old;
    let found: LetterRow | undefined;
    await eachInPieces(
      folders(),
      (folder) => {
        const base = found === undefined ? baseInRuns(book, uid, folder, id) : undefined;
        if (base !== undefined) found = { folder, base };
      },
      FOLDERS_AT_ONCE,
    );
    return found;
  }

  /** Of files with these names. */
  async known(uid: number, folder: number, bases: readonly string[]): Promise<KnownIds> {
    const { book } = this.#accounts;
    const lines = new Map<string, number>();
    let last = 0;
    const mark = await readRuns(book, uid, folder, (id, base) => {
      lines.set(base, id);
      last = id;
    });
    const start = idKey(uid, folder);
    // Not how many: to count a hundred thousand is ten milliseconds of the loop.
    const hasOld = this.#oldRows(start, 1) > 0;
    const ids: (number | undefined)[] = [];
    await eachInPieces(
      bases,
      (base) => {
        ids.push(lines.get(base) ?? (hasOld ? this.#old(fileKey(start, base)) : undefined));
      },
      hasOld ? LOOKED_UP_AT_ONCE : MOST_AT_ONCE,
    );
    return { ids, count: lines.size, last, mark };
  }

  /** Of the folder whose keys begin with `start`; `most` of them, when there are more. */
  #oldRows(start: Buffer, most: number): number {
    return this.#accounts.book.tables.files.count({ start, end: behind(start), limit: most });
  }

  #old(key: Buffer): number | undefined {
    const content = this.#accounts.book.content('files', key);
    return content === undefined ? undefined : idAt(content, 0);
  }

  /** Gives each file an id that had none when `known` was read; ids of all, in their order. */
  async give(
    uid: number,
    folder: number,
    bases: readonly string[],
    known: RunMark,
  ): Promise<readonly number[]> {
    const { book, parts } = this.#accounts;
    const ids: number[] = [];
    let mark = known;
    while (ids.length < bases.length) {
      const some = bases.slice(ids.length, ids.length + MOST_AT_ONCE);
      const given = await parts.database.write(() =>
        isSameMark(book, uid, folder, mark)
          ? book.withIds('letter', (next) => addToRuns(book, uid, folder, mark, some, next))
          : undefined,
      );
      if (given === undefined)
        return [...ids, ...(await this.#giveRest(uid, folder, bases.slice(ids.length)))];
      for (const id of given.ids) ids.push(id);
      mark = given.mark;
    }
    return ids;
  }

  /** Somebody else was giving ids too: to some of them, it may be. */
  async #giveRest(uid: number, folder: number, bases: readonly string[]): Promise<readonly number[]> {
    const { ids, mark } = await this.known(uid, folder, bases);
    const strange = bases.filter((_, at) => ids[at] === undefined);
    const given = (await this.give(uid, folder, strange, mark)).values();
    return ids.map((id) => id ?? (given.next().value as number));
  }

  /** In a write. */
  remove(uid: number, id: number, { folder, base }: LetterRow): void {
    const { book } = this.#accounts;
    removeFromRuns(book, uid, folder, id);
    book.tables.letters.remove(idKey(uid, id));
    book.tables.files.remove(fileKey(idKey(uid, folder), base));
  }

  /**
   * Those of letters that are gone, when they are many; `there`: how many there are; `bases`: reads what is there. Who has come since `known` stays: its
   * id is another process's, which has seen it.
   */
  async forgetGone(
    uid: number,
    folder: number,
    there: number,
    known: Pick<KnownIds, 'count' | 'last'>,
    bases: () => Promise<readonly string[]>,
  ): Promise<void> {
    const more = Math.max(2 * there, there + GONE) - known.count;
    if (more >= 0 && this.#oldRows(idKey(uid, folder), more + 1) <= more) return;
    const { book, parts } = this.#accounts;
    const now = new Set(await bases());
    const isKept = (id: number, base: string): boolean => id > known.last || now.has(base);
    for (let at: Buffer | undefined, isOver = false; !isOver; ) {
      at = await parts.database.write(() => thinRuns(book, uid, folder, at, isKept));
      isOver = at === undefined;
    }
    await this.#forgetOld(uid, folder, now);
  }

  async #forgetOld(uid: number, folder: number, there: ReadonlySet<string>): Promise<void> {
    const { book, parts } = this.#accounts;
    const start = idKey(uid, folder);
    const end = behind(start);
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
