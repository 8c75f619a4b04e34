// Rows of ids of letters that are read while somebody else gives ids and takes letters away: whoever has not seen all that are there must not be let
// give others (`RunMark`).
import { rm } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { accountTables, Book } from '../../../src/accounts/book.ts';
import {
  addToRuns,
  isSameMark,
  type RunMark,
  readRuns,
  removeFromRuns,
} from '../../../src/accounts/letter-runs.ts';
import { openTables } from '../../../src/store/embedded/environment.ts';
import { freshDirectory } from '../../fakes/accounts-rig.ts';

let directory: string;
let book: Book;
let write: (action: () => void) => void;
let close: () => Promise<void>;
beforeEach(async () => {
  directory = await freshDirectory();
  // Writes are done when they are called: they stand between two pieces of who reads, wherever they are wanted.
  const environment = await openTables(directory, 'memory', accountTables);
  book = new Book(environment.tables, directory);
  write = (action) => void environment.writeInTurn(action);
  close = async () => environment.close();
});
afterEach(async () => {
  await close();
  await rm(directory, { recursive: true, force: true });
});

/** 13 of them are a row that has room for one more line of its own length but for none of 1000 octets. */
const LONG = 'x'.repeat(600);
const ROW = 13;
const order = [1, 0] as const;

function last(): RunMark {
  const [key] = book.tables.runs.keys({ start: Buffer.alloc(18, 0xff), limit: 1, isBackward: true });
  return key && { key, text: (book.content('runs', key) as Buffer).toString('latin1') };
}

/** As another process does it, which has seen all. */
function give(names: readonly string[]): readonly number[] {
  let ids: readonly number[] = [];
  write(() => {
    ids = book.withIds('letter', (next) => addToRuns(book, ...order, last(), names, next)).ids;
  });
  return ids;
}

const names = (count: number, kind: string): string[] =>
  Array.from({ length: count }, (_, at) => `${kind}${at}${LONG}`);

const others: Readonly<Record<string, (ids: readonly number[]) => void>> = {
  'gives one': () => void give(names(1, 'new')),
  'fills the last row, and one more': () => void give(names(ROW + 2, 'new')),
  'takes the last row away, and fills the one before': (ids) => {
    write(() => {
      for (const id of ids.slice(-ROW)) removeFromRuns(book, ...order, id);
    });
    give(['small', ...names(ROW, 'new')]);
  },
};

describe.each(Object.entries(others))('somebody %s', (_, other) => {
  it.each([1, 4, 5, 6, 9, 10, 11])('while %i rows are read', async (rows) => {
    // One line of the last row is missing.
    const ids = give(names(rows * ROW - 1, 'old'));
    const turns = Math.ceil(rows / 5);
    for (let at = 0; at < turns; at++) {
      const seen = new Set<string>();
      let count = 0;
      const mark = await readRuns(book, ...order, (_id, base) => {
        seen.add(base);
        // The turn that comes before the reader's own.
        if (count++ === at * 5 * ROW) setImmediate(() => other(ids));
      });
      await new Promise((resolve) => setImmediate(resolve));
      const there = new Set<string>();
      await readRuns(book, ...order, (_id, base) => there.add(base));
      const hasAll = [...there].every((base) => seen.has(base));
      expect(hasAll || !isSameMark(book, ...order, mark)).toBe(true);
    }
  });
});

it('nobody gives any: the mark is the same', async () => {
  expect(isSameMark(book, ...order, await readRuns(book, ...order, () => undefined))).toBe(true);
  for (let count = 0; count < 12; count++) {
    give(names(ROW, `${count} `));
    expect(isSameMark(book, ...order, await readRuns(book, ...order, () => undefined))).toBe(true);
  }
});
