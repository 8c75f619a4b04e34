// Directories that get another name because an account or a domain did, or is gone. The database and the file system cannot change in one step, so the
// database says first what is to be moved, in the transaction of the change itself; then it is moved; then the database forgets it. Whoever is killed
// in between is finished by the next process that comes to it. No mail is put where a move is under way.
//
// Must never move a directory twice, or one that a new account has got since: a move has an owner, and only when that process is over another takes it.
import { dirname } from 'node:path';
import { codeOf, textOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { isMissing, makeDirectory, syncDirectory } from '../mailbox/disk.ts';
import type { Files } from '../mailbox/files.ts';
import { stateOfMark } from '../ops/process-mark.ts';
import type { Transactions } from '../store/embedded/environment.ts';
import type { Book, Moved } from './book.ts';
import { behind, idAt, idKey } from './rows.ts';

export interface MoveRow extends Moved {
  /** The mark of the process that does it (ops/process-mark); '' when it could not. */
  readonly owner: string;
  /** The account that is gone: what was known of its letters is forgotten. */
  readonly account?: number | undefined;
}

export interface MovesParts {
  readonly book: Book;
  readonly transactions: Pick<Transactions, 'write'>;
  readonly files: Files;
  readonly log: Log;
  readonly mark: string;
}

/** Rows that are removed in one transaction. */
const AT_ONCE = 500;
const MAX_MOVES = 10_000;
/** Another name is looked for, so often. */
const NAMES = 100;

export class Moves {
  readonly #parts: MovesParts;

  constructor(parts: MovesParts) {
    this.#parts = parts;
  }

  /** In the transaction of the change that makes it needed. */
  note(moved: Moved, account?: number): number {
    const { book, mark } = this.#parts;
    const id = book.nextId('move');
    const row: MoveRow = { ...moved, owner: mark, ...(account !== undefined && { account }) };
    book.putJson('moves', idKey(id), row);
    return id;
  }

  /** Those that have not come to their end. Cheap while there are none. */
  get open(): readonly (readonly [number, MoveRow])[] {
    const { book } = this.#parts;
    const keys = book.tables.moves.keys({ start: Buffer.alloc(0), limit: MAX_MOVES });
    return keys.map((key) => [idAt(key, 0), book.json('moves', key) as MoveRow] as const);
  }

  /** Whether a directory is, is in, or has in it, what is being moved. */
  touches(path: string): boolean {
    const isIn = (a: string, b: string): boolean => a === b || a.startsWith(`${b}/`);
    return this.open.some(([, { from, to }]) => [from, to].some((one) => isIn(path, one) || isIn(one, path)));
  }

  /** Does what was noted. Rejects when it cannot be done now; then it is still noted. */
  async carryOut(id: number): Promise<void> {
    const { book, transactions } = this.#parts;
    const row = book.json('moves', idKey(id)) as MoveRow | undefined;
    if (row === undefined) return;
    await this.#rename(row);
    if (row.account !== undefined) await this.#forget(row.account);
    await transactions.write(() => book.tables.moves.remove(idKey(id)));
  }

  /** Finishes what processes have left that are over. Rejects when it cannot be done now. */
  async takeUp(): Promise<void> {
    for (const [id, row] of this.open) {
      const isLeft = row.owner === '' || (await stateOfMark(row.owner)) === 'over';
      if (!isLeft || !(await this.#claim(id, row))) continue;
      try {
        await this.carryOut(id);
      } catch (error) {
        await this.leave(id);
        throw error;
      }
    }
  }

  /** It could not be done: whoever comes next may try. Never rejects. */
  async leave(id: number): Promise<void> {
    const { book, transactions } = this.#parts;
    try {
      await transactions.write(() => {
        const row = book.json('moves', idKey(id)) as MoveRow | undefined;
        if (row !== undefined) book.putJson('moves', idKey(id), { ...row, owner: '' });
      });
    } catch {
      // Then it is that of this process until it ends.
    }
  }

  /** One of several that have seen it gets it. */
  async #claim(id: number, seen: MoveRow): Promise<boolean> {
    const { book, mark, transactions } = this.#parts;
    return await transactions.write(() => {
      const row = book.json('moves', idKey(id)) as MoveRow | undefined;
      if (row === undefined || row.owner !== seen.owner) return false;
      book.putJson('moves', idKey(id), { ...row, owner: mark });
      return true;
    });
  }

  async #rename({ from, to }: MoveRow): Promise<void> {
    const { files, log } = this.#parts;
    await makeDirectory(files, dirname(to));
    for (let count = 0; count < NAMES; count++) {
      const target = count === 0 ? to : `${to}.${count}`;
      try {
        await files.rename(from, target);
        await syncDirectory(files, dirname(target));
        if (dirname(from) !== dirname(target)) await syncDirectory(files, dirname(from));
        if (count > 0) log.emit('accounts-moved-beside', { directory: from, wanted: to, place: target });
        return;
      } catch (error) {
        // There is none: it has got no mail yet, or it was moved before its process ended.
        if (isMissing(error)) return;
        if (!['EEXIST', 'ENOTEMPTY', 'ENOTDIR'].includes(codeOf(error))) throw new Error(textOf(error));
      }
    }
    throw new Error(`${to} and ${NAMES} others beside it are there already`);
  }

  /** Its folders and letters. */
  async #forget(account: number): Promise<void> {
    const { book, transactions } = this.#parts;
    const start = idKey(account);
    for (const name of ['folders', 'runs', 'letters', 'files'] as const) {
      for (let isOver = false; !isOver; ) {
        isOver = await transactions.write(() => {
          const keys = book.tables[name].keys({ start, end: behind(start), limit: AT_ONCE });
          for (const key of keys) book.tables[name].remove(key);
          return keys.length < AT_ONCE;
        });
      }
    }
  }
}
