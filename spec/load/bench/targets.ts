// The targets as data: what is promised, and how it is computed from a run. Of several rows the worst decides.
import { names } from './cases.ts';
import { IDLE } from './idle.ts';
import { caseOf, figureOf, loadText, more, type Result, type ServerResult, times } from './result.ts';

export interface Found {
  /** The row that it is about. */
  readonly row: string;
  readonly value: number;
}

export interface Target {
  readonly name: string;
  /** `most`: what is found is to be at most the bound; `least`: at least. */
  readonly kind: 'most' | 'least';
  readonly bound: number;
  readonly unit: 'times' | 'ms' | 'KiB';
  /** Nothing when the run has no such rows. */
  found(result: Result): readonly Found[];
}

type Compare = (one: ServerResult, other: ServerResult) => number;

/** `one` beside `other` in each of the loads that the run has. */
function compare(
  compareTwo: Compare,
  group: string,
  loads: readonly string[],
  one: string,
  other: string,
): Target['found'] {
  return (result) =>
    loads.flatMap((row) => {
      const servers = caseOf(result, group, row)?.servers;
      const [first, second] = [servers?.[one], servers?.[other]];
      return first === undefined || second === undefined ? [] : [{ row, value: compareTwo(first, second) }];
    });
}

const figures =
  (...wanted: readonly (readonly [row: string, figure: string])[]): Target['found'] =>
  (result) =>
    wanted.flatMap(([row, figure]) => {
      const value = figureOf(result, figure);
      return value === undefined ? [] : [{ row, value }];
    });

/** Servers of ours that Haraka is beside, by group: what does the same. */
const besideHaraka: Readonly<Record<string, string>> = {
  a: names.ours,
  b: names.ours,
  d: names.ours,
  f: names.uncached,
  i: names.ours,
};

function haraka(result: Result): readonly Found[] {
  return result.cases.flatMap(({ group, load, servers }) => {
    const [theirs, ours] = [servers[names.haraka], servers[besideHaraka[group] ?? '']];
    if (theirs === undefined || ours === undefined || load.sessions !== 20) return [];
    return [{ row: `(${group}) ${loadText(load)}`, value: times(theirs, ours) }];
  });
}

const plain = ['10 KB, kept, 20', '10 KB, new, 20'];
const perQuery: Compare = (ten, one) => more(ten, one) / 9;

export const targets: readonly Target[] = [
  {
    name: 'the default log beside none, six hooks, 10 KB',
    kind: 'most',
    bound: 1.1,
    unit: 'times',
    found: compare(times, 'b', plain, names.ours, names.silent),
  },
  {
    name: 'six hooks and the log beside floor, 10 KB on a kept connection',
    kind: 'most',
    bound: 1.5,
    unit: 'times',
    found: compare(times, 'b', plain.slice(0, 1), names.ours, names.floor),
  },
  {
    name: 'six hooks and the log beside floor, 10 KB, a connection for each',
    kind: 'most',
    bound: 2,
    unit: 'times',
    found: compare(times, 'b', plain.slice(1), names.ours, names.floor),
  },
  {
    name: 'forwarding with six hooks beside Postfix as a filter before the queue, 4 KB, kept',
    kind: 'most',
    bound: 0.6,
    unit: 'times',
    found: compare(times, 'd', ['4 KB, kept, 20'], names.ours, names.postfix),
  },
  {
    name: 'the same, a connection for each',
    kind: 'most',
    bound: 0.8,
    unit: 'times',
    found: compare(times, 'd', ['4 KB, new, 20'], names.ours, names.postfix),
  },
  {
    name: 'the same, 1 MB',
    kind: 'most',
    bound: 0.7,
    unit: 'times',
    found: compare(times, 'd', ['1 MB, kept, 20', '1 MB, new, 20'], names.ours, names.postfix),
  },
  {
    name: 'TLS with six hooks and the log beside the TLS floor, 10 KB',
    kind: 'most',
    bound: 1.2,
    unit: 'times',
    found: compare(
      times,
      'i',
      ['10 KB, new, 20', '10 KB, resumed, 20', '10 KB, kept, 20'],
      names.ours,
      names.tlsFloor,
    ),
  },
  {
    name: 'the full filter beside six hooks, 10 KB',
    kind: 'most',
    bound: 0.6,
    unit: 'ms',
    found: compare(more, 'g', plain, names.cached, names.six),
  },
  {
    name: 'Haraka beside us, 20 sessions, what does the same',
    kind: 'least',
    bound: 5,
    unit: 'times',
    found: haraka,
  },
  {
    name: 'a DNS query that is not in the cache: one, and each further one of ten at once',
    kind: 'most',
    bound: 0.05,
    unit: 'ms',
    found: (result) => [
      ...compare(
        more,
        'e',
        plain,
        names.one,
        names.six,
      )(result).map(({ row, value }) => ({
        row: `one, ${row}`,
        value,
      })),
      ...compare(
        perQuery,
        'e',
        plain,
        names.ten,
        names.one,
      )(result).map(({ row, value }) => ({
        row: `further, ${row}`,
        value,
      })),
    ],
  },
  {
    name: `${IDLE.toLocaleString('en')} idle connections, each`,
    kind: 'most',
    bound: 10,
    unit: 'KiB',
    found: figures(['in clear', `idle connection, ${names.ours}`]),
  },
  {
    name: 'the same under TLS',
    kind: 'most',
    bound: 50,
    unit: 'KiB',
    found: figures(['TLS', `idle connection, ${names.ours}, TLS`]),
  },
  {
    name: 'from start to listening',
    kind: 'most',
    bound: 600,
    unit: 'ms',
    found: figures(['six hooks', `start, ${names.ours}`]),
  },
  {
    name: 'the first 1,000 messages beside warm ones',
    kind: 'most',
    bound: 3,
    unit: 'times',
    found: figures(
      ['kept', `first 1,000, ${names.ours}, kept, times warm`],
      ['new', `first 1,000, ${names.ours}, new, times warm`],
    ),
  },
  {
    name: 'setting up a policy of 2,300 lines for a connection, beside six hooks',
    kind: 'most',
    bound: 0.1,
    unit: 'ms',
    found: compare(more, 'j', ['1 KB, new, 20'], names.large, names.six),
  },
  {
    name: 'two workers beside one',
    kind: 'most',
    bound: 1.15,
    unit: 'times',
    found: figures(['kept', 'two workers, kept, times one'], ['new', 'two workers, new, times one']),
  },
];

export type Verdict = 'met' | 'not met' | 'not measured';

export interface Judged {
  readonly verdict: Verdict;
  readonly found: readonly Found[];
  /** Those that do not hold it. */
  readonly missed: readonly Found[];
}

/** Whether a target is met: by every row, and there is one. What could not be computed is not met. */
export function judge(target: Target, result: Result): Judged {
  const found = target.found(result);
  const holds = ({ value }: Found): boolean =>
    target.kind === 'most' ? value <= target.bound : value >= target.bound;
  const missed = found.filter((one) => !holds(one));
  const verdict = found.length === 0 ? 'not measured' : missed.length === 0 ? 'met' : 'not met';
  return { verdict, found, missed };
}

/** The one of them that is farthest on the wrong side. */
export function worst({ kind }: Target, found: readonly Found[]): Found | undefined {
  return found.toSorted((one, other) =>
    kind === 'most' ? other.value - one.value : one.value - other.value,
  )[0];
}
