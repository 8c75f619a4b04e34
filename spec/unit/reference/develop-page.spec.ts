// doc/develop.md: it has every command of package.json and every folder of tests, and no other.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const page = readFileSync(join(root, 'doc/develop.md'), 'utf8');

it('has every script, and no other', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  // What npm runs by itself.
  const typed = Object.keys(scripts).filter((name) => !name.startsWith('pre'));
  const named = [...page.matchAll(/`npm (?:run )?([a-z:-]+)/g)].flatMap(([, name = '']) =>
    ['ci', 'pack', 'version'].includes(name) ? [] : [name],
  );
  expect([...new Set(named)].sort()).toEqual([...typed].sort());
});

it('has every folder of spec/', () => {
  const folders = readdirSync(join(root, 'spec'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  const table = /## Which test goes where\n(.*?)\n\n## /s.exec(page)?.[1] ?? '';
  const missing = folders.filter((name) => !table.includes(`\`spec/${name}\``));
  expect(missing).toEqual([]);
});
