// What `smtpe check` has found, for people and for programs. Pure.
import type { CheckedFile } from '../policy/check-policy.ts';
import { type Asked, reachOf } from '../policy/lint/reach.ts';
import type { NetFinding } from './check-net.ts';
import { exitCode } from './exit-code.ts';

export interface CheckReport {
  /** Of the system and of what could not be read or run. */
  readonly problems: readonly string[];
  /** Decided already; undefined: by what was found. */
  readonly code: number | undefined;
  /** `FILE:LINE:COLUMN: what is wrong; what would be right`. */
  readonly mistakes: readonly string[];
  readonly warnings: readonly string[];
  readonly files: readonly { readonly path: string; readonly hooks: readonly string[] }[];
  /** Files that the policy reads, and whom it asks, as far as its text says so. */
  readonly reads: readonly string[];
  readonly asks: readonly Asked[];
  readonly dns: boolean;
  /** Authentication scripts. */
  readonly scripts: readonly { readonly path: string; readonly functions: readonly string[] }[];
  /** Undefined: nobody was asked. */
  readonly net: readonly NetFinding[] | undefined;
}

export const emptyReport: CheckReport = {
  ...{ problems: [], code: undefined, mistakes: [], warnings: [], files: [], reads: [], asks: [] },
  ...{ dns: false, scripts: [], net: undefined },
};

/** Those with a line have the file in front already. */
const placedIn =
  ({ path }: CheckedFile) =>
  (text: string): string =>
    /^\S+:\d+:/.test(text) ? text : `${path}: ${text}`;

/** What there is to say about the files of a policy. */
export function policyReport(files: readonly CheckedFile[]): CheckReport {
  const texts = files.flatMap(({ path, texts: all }) =>
    all.flatMap(({ text }, i) => (text === undefined || i > 0 ? [] : [{ name: path, text }])),
  );
  return {
    ...emptyReport,
    ...reachOf(texts),
    files: files.map(({ path, hooks }) => ({ path, hooks })),
    mistakes: files.flatMap((file) => [...file.refused.map(placedIn(file)), ...file.findings.mistakes]),
    warnings: files.flatMap((file) => [...file.tolerated.map(placedIn(file)), ...file.findings.warnings]),
  };
}

const failedNet = ({ net = [] }: CheckReport): readonly NetFinding[] =>
  net.filter(({ problem }) => problem !== undefined);

export function exitOf(report: CheckReport): number {
  if (report.code !== undefined) return report.code;
  if (report.mistakes.length > 0) return exitCode.software;
  return report.problems.length > 0 || failedNet(report).length > 0 ? exitCode.system : exitCode.ok;
}

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;

/** `reads: maps/domains.txt    asks: DNS, clamd 127.0.0.1:3310`. */
function reachText({ asks, dns, reads }: CheckReport): string {
  const asked = [...(dns ? ['DNS'] : []), ...asks.map(({ spoken, text }) => `${spoken} ${text}`)];
  const part = (what: string, items: readonly string[]): string =>
    items.length === 0 ? '' : `; ${what} ${[...new Set(items)].join(', ')}`;
  return part('reads', reads) + part('asks', asked);
}

/** The last lines: with mistakes how many there are, else what was found of each file. */
export function summaryOf(report: CheckReport): {
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
} {
  const { code, files, mistakes, net = [], problems, scripts, warnings } = report;
  const answers = net
    .filter(({ problem }) => problem === undefined)
    .map(
      ({ answer, ms, place, what }) =>
        `${place}: ${what} answers${answer === '' ? '' : ` ${answer}`} (${ms} ms)`,
    );
  if (code !== undefined) return { stdout: answers, stderr: [] };
  const wrong = problems.length + mistakes.length + failedNet(report).length;
  const hooks = (names: readonly string[]): string =>
    names.length === 0 ? 'no hooks' : `hooks ${names.join(' ')}`;
  if (wrong > 0) {
    const all = [...new Set(files.flatMap((file) => file.hooks))];
    const stderr = [
      `${count(wrong, 'mistake')}, ${count(warnings.length, 'warning')}; ${hooks(all)}${reachText(report)}`,
    ];
    return { stdout: answers, stderr };
  }
  const warned = warnings.length === 0 ? '' : `, ${count(warnings.length, 'warning')}`;
  const found = files.map(({ hooks: names, path }, i) => {
    const last = i === files.length - 1 ? reachText(report) : '';
    return `${path}: no mistake found${i === 0 ? warned : ''}; ${hooks(names)}${last}`;
  });
  const others = scripts.map(
    ({ functions, path }) => `${path}: no mistake found; functions ${functions.join(' ') || '(none)'}`,
  );
  return { stdout: [...answers, ...found, ...others], stderr: [] };
}

const PLACED = /^(.*?):(\d+)(?::(\d+))?: (.*)$/s;

/** One finding with its place where it has one. */
function placed(text: string): object {
  const match = PLACED.exec(text);
  if (match === null) return { text };
  const [, file, line, column, said] = match;
  return { file, line: Number(line), ...(column !== undefined && { column: Number(column) }), text: said };
}

/** One line of JSON. */
export function jsonOf(report: CheckReport): string {
  const { asks, dns, files, mistakes, net, problems, reads, scripts, warnings } = report;
  return JSON.stringify({
    ok: exitOf(report) === exitCode.ok,
    mistakes: mistakes.map(placed),
    warnings: warnings.map(placed),
    problems: problems.map(placed),
    files,
    scripts,
    reads,
    asks: [...(dns ? [{ spoken: 'dns' }] : []), ...asks],
    ...(net !== undefined && { net }),
  });
}
