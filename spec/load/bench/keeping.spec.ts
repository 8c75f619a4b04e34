// What a run of the benchmark keeps, and what one that was broken off goes on with.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { fileOf, goOn, hasFigures, isDone, keep, kept, orderOf, withCase, withFigures } from './keeping.ts';
import { type CaseResult, type Result, readResult } from './result.ts';

const directory = mkdtempSync(join(tmpdir(), 'smtpe-keeping-spec-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const load = { size: 10_240, kept: true, sessions: 20 };
const [before, began, after] = [1, 2, 3].map((day) => `2030-01-0${day}T00:00:00.000Z`) as [
  string,
  string,
  string,
];
const caseOf = (group: string, measured: string): CaseResult => ({ group, load, measured, servers: {} });
const now = { began, node: '20.1.0', machine: 'this', rounds: 5 };
const order = orderOf(['a', 'b', 'c'].map((group) => ({ group, load })));
const old: Result = {
  ...now,
  cases: [caseOf('a', before), caseOf('c', before)],
  figures: { 'start, smtpe': { unit: 'ms', trials: [1], measured: before } },
};
const groups = ({ cases }: Result): readonly string[] =>
  cases.map(({ group, measured }) => `${group} ${measured}`);

describe('what a run has found', () => {
  it('stands in place of what was there, in the order of the cases', () => {
    const [a, b] = [caseOf('a', after), caseOf('b', after)];
    expect(groups(withCase(withCase(old, b, b, order), a, a, order))).toEqual([
      `a ${after}`,
      `b ${after}`,
      `c ${before}`,
    ]);
  });

  it('that could not be measured leaves nothing old', () => {
    expect(groups(withCase(old, caseOf('a', after), undefined, order))).toEqual([`c ${before}`]);
  });

  it('of a case that there is no more is left out', () => {
    const a = caseOf('a', after);
    expect(groups(withCase(old, a, a, order.slice(0, 2)))).toEqual([`a ${after}`]);
  });

  it('is added to what is kept of the same Node on the same machine, and to nothing else', () => {
    expect(groups(goOn(old, now))).toEqual(groups(old));
    expect(goOn(old, now).figures).toEqual(old.figures);
    for (const other of [
      { ...now, node: '20.2.0' },
      { ...now, machine: 'that' },
    ])
      expect(goOn(old, other)).toEqual({ ...other, cases: [], figures: {} });
    expect(goOn(undefined, now)).toEqual({ ...now, cases: [], figures: {} });
  });
});

describe('a run that was broken off goes on', () => {
  it.each([
    ['a', before, false],
    ['a', began, true],
    ['a', after, true],
    ['b', after, false],
  ])('case %s, where (a) was measured %s: done is %s', (group, measured, done) => {
    expect(isDone({ ...old, cases: [caseOf('a', measured)] }, { group, load })).toBe(done);
  });

  it('figures are done when all of the kind are', () => {
    const trial = (measured: string) => ({ unit: 'ms', trials: [1], measured });
    expect(hasFigures(old, 'start, ')).toBe(false);
    const more = withFigures(old, { 'start, smtpe': trial(after) });
    expect([hasFigures(more, 'start, '), hasFigures(more, 'first')]).toEqual([true, false]);
    expect(hasFigures(withFigures(more, { 'start, other': trial(before) }), 'start, ')).toBe(false);
  });
});

it('each Node has a file, by which they are sorted', () => {
  for (const node of ['24.2.0', '20.1.0', '100.0.0']) keep(directory, { ...old, node });
  expect(kept(directory).map(({ node }) => node)).toEqual(['20.1.0', '24.2.0', '100.0.0']);
  expect(readResult(fileOf(directory, '24.9.9'))?.node).toBe('24.2.0');
  expect(fileOf('/x', '24.2.0')).toBe('/x/node-24.json');
});
