// Writes doc/benchmarks.md with its plots, and the table of targets in doc/performance.md, from results. Nothing in them is written by hand.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Group, groups } from './cases.ts';
import { type Bars, plot } from './plot.ts';
import { proxySettings } from './postfix.ts';
import {
  type CaseResult,
  type Figure,
  loadText,
  median,
  noise,
  type Result,
  type ServerResult,
  times,
} from './result.ts';
import { judge, type Target, targets, worst } from './targets.ts';

export const digits = (value: number): string =>
  value >= 100
    ? value.toFixed(0)
    : value >= 10
      ? value.toFixed(1)
      : value >= 1
        ? value.toFixed(2)
        : value.toFixed(3);

const optional = (value: number | undefined): string => (value === undefined ? '' : digits(value));

/** What others are divided by: the first server of a case. */
const baseOf = ({ servers }: CaseResult): readonly [string, ServerResult] | undefined =>
  Object.entries(servers)[0];

function caseTable(rows: readonly CaseResult[]): string {
  const base = rows[0] === undefined ? undefined : baseOf(rows[0])?.[0];
  const lines = [
    `| size, connection, sessions | server | CPU ms/message | × ${base ?? ''} | messages/s | busy | dot p50 ms | dot p99 ms | peak MiB | noise |`,
    '| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
  ];
  for (const row of rows) {
    const first = baseOf(row)?.[1];
    for (const [name, one] of Object.entries(row.servers)) {
      const beside = first === undefined ? '' : times(one, first).toFixed(2);
      const remarks = [
        ...(one.resumesNot === true ? ['resumes no sessions: new ones'] : []),
        ...(one.warmUp?.settled === false ? ['not settled'] : []),
      ];
      const shown = remarks.length === 0 ? name : `${name} (${remarks.join('; ')})`;
      const cells = [
        ...[loadText(row.load), shown, digits(median(one.cpu)), beside, digits(median(one.perSecond))],
        ...[`${(median(one.busy) * 100).toFixed(0)} %`, optional(one.p50), optional(one.p99)],
        ...[one.peak.toFixed(0), `±${(noise(one.cpu) * 100).toFixed(0)} %`],
      ];
      lines.push(`| ${cells.join(' | ')} |`);
    }
  }
  return lines.join('\n');
}

function casePlot(title: string, rows: readonly CaseResult[]): string {
  const bars = rows.map((row): Bars => {
    const first = baseOf(row)?.[1];
    return {
      label: loadText(row.load),
      bars: Object.entries(row.servers).map(([name, one]) => {
        const value = first === undefined ? 0 : times(one, first);
        return { name, value, text: `${value.toFixed(2)} (${digits(median(one.cpu))} ms)` };
      }),
    };
  });
  const base = rows[0] === undefined ? '' : baseOf(rows[0])?.[0];
  return plot(`${title}: CPU per message, as a multiple of ${base}`, bars);
}

const amount = ({ unit }: Target, value: number): string =>
  unit === 'times'
    ? `${value.toFixed(2)} ×`
    : unit === 'ms' && value < 1
      ? `${value.toFixed(3)} ms`
      : `${digits(value)} ${unit}`;

function boundText(target: Target): string {
  return `${target.kind === 'most' ? 'at most' : 'at least'} ${target.bound}${target.unit === 'times' ? ' ×' : ` ${target.unit}`}`;
}

/** What was found in one run: every row when there are few, else the worst and how many hold. */
function foundText(target: Target, result: Result): string {
  const { verdict, found, missed } = judge(target, result);
  if (verdict === 'not measured') return 'not measured';
  const shown =
    found.length <= 4 ? found : [worst(target, found), ...missed].filter((one) => one !== undefined);
  const rows = [...new Set(shown)].map(({ row, value }) => `${amount(target, value)} (${row})`).join(', ');
  const count = found.length <= 4 ? '' : `; ${found.length - missed.length} of ${found.length} rows hold`;
  return `**${verdict}**: ${rows}${count}`;
}

export function targetTable(results: readonly Result[]): string {
  const lines = [
    `| target | bound | ${results.map(({ node }) => `Node ${node}`).join(' | ')} |`,
    `| --- | --- | ${results.map(() => '---').join(' | ')} |`,
    ...targets.map(
      (target) =>
        `| ${target.name} | ${boundText(target)} | ${results.map((result) => foundText(target, result)).join(' | ')} |`,
    ),
  ];
  return lines.join('\n');
}

/** The share of what is allowed that was found: 1 is just met, in both directions. */
function share(target: Target, value: number): number {
  return target.kind === 'most' ? Math.max(0, value) / target.bound : target.bound / Math.max(value, 1e-9);
}

function targetPlot(results: readonly Result[]): string {
  const bars = targets.flatMap((target): Bars[] => {
    const mine = results.flatMap((result) => {
      const found = worst(target, judge(target, result).found);
      return found === undefined
        ? []
        : [
            {
              name: `Node ${result.node}: ${target.name}`,
              value: Math.min(3, share(target, found.value)),
              text: amount(target, found.value),
            },
          ];
    });
    return mine.length === 0 ? [] : [{ label: boundText(target), bars: mine }];
  });
  return plot('Targets: what was found, as a share of what is allowed (the line)', bars, 1);
}

function figureTable(figures: Readonly<Record<string, Figure>>): string {
  const lines = ['| figure | median | least and most |', '| --- | ---: | --- |'];
  for (const [name, { unit, trials }] of Object.entries(figures)) {
    const range = trials.length < 2 ? '' : `${digits(Math.min(...trials))} to ${digits(Math.max(...trials))}`;
    lines.push(`| ${name} | ${digits(median(trials))} ${unit} | ${range} |`);
  }
  return lines.join('\n');
}

const howMeasured = `Every server is pinned to processor 0; the load, the next hop, the name server and Redis to processor 1; all over the loopback interface. The
load is postfix's smtp-source, the next hop its smtp-sink; TLS and the time from the final dot to its reply are a client of our own
(spec/load/bench/client.mjs), which fails at any reply but the right one. All servers of a case run at the same time and take turns, forwards and
backwards, after a warm-up: each is sent mail until two spans of a second in a row cost the same within 5 %, and at least 8,000 messages or 6 seconds of its processor;
at most 15 seconds or 300,000 messages, and a row whose warm-up ended there says “not settled”. A figure is the median of the rounds, and “×” the median of what each round says.
CPU is user and system time of all processes of a server, from /proc, those included that have ended. “Busy” is how much of the time a processor
worked for the server; where it is far below 100 %, the load was the slower side. Noise is half the spread of the rounds. From start to
listening is measured with both processors: on one, the program would wait for the threads of Node that compile it; the first 1,000 messages are on one, those threads counted.
For each Node the servers of npm run with it too, the load does not. Machines like this one are shared: trust the ratios more than the numbers.

What is equal, and what is not:

- “floor” is the least that a Node process can do: read lines, find CRLF.CRLF, answer. The “TLS floor” is the same behind STARTTLS by Node's own TLSSocket.
- “smtpe” has its log as it is by default, in a file, unless a row says that it has none. Limits on connections and the look-up of the client's name are
  off, since all load comes from one address.
- Haraka 3.3.4 runs in one process with its log as \`haraka -i\` makes it, in a file, but in (a), where it logs errors only. In (d) it has queue/smtp_forward, which asks the next hop when the
  message is complete. In (f) it has haraka-plugin-spf 1.3.0 and haraka-plugin-dkim 1.3.1; there is no package for DMARC, so it does less; its resolver has no cache.
- npm smtp-server 3.21.6 without its fixed wait of 100 ms before the banner, which would leave the processor idle. It is a library: it keeps no log and has no policy.
- Postfix's smtpd with a proxy filter does in C what (d) does: it asks the next hop at MAIL and RCPT, and answers the dot when the next hop has. It opens a connection
  to the next hop for each message, also where the client keeps its own. All of its processes are counted, its log by postlogd (maillog_file) too. Its settings:

\`\`\`
${proxySettings('PORT OF THE SINK')}
\`\`\`
`;

const days = (dates: readonly string[]): string => {
  const sorted = dates.map((date) => date.slice(0, 10)).toSorted();
  const [first, last] = [sorted[0], sorted.at(-1)];
  return first === last ? `${first}` : `${first} to ${last}`;
};

/** Results are kept case by case: some may be older than the way in which the page says that servers are warmed up. */
const coldText = (cold: number, all: number): string =>
  ` **${cold} of its ${all} cases are of before servers were warmed up as below** (two seconds each), so that their figures are partly those of cold code.`;

function measuredText({ node, machine, rounds, cases, figures }: Result): string {
  const dates = [...cases, ...Object.values(figures)].map(({ measured }) => measured);
  const cold = cases.filter(({ servers }) =>
    Object.values(servers).some(({ warmUp }) => warmUp === undefined),
  ).length;
  return `Node ${node}: measured ${days(dates)} on ${machine}; ${rounds} rounds.${cold === 0 ? '' : coldText(cold, cases.length)}`;
}

/** Writes the page and its plots into `directory`, the table of targets into performance.md there. `results`: one for each Node; plots are of the first. */
export function writePages(directory: string, results: readonly Result[]): void {
  const [first] = results;
  if (first === undefined) return;
  const parts = [
    '# Benchmarks',
    '',
    '<!-- Written by `npm run bench`. Do not edit. -->',
    '',
    ...results.flatMap((result) => [measuredText(result), '']),
    howMeasured,
    '## Targets',
    '',
    '![Targets](benchmarks-targets.svg)',
    '',
    targetTable(results),
    '',
  ];
  writeFileSync(join(directory, 'benchmarks-targets.svg'), targetPlot(results));
  for (const [group, text] of Object.entries(groups) as [Group, string][]) {
    const mine = first.cases.filter((row) => row.group === group);
    if (mine.length === 0) continue;
    const file = `benchmarks-${group}.svg`;
    writeFileSync(join(directory, file), casePlot(`(${group}) ${text}`, mine));
    parts.push(`## (${group}) ${text}`, '', `![CPU per message](${file})`, '', caseTable(mine), '');
    for (const other of results.slice(1)) {
      const theirs = other.cases.filter((row) => row.group === group);
      if (theirs.length > 0) parts.push(`Node ${other.node}:`, '', caseTable(theirs), '');
    }
  }
  for (const { node, figures } of results)
    parts.push(`## Starts, memory and workers, Node ${node}`, '', figureTable(figures), '');
  writeFileSync(join(directory, 'benchmarks.md'), parts.join('\n'));
}

const BEGIN = '<!-- The table of targets is written by `npm run bench`. -->';
const END = '<!-- End of the table of targets. -->';

/** The page with the table in place of the one that it has. */
export function withTargets(page: string, results: readonly Result[]): string {
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from < 0 || to < from) throw new Error('doc/performance.md has no place for the table of targets');
  return `${page.slice(0, from + BEGIN.length)}\n\n${targetTable(results)}\n\n${page.slice(to)}`;
}

export function writeTargets(file: string, results: readonly Result[]): void {
  writeFileSync(file, withTargets(readFileSync(file, 'utf8'), results));
}
