// What a run has found, as it is kept: a file of JSON for each version of Node, from which the pages are written. And the arithmetic on it.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Load } from './loads.ts';
import type { WarmUp } from './warm-up.ts';

/** One server in one case. The lists have an entry for each round; entries of one round belong together. */
export interface ServerResult {
  /** Processor milliseconds of the server for a message. */
  readonly cpu: readonly number[];
  readonly perSecond: readonly number[];
  /** Share of the time in which a processor worked for the server: far below 1 the load was the slower side. */
  readonly busy: readonly number[];
  /** MiB. */
  readonly peak: number;
  /** Milliseconds from dot to reply. */
  readonly p50?: number;
  readonly p99?: number;
  /** What came before the rounds. */
  readonly warmUp?: WarmUp;
  /** It made new sessions of TLS where old ones were offered. */
  readonly resumesNot?: true;
}

export interface CaseResult {
  readonly group: string;
  readonly load: Load;
  /** ISO date and time. */
  readonly measured: string;
  readonly servers: Readonly<Record<string, ServerResult>>;
}

/** A figure that is no case: the median over some trials, which are kept. */
export interface Figure {
  readonly unit: string;
  readonly trials: readonly number[];
  /** ISO date and time. */
  readonly measured: string;
}

export type Figures = Readonly<Record<string, Figure>>;

export interface Result {
  /** ISO date and time at which the last run of all that targets need was begun. */
  readonly began: string;
  readonly node: string;
  readonly machine: string;
  readonly rounds: number;
  readonly cases: readonly CaseResult[];
  readonly figures: Figures;
}

/** What trials of one kind have found, now. */
export const figure = (unit: string, trials: readonly number[]): Figure => ({
  unit,
  trials,
  measured: new Date().toISOString(),
});

/** NaN of none. Of an even number the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((x, y) => x - y);
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[half - 1] ?? Number.NaN)) / 2;
}

const paired = (
  one: readonly number[],
  other: readonly number[],
  of: (x: number, y: number) => number,
): number => median(one.slice(0, other.length).map((value, round) => of(value, other[round] ?? Number.NaN)));

/** How many times `one` costs what `other` does: the median of what the rounds say. */
export const times = (one: ServerResult, other: ServerResult): number =>
  paired(one.cpu, other.cpu, (x, y) => x / y);

/** How much more `one` costs than `other`, in ms for a message: the median of what the rounds say. */
export const more = (one: ServerResult, other: ServerResult): number =>
  paired(one.cpu, other.cpu, (x, y) => x - y);

/** Half the spread of the rounds, as a share of the median. */
export function noise(values: readonly number[]): number {
  return (Math.max(...values) - Math.min(...values)) / 2 / median(values);
}

const sizes: Readonly<Record<number, string>> = {
  1024: '1 KB',
  2048: '2 KB',
  4096: '4 KB',
  10240: '10 KB',
  1048576: '1 MB',
};

const connections = ({ kept, tls }: Load): string => (kept ? 'kept' : tls === 'resumed' ? 'resumed' : 'new');

/** `10 KB, kept, 20`: what a case is called within its group. */
export function loadText(load: Load): string {
  return `${sizes[load.size] ?? load.size}, ${connections(load)}, ${load.sessions}`;
}

/** The case with that load, `10 KB, kept, 20`. */
export function caseOf(result: Result, group: string, load: string): CaseResult | undefined {
  return result.cases.find((one) => one.group === group && loadText(one.load) === load);
}

/** Processor milliseconds for a message; undefined when it was not measured. */
export function cpuOf(result: Result, group: string, load: string, server: string): number | undefined {
  const found = caseOf(result, group, load)?.servers[server];
  return found === undefined ? undefined : median(found.cpu);
}

export function figureOf(result: Result, name: string): number | undefined {
  const figure = result.figures[name];
  return figure === undefined || figure.trials.length === 0 ? undefined : median(figure.trials);
}

export function readResult(file: string): Result | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Result) : undefined;
}

/** Numbers with four digits that count, which is more than they are worth. */
export function writeResult(file: string, result: Result): void {
  const text = JSON.stringify(
    result,
    (_, value) =>
      typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value,
    1,
  );
  // A list of numbers is one line.
  writeFileSync(
    file,
    `${text.replace(/\[\s+([-\d.,e+\s]+?)\s+\]/g, (_, list: string) => `[${list.replace(/\s+/g, ' ')}]`)}\n`,
  );
}
