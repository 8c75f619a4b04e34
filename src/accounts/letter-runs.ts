// Rows of ids of letters, many in one: lines of id and name of file, in the order in which they were given. A thousand rows for a thousand letters
// take ten times as long to write and to look up. A row is keyed by account, folder and an id that is none of those before it and at most its first.
//
// Must never hold a name twice: a line is put behind the last only by who has seen all that there are (`RunMark`).
import type { Book } from './book.ts';
import { behind, idKey } from './rows.ts';

/** The last row of a folder as it was before any was read; undefined: there was none. While it is the same nobody has given an id. */
export type RunMark = { readonly key: Buffer; readonly text: string } | undefined;

/** Octets of a row: it is written anew for each letter that comes to it, or goes. */
const LONGEST = 8192;
/** Rows read in one turn of the loop, each of a hundred letters or two. */
const AT_ONCE = 5;

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** All ids of a folder, by `work`, and whether somebody has given others since. */
export async function readRuns(
  book: Book,
  uid: number,
  folder: number,
  work: (id: number, base: string) => void,
): Promise<RunMark> {
  const prefix = idKey(uid, folder);
  const end = behind(prefix);
  // Not the last that is read: who gives ids between two pieces may fill one that was read, and begin one that is read then.
  const mark = lastRun(book, uid, folder);
  for (let start: Buffer = prefix; ; ) {
    const keys = book.tables.runs.keys({ start, end, limit: AT_ONCE });
    for (const key of keys) {
      const text = textAt(book, key);
      // It went meanwhile.
      if (text !== undefined) eachLine(text, work);
    }
    const last = keys.at(-1);
    if (last === undefined || keys.length < AT_ONCE) return mark;
    start = Buffer.concat([last, Buffer.of(0)]);
    await nextTurn();
  }
}

/** Whether an id was given in this folder since; in a write. */
export function isSameMark(book: Book, uid: number, folder: number, mark: RunMark): boolean {
  const now = lastRun(book, uid, folder);
  return now === undefined || mark === undefined
    ? now === mark
    : now.text === mark.text && now.key.equals(mark.key);
}

function lastRun(book: Book, uid: number, folder: number): RunMark {
  const prefix = idKey(uid, folder);
  const [key] = book.tables.runs.keys({ start: behind(prefix), end: prefix, limit: 1, isBackward: true });
  const text = key === undefined ? undefined : textAt(book, key);
  return key === undefined || text === undefined ? undefined : { key, text };
}

/** Puts names behind the last; `next` gives an id that is greater than all. In a write, while the mark is the same. */
export function addToRuns(
  book: Book,
  uid: number,
  folder: number,
  mark: RunMark,
  bases: readonly string[],
  next: () => number,
): { readonly ids: readonly number[]; readonly mark: RunMark } {
  let run = mark;
  const ids = bases.map((base) => {
    const id = next();
    const line = `${id} ${base}\n`;
    if (run === undefined || run.text.length + line.length > LONGEST) {
      if (run !== undefined && run !== mark) putRun(book, run);
      run = { key: idKey(uid, folder, id), text: line };
    } else run = { key: run.key, text: run.text + line };
    return id;
  });
  if (run !== undefined && run !== mark) putRun(book, run);
  return { ids, mark: run };
}

/** The name of a letter; undefined: nobody has given it this id in this folder. */
export function baseInRuns(book: Book, uid: number, folder: number, id: number): string | undefined {
  const run = runOf(book, uid, folder, id);
  let found: string | undefined;
  if (run !== undefined)
    eachLine(run.text, (its, base) => {
      if (its === id) found = base;
    });
  return found;
}

/** In a write. */
export function removeFromRuns(book: Book, uid: number, folder: number, id: number): void {
  const run = runOf(book, uid, folder, id);
  if (run !== undefined) keepOfRun(book, run, (its) => its !== id);
}

/** Of some rows behind `from`, what `isKept` says; in a write. The key of the last that was looked at; undefined: there was none. */
export function thinRuns(
  book: Book,
  uid: number,
  folder: number,
  from: Buffer | undefined,
  isKept: (id: number, base: string) => boolean,
): Buffer | undefined {
  const prefix = idKey(uid, folder);
  const start = from === undefined ? prefix : Buffer.concat([from, Buffer.of(0)]);
  const keys = book.tables.runs.keys({ start, end: behind(prefix), limit: AT_ONCE });
  for (const key of keys) {
    const text = textAt(book, key);
    if (text !== undefined) keepOfRun(book, { key, text }, isKept);
  }
  return keys.at(-1);
}

function keepOfRun(
  book: Book,
  { key, text }: NonNullable<RunMark>,
  isKept: (id: number, base: string) => boolean,
): void {
  let left = '';
  eachLine(text, (id, base) => {
    if (isKept(id, base)) left += `${id} ${base}\n`;
  });
  if (left === '') book.tables.runs.remove(key);
  else if (left !== text) putRun(book, { key, text: left });
}

/** The only row that an id can be in. */
function runOf(book: Book, uid: number, folder: number, id: number): RunMark {
  const range = { start: idKey(uid, folder, id), end: idKey(uid, folder), limit: 1, isBackward: true };
  const [key] = book.tables.runs.keys(range);
  const text = key === undefined ? undefined : textAt(book, key);
  return key === undefined || text === undefined ? undefined : { key, text };
}

const textAt = (book: Book, key: Buffer): string | undefined => book.content('runs', key)?.toString('latin1');

const putRun = (book: Book, { key, text }: NonNullable<RunMark>): void =>
  book.put('runs', key, Buffer.from(text, 'latin1'));

function eachLine(text: string, work: (id: number, base: string) => void): void {
  for (let at = 0; at < text.length; ) {
    const blank = text.indexOf(' ', at);
    const end = text.indexOf('\n', blank);
    work(Number(text.slice(at, blank)), text.slice(blank + 1, end));
    at = end + 1;
  }
}
