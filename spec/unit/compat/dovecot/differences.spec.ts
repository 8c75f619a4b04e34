// One list of what differs from Dovecot: the table of doc/dovecot.md, and the recorded rows that show it, fit together, and every row is replayed.
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { pageDifferences } from './page-differences.ts';
import { recordedDifferences } from './recorded-differences.ts';
import { replayed, vectorRows } from './vector-rows.ts';

const page = new URL('../../../../doc/dovecot.md', import.meta.url);
const HEADING = '## What differs from Dovecot\n';

it('the section of the page is made of it', () => {
  const table = pageDifferences.map(({ here, there }) => `| ${there} | ${here} |\n`).join('');
  const text = readFileSync(page, 'utf8');
  const at = text.indexOf(HEADING);
  expect(at).toBeGreaterThan(0);
  const wanted = `${text.slice(0, at)}${HEADING}\n| there | here |\n| --- | --- |\n${table}`;
  if (process.env.UPDATE_REFERENCE !== undefined) writeFileSync(page, wanted);
  else expect(text, 'not current: run npm run reference and commit what it writes').toBe(wanted);
});

it('each difference of a row is an example of a line of the page, or due to the recording', () => {
  const named = pageDifferences.flatMap(({ rows = [] }) => rows);
  expect(named.length).toBe(new Set(named).size);
  const shown = Object.entries(recordedDifferences).filter(([, one]) => one.isOfRecording !== true);
  expect(named.toSorted()).toEqual(shown.map(([id]) => id).toSorted());
});

it('each is one of a row that there is', () => {
  const ids = new Set(vectorRows.map(({ id }) => id));
  expect(Object.keys(recordedDifferences).filter((id) => !ids.has(id))).toEqual([]);
});

it('all rows are replayed, each by one', () => {
  const ids = Object.values(replayed).flatMap((rows) => rows.map(({ id }) => id));
  expect(ids.toSorted()).toEqual(vectorRows.map(({ id }) => id).toSorted());
  expect(Object.values(replayed).map(({ length }) => length)).toEqual([
    84, 13, 5, 50, 3, 6, 22, 37, 16, 2, 38, 63,
  ]);
});
