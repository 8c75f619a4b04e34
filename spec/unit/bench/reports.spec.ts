// What `smtpe test` prints for programs, read back by parsers of their own.
import { expect, it } from 'vitest';
import { jsonReport } from '../../../src/bench/report/json-report.ts';
import { junitReport } from '../../../src/bench/report/junit-report.ts';
import { tapReport } from '../../../src/bench/report/tap-report.ts';
import { durationText, summaryLine } from '../../../src/bench/report/text-report.ts';
import type { FileResult } from '../../../src/bench/run-tests.ts';
import { readTestWords } from '../../../src/cli/test-words.ts';

const odd = 'it\'s "odd" <&> # 1 \\ \u0001 ü\nsecond';
const place = { file: 'x_test.lua', line: 3 };
const trail = [{ kind: 'client', at: 0, session: 's', line: ']]> <x>' }] as const;
const missing = [{ what: 'dns A x', paste: "t.dns { ['x A'] = t.nxdomain }" }];
const results: readonly FileResult[] = [
  {
    ...{ path: 'x_test.lua', policy: 'x.lua', problem: undefined, notes: ['x_test.lua:1: a note'] },
    cases: [
      { name: 'well', place, failure: undefined, ms: 2, clockMs: 300_000 },
      { name: odd, place, failure: { place, text: odd, trail, missing }, ms: 3, clockMs: 0 },
    ],
    hooks: new Map([['mail', { called: 2, ended: 1 }]]),
    coverage: [{ name: 'x.lua', lines: 4, ran: 3, never: ['7'] }],
  },
  {
    ...{ path: 'y_test.lua', policy: undefined, problem: 'y.lua:1: broken', notes: [] },
    ...{ cases: [], hooks: new Map(), coverage: [] },
  },
];

interface TapPoint {
  readonly ok: boolean;
  readonly number: number;
  readonly name: string;
  readonly block: readonly string[];
}

/** TAP 13: version, plan, points with blocks of YAML; anything else is an error. */
function readTap(text: string): { readonly plan: number; readonly points: readonly TapPoint[] } {
  const lines = text.trimEnd().split('\n');
  expect(lines.shift()).toBe('TAP version 13');
  const plan = Number(/^1\.\.(\d+)$/.exec(lines.shift() ?? '')?.[1]);
  const points: { ok: boolean; number: number; name: string; block: string[] }[] = [];
  let block: string[] | undefined;
  for (const line of lines) {
    const [, not, number, name = ''] = /^(not )?ok (\d+) - (.*)$/s.exec(line) ?? [];
    if (block !== undefined) {
      if (line === '  ...') block = undefined;
      else block.push(line);
    } else if (line === '  ---') block = points.at(-1)?.block;
    else if (number !== undefined)
      points.push({ ok: not === undefined, number: Number(number), name, block: [] });
    else expect(line).toMatch(/^#/);
  }
  expect(block).toBeUndefined();
  return { plan, points };
}

it('TAP has a plan, a point for each case, and nothing that looks like another', () => {
  const { plan, points } = readTap(tapReport(results));
  expect(plan).toBe(3);
  expect(points.map(({ number, ok }) => [number, ok])).toEqual([
    [1, true],
    [2, false],
    [3, false],
  ]);
  expect(points[1]?.name).toContain('\\# 1');
  expect(points[1]?.block.find((line) => line.startsWith('  at:'))).toBe('  at: "x_test.lua:3"');
  const message = /^ {2}message: (.*)$/.exec(points[1]?.block[0] ?? '')?.[1] ?? '';
  expect(JSON.parse(message)).toBe(odd);
});

interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Element[];
  text: string;
}

const unescaped = (text: string): string =>
  text.replaceAll(
    /&(?:lt|gt|amp|quot|#10);/g,
    (one) => ({ '&lt;': '<', '&gt;': '>', '&amp;': '&', '&quot;': '"', '&#10;': '\n' })[one] ?? '',
  );

/** XML without comments, CDATA and namespaces: throws for what is not well-formed. */
function readXml(text: string): Element {
  const root: Element = { name: '', attributes: {}, children: [], text: '' };
  const open = [root];
  const rest = text.replace(/^<\?xml[^>]*\?>\n/, '');
  for (const [whole, close, name = '', attributes = '', single, words = ''] of rest.matchAll(
    /<(\/?)([a-z]+)((?:\s+[a-z]+="[^"<]*")*)(\/?)>|([^<]+)/g,
  )) {
    const parent = open.at(-1);
    if (parent === undefined) throw new Error(`behind the end: ${whole}`);
    if (name === '') parent.text += unescaped(words);
    else if (close === '/') {
      if (open.pop()?.name !== name) throw new Error(`</${name}> closes nothing`);
    } else {
      const pairs = [...attributes.matchAll(/([a-z]+)="([^"]*)"/g)].map(([, key = '', value = '']) => [
        key,
        unescaped(value),
      ]);
      const element: Element = { name, attributes: Object.fromEntries(pairs), children: [], text: '' };
      parent.children.push(element);
      if (single !== '/') open.push(element);
    }
  }
  expect(open).toHaveLength(1);
  const [first] = root.children;
  if (first === undefined) throw new Error('no element');
  return first;
}

it('JUnit has a suite for each file, with counts that are right', () => {
  const text = junitReport(results);
  expect(text).not.toMatch(/[\u0000-\u0008]/);
  const { children } = readXml(text);
  expect(children.map(({ attributes }) => attributes)).toEqual([
    { name: 'x_test.lua', tests: '2', failures: '1', errors: '0', skipped: '0', time: '0.005' },
    { name: 'y_test.lua', tests: '1', failures: '0', errors: '1', skipped: '0', time: '0.000' },
  ]);
  const failed = children[0]?.children[1];
  expect(failed?.attributes.name).toBe(odd.replace('\u0001', ''));
  expect(failed?.children[0]?.text).toContain('C: ]]> <x>');
});

it('JSON has all that is known', () => {
  const read = JSON.parse(jsonReport(results)) as {
    ok: number;
    failed: number;
    files: { cases: { failure?: { line: number; missing: unknown } }[] }[];
  };
  expect(read).toMatchObject({
    ok: 1,
    failed: 2,
    files: [{ path: 'x_test.lua', hooks: { mail: { called: 2, ended: 1 } } }, { problem: 'y.lua:1: broken' }],
  });
  expect(read.files[0]?.cases[1]?.failure).toMatchObject({ message: odd, line: 3, missing });
});

it('the last line counts files that could not be played as failed', () => {
  expect(summaryLine(results)).toBe('1 ok, 2 failed');
  expect(durationText(90_061_001)).toBe('1 d 1 h 1 min 1 s 1 ms');
});

it('words of the command line', () => {
  expect(
    readTestWords([
      'etc',
      'a_test.lua',
      '-k',
      'grey',
      '--tap',
      '--junit=o.xml',
      'script=p.lua',
      '+x',
      'p.lua',
    ]),
  ).toEqual({
    ...{ paths: ['etc', 'a_test.lua'], name: 'grey', report: 'tap', junit: 'o.xml', coverage: false },
    ...{ rest: ['script=p.lua', '+x', 'p.lua'], problems: [] },
  });
  expect(readTestWords(['--tap', '--json', 'x']).problems).toEqual(['--tap and --json: one of them']);
  expect(readTestWords(['-k']).problems).toHaveLength(1);
  expect(readTestWords(['--junit', 'x']).problems[0]).toContain('--junit=report.xml');
  expect(readTestWords(['.', '--jnit=x', '--coverage=1']).problems).toEqual([
    'smtpe test has no --jnit; did you mean --junit?',
    '--coverage takes no value',
  ]);
  expect(readTestWords(['policy.lua'])).toMatchObject({ paths: [], problems: [] });
});
