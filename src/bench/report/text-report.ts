// What `smtpe test` prints for people: a line for each case, what went before a failure, what the hooks and lines of the policy saw. Pure.
import { ladder } from '../../observe/trace/ladder.ts';
import type { CaseResult, FileResult } from '../run-tests.ts';
import type { CaseFailure } from '../test-bench.ts';

const NAME_WIDTH = 60;
const INDENT = ' '.repeat(8);
/** Of numbers of lines, in the summary. */
const MOST_RANGES = 12;

/** 300000 as `5 min`. */
export function durationText(ms: number): string {
  const units = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1000],
  ] as const;
  const parts: string[] = [];
  let rest = ms;
  for (const [unit, size] of units) {
    const count = Math.floor(rest / size);
    if (count > 0) parts.push(`${count} ${unit}`);
    rest -= count * size;
  }
  if (rest > 0 || parts.length === 0) parts.push(`${rest} ms`);
  return parts.join(' ');
}

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;

/** As `smtpe trace` shows it. */
function trailLines(trail: CaseFailure['trail']): readonly string[] {
  if (trail.length === 0) return [];
  const drawn = ladder(trail, { still: true }).trimEnd().split('\n');
  // Nobody has moved the clock: there are no times.
  const blank = Math.min(...drawn.map((line) => line.search(/\S|$/)));
  return drawn.map((line) => `${INDENT}  ${line.slice(blank)}`);
}

/** The lines below the name of a case that has failed. */
export function failureLines({ missing, place, text, trail }: CaseFailure): readonly string[] {
  const where = place === undefined ? '' : `line ${place.line}: `;
  const lines = [`${INDENT}${where}${text}`, ...trailLines(trail)];
  for (const { paste, what } of missing)
    lines.push(
      paste === ''
        ? `${INDENT}there can be no fake for ${what}`
        : `${INDENT}say what ${what} answers:   ${paste}`,
    );
  return lines;
}

export function caseLines({ clockMs, failure, ms, name }: CaseResult): readonly string[] {
  const time = `${Math.round(ms)} ms`.padStart(7);
  const clock = clockMs === 0 ? '' : `   (clock: ${durationText(clockMs)})`;
  const line = `  ${failure === undefined ? 'ok  ' : 'FAIL'}  ${name.padEnd(NAME_WIDTH)} ${time}${clock}`;
  return failure === undefined ? [line] : [line, ...failureLines(failure)];
}

function hooksLine({ hooks }: FileResult): string {
  if (hooks.size === 0) return 'hooks called: none';
  return `hooks called: ${[...hooks].map(([name, { called, ended }]) => `${name} ${ended}/${called}`).join('  ')}`;
}

function coverageLines(result: FileResult, isWhole: boolean): readonly string[] {
  const [policy] = result.coverage;
  const shown = isWhole ? result.coverage : policy === undefined ? [] : [policy];
  return shown.map(({ lines, name, never, ran }) => {
    if (lines === 0) return `${name}: ${count(ran, 'line')} ran`;
    const percent = Math.floor((ran / lines) * 100);
    const most = isWhole ? never.length : MOST_RANGES;
    const more = never.length > most ? ` and ${never.length - most} more` : '';
    const rest = never.length === 0 ? '' : `: never run ${never.slice(0, most).join(', ')}${more}`;
    return `${isWhole ? `${name}: ` : ''}lines ${ran} of ${lines} (${percent} %)${rest}`;
  });
}

/** All of a file. `isWhole`: the lines of each file of the policy. */
export function fileLines(result: FileResult, isWhole: boolean): readonly string[] {
  const { cases, notes, path, problem } = result;
  const lines = [path];
  if (problem !== undefined) lines.push(...problem.split('\n').map((line) => `  FAIL  ${line}`));
  lines.push(...cases.flatMap(caseLines), ...notes.map((note) => `  note: ${note}`));
  if (cases.length === 0) return lines;
  const [first, ...rest] = coverageLines(result, isWhole);
  if (isWhole) return [...lines, hooksLine(result), ...(first === undefined ? [] : [first]), ...rest];
  return [...lines, `${hooksLine(result)}${first === undefined ? '' : `   ${first}`}`];
}

/** Failed: files that could not be played, too. */
export function tally(results: readonly FileResult[]): { readonly ok: number; readonly failed: number } {
  const cases = results.flatMap((result) => result.cases);
  const failed = cases.filter(({ failure }) => failure !== undefined).length;
  const problems = results.filter(({ problem }) => problem !== undefined).length;
  return { ok: cases.length - failed, failed: failed + problems };
}

export function summaryLine(results: readonly FileResult[]): string {
  const { failed, ok } = tally(results);
  return failed === 0 ? `${ok} ok` : `${ok} ok, ${failed} failed`;
}
