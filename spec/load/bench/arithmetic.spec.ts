// The arithmetic of the benchmark: what is read from /proc, medians and pairs of rounds, whether a target is met, the file of results.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { capacity } from './capacity.ts';
import { cases, groups, names } from './cases.ts';
import { largePolicyFrom } from './large-policy.ts';
import { plot } from './plot.ts';
import { children, mebibytes, ranFor, reaped } from './proc.ts';
import { measure } from './process.ts';
import { targetTable, withTargets, writePages } from './report.ts';
import {
  caseOf,
  cpuOf,
  figureOf,
  loadText,
  median,
  more,
  noise,
  type Result,
  readResult,
  type ServerResult,
  times,
  writeResult,
} from './result.ts';
import { judge, type Target, targets, worst } from './targets.ts';

const directory = mkdtempSync(join(tmpdir(), 'smtpe-bench-spec-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('/proc', () => {
  it.each([
    ['2500000000 17 99', 2.5],
    ['0 0 0\n', 0],
    ['', 0],
  ])('schedstat %j: a thread has run for %d s', (text, seconds) => {
    expect(ranFor(text)).toBe(seconds);
  });

  it.each([
    ['a name', 'smtpd'],
    ['a name with blanks and parentheses', 'a) (b 7 8'],
  ])('stat, %s: what ended children have used', (_, name) => {
    // utime stime cutime cstime are fields 14 to 17.
    const stat = `42 (${name}) S 1 42 42 0 -1 4194560 10 20 0 0 111 222 345 55 20 0 1 0 1000 0 0`;
    expect(reaped(stat)).toBe(4);
  });

  it('stat that ends early is nothing', () => {
    expect(reaped('42 (a) S 1')).toBe(0);
  });

  it('status in MiB', () => {
    const status = 'Name:\tnode\nVmPeak:\t  999999 kB\nVmHWM:\t   20480 kB\nVmRSS:\t   10240 kB\n';
    expect([mebibytes(status, 'VmHWM'), mebibytes(status, 'VmRSS'), mebibytes(status, 'VmSwap')]).toEqual([
      20, 10, 0,
    ]);
  });

  it.each([
    ['', []],
    ['\n', []],
    ['12 ', [12]],
    ['12 13 \n', [12, 13]],
  ])('children %j', (text, pids) => {
    expect(children(text)).toEqual(pids);
  });

  it('counts what a child has used that has ended', () => {
    const before = measure(process.pid).cpu;
    const busy = 'const until = process.cpuUsage().user + 3e5; while (process.cpuUsage().user < until);';
    execFileSync(process.execPath, ['-e', busy]);
    expect(measure(process.pid).cpu - before).toBeGreaterThan(0.3);
  });
});

describe('medians', () => {
  it.each([
    [[], Number.NaN],
    [[3], 3],
    [[9, 1, 5], 5],
    [[4, 1, 3, 2], 2.5],
    [[10, 9, 1], 9],
  ])('of %j is %d', (values, expected) => {
    expect(median(values)).toBe(expected);
  });

  const server = (...cpu: number[]): ServerResult => ({ cpu, perSecond: [], busy: [], peak: 0 });

  it('times and more go by what each round says', () => {
    // A round in which the machine was slow for both says the same as the others.
    const one = server(2, 20, 2);
    const other = server(1, 10, 1);
    expect([times(one, other), more(one, other)]).toEqual([2, 1]);
    // By medians alone this would be 3 / 2.
    expect(times(server(1, 3, 10), server(2, 1, 5))).toBe(2);
  });

  it('rounds without a partner are left out', () => {
    expect(times(server(4, 4, 100), server(2, 2))).toBe(2);
    expect(times(server(4), server())).toBeNaN();
  });

  it('noise is half the spread', () => {
    expect(noise([1, 1.2, 0.8])).toBeCloseTo(0.2);
    expect(noise([5])).toBe(0);
  });
});

const load = { size: 10_240, kept: true, sessions: 20 };
const measured = '2030-01-02T03:04:05.000Z';
const result = (changes: Partial<Result> = {}): Result => ({
  began: '2030-01-02T03:00:00.000Z',
  node: '20.1.0',
  machine: 'none',
  rounds: 3,
  cases: [
    {
      group: 'b',
      load,
      measured,
      servers: {
        [names.floor]: { cpu: [0.1, 0.1, 0.1], perSecond: [1, 1, 1], busy: [1, 1, 1], peak: 10 },
        [names.silent]: { cpu: [0.14, 0.14, 0.14], perSecond: [1, 1, 1], busy: [1, 1, 1], peak: 10 },
        [names.ours]: {
          cpu: [0.15, 0.15, 0.15],
          perSecond: [1, 1, 1],
          busy: [1, 1, 1],
          peak: 10,
          p50: 1,
          p99: 2,
        },
        [names.haraka]: { cpu: [0.6, 0.6, 0.6], perSecond: [1, 1, 1], busy: [1, 1, 1], peak: 10 },
      },
    },
  ],
  figures: { [`start, ${names.ours}`]: { unit: 'ms', trials: [700, 500, 550], measured } },
  ...changes,
});

describe('results', () => {
  it.each([
    [{ size: 10_240, kept: true, sessions: 20 }, '10 KB, kept, 20'],
    [{ size: 1_048_576, kept: false, sessions: 1 }, '1 MB, new, 1'],
    [{ size: 4096, kept: false, sessions: 20, tls: 'resumed' }, '4 KB, resumed, 20'],
    [{ size: 4096, kept: true, sessions: 20, tls: 'new' }, '4 KB, kept, 20'],
    [{ size: 7, kept: false, sessions: 2 }, '7, new, 2'],
  ] as const)('%j is %s', (one, text) => {
    expect(loadText(one)).toBe(text);
  });

  it('are found by group, load and server', () => {
    expect(caseOf(result(), 'b', '10 KB, kept, 20')?.load).toEqual(load);
    expect(caseOf(result(), 'a', '10 KB, kept, 20')).toBeUndefined();
    expect(cpuOf(result(), 'b', '10 KB, kept, 20', names.ours)).toBe(0.15);
    expect(cpuOf(result(), 'b', '10 KB, kept, 20', 'nobody')).toBeUndefined();
    expect([figureOf(result(), `start, ${names.ours}`), figureOf(result(), 'x')]).toEqual([550, undefined]);
  });

  it('are written and read as they are, a list of numbers in a line', () => {
    const file = join(directory, 'one.json');
    const one = result({ figures: { x: { unit: 'ms', trials: [1.23456, -2, 1e-7, 3], measured } } });
    writeResult(file, one);
    expect(readResult(file)).toEqual({
      ...one,
      figures: { x: { unit: 'ms', trials: [1.235, -2, 1e-7, 3], measured } },
    });
    expect(readFileSync(file, 'utf8')).toContain('[0.15, 0.15, 0.15]');
    expect(readResult(join(directory, 'none.json'))).toBeUndefined();
  });
});

describe('targets', () => {
  const target = (kind: Target['kind'], bound: number, values: readonly number[]): Target => ({
    name: 'x',
    kind,
    bound,
    unit: 'times',
    found: () => values.map((value, at) => ({ row: `row ${at}`, value })),
  });

  it.each([
    ['most', 1.1, [1.1], 'met', 'row 0'],
    ['most', 1.1, [1.11], 'not met', 'row 0'],
    ['most', 1.1, [1, 1.2, 1.05], 'not met', 'row 1'],
    ['least', 5, [5, 8], 'met', 'row 0'],
    ['least', 5, [8, 4.99], 'not met', 'row 1'],
    ['most', 1, [Number.NaN], 'not met', 'row 0'],
    ['least', 1, [Number.NaN], 'not met', 'row 0'],
    ['most', 1, [], 'not measured', undefined],
  ] as const)('at %s %d with %j: %s', (kind, bound, values, verdict, row) => {
    const one = target(kind, bound, values);
    const judged = judge(one, result());
    expect(judged.verdict).toBe(verdict);
    expect(worst(one, judged.found)?.row).toBe(row);
  });

  const verdicts = (of: Result): Record<string, string> =>
    Object.fromEntries(targets.map((one) => [one.name, judge(one, of).verdict]));

  it('are computed from the rows that they name', () => {
    const found = verdicts(result());
    expect(found['the default log beside none, six hooks, 10 KB']).toBe('met');
    expect(found['six hooks and the log beside floor, 10 KB on a kept connection']).toBe('met');
    expect(found['six hooks and the log beside floor, 10 KB, a connection for each']).toBe('not measured');
    expect(found['Haraka beside us, 20 sessions, what does the same']).toBe('not met');
    expect(found['from start to listening']).toBe('met');
  });

  it('each has rows among what is measured for targets', () => {
    // Every case that is aimed at, with figures that tell which servers were compared.
    const all = cases({ dns: 1, redis: 2 }).filter(({ aimed }) => aimed);
    const made = result({
      cases: all.map(({ group, load: one, servers }) => ({
        group,
        load: one,
        measured,
        servers: Object.fromEntries(
          servers.map(({ name }) => [name, { cpu: [1], perSecond: [1], busy: [1], peak: 1 }]),
        ),
      })),
    });
    const figures = new Set(
      targets.filter((one) => judge(one, made).verdict === 'not measured').map(({ name }) => name),
    );
    // Those are no cases: starts, idle connections, workers.
    expect([...figures].toSorted()).toEqual([
      '10,000 idle connections, each',
      'the first 1,000 messages beside warm ones',
      'the same under TLS',
      'two workers beside one',
    ]);
  });

  it('every group has cases, and every server of a case a name of its own', () => {
    const all = cases({ dns: 1, redis: 2 });
    expect(new Set(all.map(({ group }) => group))).toEqual(new Set(Object.keys(groups)));
    for (const { servers } of all) expect(new Set(servers.map(({ name }) => name)).size).toBe(servers.length);
  });
});

describe('pages', () => {
  it('have the targets, a section for each group that was measured, and a plot', () => {
    writePages(directory, [result(), result({ node: '24.2.0' })]);
    const page = readFileSync(join(directory, 'benchmarks.md'), 'utf8');
    expect(page).toContain('## (b) six hooks');
    expect(page).not.toContain('## (a)');
    expect(page).toContain(
      '| 10 KB, kept, 20 | smtpe | 0.150 | 1.50 | 1.00 | 100 % | 1.00 | 2.00 | 10 | ±0 % |',
    );
    expect(page).toContain('Node 24.2.0:\n\n| size');
    expect(readFileSync(join(directory, 'benchmarks-b.svg'), 'utf8')).toContain('1.50 (0.150 ms) smtpe');
    expect(readFileSync(join(directory, 'benchmarks-targets.svg'), 'utf8')).toContain('Node 20.1.0');
  });

  it('have a column of targets for each Node', () => {
    const table = targetTable([result(), result({ node: '24.2.0', figures: {} })]);
    expect(table).toContain('| target | bound | Node 20.1.0 | Node 24.2.0 |');
    expect(table).toContain('| at most 600 ms | **met**: 550 ms (six hooks) | not measured |');
  });

  it('say which server was not warm by then, and on what days it was', () => {
    const [first] = result().cases;
    if (first === undefined) throw new Error('no case');
    const servers = Object.fromEntries(
      Object.entries(first.servers).map(([name, one]) => [
        name,
        { ...one, warmUp: { messages: 8000, seconds: 15, settled: name !== names.haraka } },
      ]),
    );
    const later = { ...first, load: { ...load, kept: false }, measured: '2030-01-05T00:00:00.000Z', servers };
    writePages(directory, [result({ cases: [first, later] })]);
    const page = readFileSync(join(directory, 'benchmarks.md'), 'utf8');
    expect(page).toContain('**1 of its 2 cases are of before servers were warmed up as below**');
    writePages(directory, [result({ cases: [later] })]);
    expect(readFileSync(join(directory, 'benchmarks.md'), 'utf8')).not.toContain('of before servers');
    expect(page).toContain(`| 10 KB, new, 20 | ${names.haraka} (not settled) |`);
    expect(page).toContain('| 10 KB, new, 20 | smtpe |');
    expect(page).toContain('Node 20.1.0: measured 2030-01-02 to 2030-01-05 on none; 3 rounds.');
  });

  it('tell a target that is missed with its row', () => {
    expect(targetTable([result()])).toContain('| at least 5 × | **not met**: 4.00 × ((b) 10 KB, kept, 20) |');
  });

  it('keep what stands around the table of targets', () => {
    const page =
      'above\n<!-- The table of targets is written by `npm run bench`. -->\n\nold\n\n<!-- End of the table of targets. -->\nbelow\n';
    const changed = withTargets(page, [result()]);
    expect(changed).toMatch(/^above\n<!--[^\n]*-->\n\n\| target [\s\S]*\|\n\n<!-- End [^\n]*-->\nbelow\n$/);
    expect(changed).not.toContain('old');
    expect(withTargets(changed, [result()])).toBe(changed);
    expect(() => withTargets('nothing', [result()])).toThrow(/no place/);
  });

  it('the page on performance has such a place', () => {
    const page = readFileSync(join(import.meta.dirname, '../../../doc/performance.md'), 'utf8');
    expect(withTargets(page, [result()])).toContain('| target |');
  });

  it('plots are drawings without script, whatever names are in them', () => {
    const drawn = plot('<a & b>', [{ label: '<', bars: [{ name: '&', value: 2, text: '>' }] }], 1);
    expect(drawn).toContain('&lt;a &amp; b&gt;');
    expect(drawn).not.toMatch(/<script|<a /);
  });
});

it('the large policy has some 2,300 lines and is a policy', () => {
  const text = largePolicyFrom(join(import.meta.dirname, '../policies/six.lua'));
  expect(text.split('\n').length).toBeGreaterThan(2250);
  expect(text.split('\n').length).toBeLessThan(2350);
  const file = join(directory, 'large.lua');
  writeFileSync(file, text);
  const main = join(import.meta.dirname, '../../../dist/main.js');
  const checked = spawnSync(process.execPath, [main, 'check', 'file=', `script=${file}`], {
    encoding: 'utf8',
  });
  expect(`${checked.stdout}${checked.stderr}`).not.toMatch(/error/i);
  expect(checked.status).toBe(0);
});

describe('capacity', () => {
  const costs = { smtpe: 0.35, redis: 0.07, commands: 2, octets: 10_000 };
  // 0.7 of a processor is 2,000 messages of 0.35 ms, or 10,000 of 0.07 ms for the one Redis; 0.7 of 1 Gbit/s are 7,955 messages of 11,000 octets.
  it.each([
    [1, 1, 'processors', 2000],
    [1, 4, 'network', 7954.5],
    [10, 1, 'Redis', 10_000],
    [4, 1, 'processors', 8000],
  ])('of %d machines with %d cores: %s first', (machines, cores, first, perSecond) => {
    const found = capacity(costs, { machines, cores, network: 1e9 });
    expect(found.first).toBe(first);
    expect(found.perSecond).toBeCloseTo(perSecond, 0);
    expect(found.perDay).toBeCloseTo(found.perSecond * 86_400);
  });

  it('without a Redis it is no limit', () => {
    const site = { machines: 1000, cores: 1, network: 1e12 };
    expect(capacity({ ...costs, redis: 0 }, site).first).toBe('processors');
  });
});
