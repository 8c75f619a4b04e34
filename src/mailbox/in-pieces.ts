// Work on all messages of a folder in pieces, between which others get their turn: a folder may have a million.
import { setImmediate as nextTurn } from 'node:timers/promises';

/** A piece takes a millisecond or two; on a machine that is busy, or before the code is compiled, five times as long. */
export const PIECE_LENGTH = 500;

/** Gives each of them to `work`, in order. `length`: of a piece. */
export async function eachInPieces<T>(
  all: Iterable<T>,
  work: (one: T) => void,
  length = PIECE_LENGTH,
): Promise<void> {
  let count = 0;
  for (const one of all) {
    work(one);
    if (++count % length === 0) await nextTurn();
  }
}

/** The same, as pieces; who takes them has had a turn between two. */
export async function* inPieces<T>(all: readonly T[]): AsyncGenerator<readonly T[]> {
  for (let at = 0; at < all.length; at += PIECE_LENGTH) {
    if (at > 0) await nextTurn();
    yield all.slice(at, at + PIECE_LENGTH);
  }
}

/** A new array in the order of `compare`; what is equal stays in the order in which it was. */
export async function sortInPieces<T>(all: readonly T[], compare: (a: T, b: T) => number): Promise<T[]> {
  let runs: T[][] = [];
  for (let at = 0; at < all.length; at += PIECE_LENGTH) {
    runs.push(all.slice(at, at + PIECE_LENGTH).sort(compare));
    await nextTurn();
  }
  while (runs.length > 1) {
    const merged: T[][] = [];
    for (let at = 0; at < runs.length; at += 2)
      merged.push(await merge(runs[at] ?? [], runs[at + 1] ?? [], compare));
    runs = merged;
  }
  return runs[0] ?? [];
}

async function merge<T>(a: readonly T[], b: readonly T[], compare: (a: T, b: T) => number): Promise<T[]> {
  function* inOrder(): Generator<T> {
    let at = 0;
    for (const one of a) {
      for (let other = b[at]; at < b.length && compare(other as T, one) < 0; other = b[at]) {
        yield other as T;
        at++;
      }
      yield one;
    }
    for (; at < b.length; at++) yield b[at] as T;
  }
  const merged: T[] = [];
  await eachInPieces(inOrder(), (one) => merged.push(one));
  return merged;
}
