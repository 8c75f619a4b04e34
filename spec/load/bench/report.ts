// Turns measurements into doc/benchmarks.md and its plots. Nothing in that page is written by hand.
import { writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { type Case, groups } from './cases.ts';

export interface Sample {
  readonly perSecond: number;
  /** Processor milliseconds of the server per message. */
  readonly cpu: number;
  /** MiB. */
  readonly peak: number;
  readonly p50: number;
  readonly p99: number;
}

export interface Row {
  readonly case: Case;
  /** Medians over the rounds, by server. */
  readonly medians: ReadonlyMap<string, Sample>;
  /** Largest relative spread of CPU per message between rounds. */
  readonly noise: number;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((x, y) => x - y);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

const sizes: Readonly<Record<number, string>> = {
  1024: '1 KB',
  2048: '2 KB',
  10240: '10 KB',
  1048576: '1 MB',
};

function loadText(row: Row): string {
  const { size, kept, sessions } = row.case.load;
  return `${sizes[size] ?? size}, ${kept ? 'kept' : 'new'}, ${sessions}`;
}

const digits = (value: number): string =>
  value >= 100
    ? value.toFixed(0)
    : value >= 10
      ? value.toFixed(1)
      : value >= 1
        ? value.toFixed(2)
        : value.toFixed(3);

function table(rows: readonly Row[]): string {
  const lines = [
    '| size, connection, sessions | server | messages/s | CPU ms/message | × floor | dot p50 ms | dot p99 ms | peak MiB | noise |',
    '| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
  ];
  for (const row of rows) {
    const base = row.medians.get('floor')?.cpu;
    for (const [name, sample] of row.medians) {
      const ratio = base === undefined ? '' : (sample.cpu / base).toFixed(2);
      lines.push(
        `| ${loadText(row)} | ${name} | ${digits(sample.perSecond)} | ${digits(sample.cpu)} | ${ratio} | ${digits(sample.p50)} | ${digits(sample.p99)} | ${sample.peak.toFixed(0)} | ${name === 'smtpe' ? `±${(row.noise * 50).toFixed(0)} %` : ''} |`,
      );
    }
  }
  return lines.join('\n');
}

/** Bars of CPU per message relative to floor, one group of bars a load. */
function plot(title: string, rows: readonly Row[]): string {
  const names = [...new Set(rows.flatMap((row) => [...row.medians.keys()]))].filter(
    (name) => name !== 'floor',
  );
  const colours = ['#2b6cb0', '#c05621', '#718096', '#a0aec0'];
  const ratio = (row: Row, name: string): number =>
    (row.medians.get(name)?.cpu ?? 0) / (row.medians.get('floor')?.cpu ?? Number.POSITIVE_INFINITY);
  const highest = Math.max(1, ...rows.flatMap((row) => names.map((name) => ratio(row, name))));
  const barHeight = 12;
  const groupHeight = names.length * barHeight + 10;
  const width = 860;
  const left = 150;
  const height = 50 + rows.length * groupHeight;
  const scale = (width - left - 70) / highest;
  const bars = rows.flatMap((row, r) => {
    const top = 40 + r * groupHeight;
    return [
      `<text x="${left - 8}" y="${top + groupHeight / 2}" text-anchor="end">${loadText(row)}</text>`,
      ...names.flatMap((name, n) => {
        const value = ratio(row, name);
        if (value === 0) return [];
        const y = top + n * barHeight;
        return [
          `<rect x="${left}" y="${y}" width="${(value * scale).toFixed(1)}" height="${barHeight - 2}" fill="${colours[n % colours.length]}"/>`,
          `<text x="${(left + value * scale + 4).toFixed(1)}" y="${y + 9}">${value.toFixed(1)} ${name}</text>`,
        ];
      }),
    ];
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="10">
<rect width="100%" height="100%" fill="white"/>
<text x="10" y="20" font-size="13">${title}: CPU per message, as a multiple of the least a Node process can do</text>
${bars.join('\n')}
</svg>
`;
}

export interface Extra {
  readonly title: string;
  readonly text: string;
}

export function writeReport(
  directory: string,
  rows: readonly Row[],
  rounds: number,
  extras: readonly Extra[],
): void {
  const machine = `${cpus().length} processors (${cpus()[0]?.model.trim() ?? 'unknown'}), ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Linux ${release()}, Node ${process.version}`;
  const parts = [
    '# Benchmarks',
    '',
    '<!-- Written by `npm run bench`. Do not edit. -->',
    '',
    `Measured ${new Date().toISOString().slice(0, 10)} on ${machine}. Every server is pinned to processor 0, load and next hop to`,
    "processor 1, all over the loopback interface. Load is postfix's smtp-source, the next hop its smtp-sink; latency is taken by a client",
    `of its own. ${rounds} rounds, servers interleaved, medians. CPU is user and system time of all processes of the server, from /proc.`,
    '“floor” is the least that a Node process can do: read lines, find CRLF.CRLF, answer. npm smtp-server waits 100 ms before each',
    'banner; it is shown with and without that wait. Noise is half the spread of the CPU time between rounds. Machines like this one are',
    'shared: trust the ratios of one run more than the numbers.',
    '',
  ];
  for (const [group, text] of Object.entries(groups)) {
    const mine = rows.filter((row) => row.case.group === group);
    if (mine.length === 0) continue;
    const file = `benchmarks-${group}.svg`;
    writeFileSync(`${directory}/${file}`, plot(`(${group}) ${text}`, mine));
    parts.push(`## (${group}) ${text}`, '', `![CPU per message](${file})`, '', table(mine), '');
  }
  for (const extra of extras) parts.push(`## ${extra.title}`, '', extra.text, '');
  writeFileSync(`${directory}/benchmarks.md`, parts.join('\n'));
}
