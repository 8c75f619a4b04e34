// The policies that come with smtpe keep what their tests say, and every one has a test: `smtpe test etc`.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { findTests } from '../../../src/bench/find-tests.ts';
import { fileLines, summaryLine } from '../../../src/bench/report/text-report.ts';
import { runTests } from '../../../src/bench/run-tests.ts';
import { readOptionFile } from '../../../src/cli/read-option-file.ts';

const etc = join(import.meta.dirname, '../../../etc');

it('every example has a test', () => {
  const names = readdirSync(join(etc, 'examples'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.lua'),
  );
  const policies = names.filter((name) => !name.endsWith('_test.lua'));
  expect(policies.length).toBeGreaterThan(9);
  for (const name of policies) expect(names).toContain(name.replace('.lua', '_test.lua'));
});

it('all cases are well, and no fake is left over', async () => {
  const { problems, tests } = await findTests([etc]);
  expect(problems).toEqual([]);
  const results = await runTests(
    { tests, name: undefined, words: [], policy: undefined, readFile: readOptionFile, stopwatch: () => 0 },
    { fileDone: () => undefined },
  );
  expect(
    results.flatMap((result) => fileLines(result, false)).filter((line) => /FAIL|note:/.test(line)),
  ).toEqual([]);
  expect(summaryLine(results)).toMatch(/^\d\d+ ok$/);
  expect(results.length).toBe(tests.length);
});
