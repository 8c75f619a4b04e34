// doc/test.md: the policies and tests that it shows run, and print what it says.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { sessionClass } from '../../../src/bench/module/session-class.ts';
import { testModule } from '../../../src/bench/module/test-module.ts';
import { benchRun } from '../../fakes/bench-run.ts';

const page = readFileSync(join(import.meta.dirname, '../../../doc/test.md'), 'utf8');
const files = Object.fromEntries(
  [...page.matchAll(/```lua\n-- (\S+)\n(.*?)```/gs)].map(([, name = '', text = '']) => [name, text]),
);

it('runs what it shows, and prints what it says', async () => {
  expect(Object.keys(files)).toEqual(['policy.lua', 'policy_test.lua', 'login.lua', 'login_test.lua']);
  const { files: results, text } = await benchRun(files);
  expect(text).not.toMatch(/FAIL|note:/);
  expect(results.flatMap(({ cases }) => cases)).toHaveLength(5);
  const shown = /\$ smtpe test \.\n(.*?)\n3 ok/s.exec(page)?.[1]?.replaceAll(/ +\d+ ms/g, '') ?? '';
  expect(text.startsWith(shown), `${shown}\n---\n${text}`).toBe(true);
});

it('names every function and method', () => {
  for (const { name } of testModule.functions.filter((one) => one.name !== 'case'))
    expect(page).toContain(`t.${name}`);
  for (const { name } of sessionClass.methods) expect(page).toContain(`s:${name}`);
});
