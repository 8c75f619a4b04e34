// The results that are kept: a file for each version of Node, to which each case and each figure is written when it is found, in place of what stood
// there for it. So a run that is broken off keeps what it has finished, and can be gone on with.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type CaseResult, type Figures, loadText, type Result, readResult, writeResult } from './result.ts';

type Key = Pick<CaseResult, 'group' | 'load'>;

const keyOf = ({ group, load }: Key): string => `(${group}) ${loadText(load)}`;

/**
 * `found` in place of what `old` has for that case; undefined: it could not be measured, and what an earlier program cost is not what this one does. The order is
 * that of `order`; what it does not name is left out: there is no such case any more.
 */
export function withCase(
  old: Result,
  test: Key,
  found: CaseResult | undefined,
  order: readonly string[],
): Result {
  const all = new Map(old.cases.map((one) => [keyOf(one), one]));
  if (found === undefined) all.delete(keyOf(test));
  else all.set(keyOf(test), found);
  return { ...old, cases: order.flatMap((key) => all.get(key) ?? []) };
}

export const withFigures = (old: Result, found: Figures): Result => ({
  ...old,
  figures: { ...old.figures, ...found },
});

/** What to go on from: what is kept of the same Node on the same machine, else nothing. */
export function goOn(old: Result | undefined, now: Omit<Result, 'cases' | 'figures'>): Result {
  const isSame = old !== undefined && old.node === now.node && old.machine === now.machine;
  return { ...now, cases: isSame ? old.cases : [], figures: isSame ? old.figures : {} };
}

/** Whether the run that was begun last has measured it already. */
export const isDone = (result: Result, test: Key): boolean =>
  result.cases.some((one) => keyOf(one) === keyOf(test) && one.measured.localeCompare(result.began) >= 0);

/** The same of figures: there are some of that name (or that begin with it), and all are of this run. */
export function hasFigures(result: Result, name: string): boolean {
  const found = Object.entries(result.figures).filter(([one]) => one.startsWith(name));
  return found.length > 0 && found.every(([, { measured }]) => measured.localeCompare(result.began) >= 0);
}

export const orderOf = (cases: readonly Key[]): readonly string[] => cases.map(keyOf);

/** `node`: its version, `20.1.0`. */
export const fileOf = (directory: string, node: string): string =>
  join(directory, `node-${node.split('.')[0]}.json`);

export const keep = (directory: string, result: Result): void =>
  writeResult(fileOf(directory, result.node), result);

/** All that is kept, by version. */
export function kept(directory: string): readonly Result[] {
  return readdirSync(directory)
    .flatMap((name) => readResult(join(directory, name)) ?? [])
    .toSorted((one, other) => one.node.localeCompare(other.node, 'en', { numeric: true }));
}
