// doc/recipes.md: the policies that it shows are those of the files, every file is on it, and what it says to type can be typed.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { recipes } from '../../../src/cli/init.ts';

const root = join(import.meta.dirname, '../../..');
const page = readFileSync(join(root, 'doc/recipes.md'), 'utf8');
const blocks = [...page.matchAll(/^<!-- from (\S+) -->\n```lua\n(.*?)\n```$/gms)].map(
  ([, path = '', text = '']) => ({ path, text }),
);

describe('doc/recipes.md', () => {
  it('shows no Lua that is not from a file', () => {
    expect(blocks.length).toBeGreaterThan(15);
    expect([...page.matchAll(/```lua/g)]).toHaveLength(blocks.length);
  });

  it.each(blocks)('shows what stands in $path', ({ path, text }) => {
    const file = `\n${readFileSync(join(root, path), 'utf8')}`;
    let from = 0;
    for (const piece of text.split('\n-- ...\n')) {
      const at = file.indexOf(`\n${piece}\n`, from);
      expect(at, piece).toBeGreaterThanOrEqual(0);
      from = at + piece.length;
    }
  });

  it('has every recipe of smtpe init and every example', async () => {
    const begun = [...page.matchAll(/`smtpe init my-([\w-]+) ([\w-]+)`/g)].map(([, mine, name]) => {
      expect(mine).toBe(name);
      return name;
    });
    expect([...begun].sort()).toEqual((await recipes()).map(({ name }) => name));
    const examples = readdirSync(join(root, 'etc/examples')).filter((name) => /(?<!_test)\.lua$/.test(name));
    // The first policy is the README's.
    for (const name of examples.filter((one) => one !== 'first.lua'))
      expect(page).toContain(`](../etc/examples/${name})`);
  });

  it('names the recipes that come with the relay guard', async () => {
    const said = /\*\*None of them takes mail for anybody\.\*\*[^(]*\(([^)]*)\)/.exec(page)?.[1] ?? '';
    const guarded = (await recipes()).filter(({ files }) => files.includes('relay-guard.lua'));
    expect(said.split(', ')).toEqual(guarded.map(({ name }) => name));
  });

  it('has each recipe in the table at its head', () => {
    const headings = [...page.matchAll(/^### (.*)$/gm)].map(([, heading]) => heading);
    const rows = [...page.matchAll(/^\| .* \| \[(.*)\]\(#.*\) \|$/gm)].map(([, heading]) => heading);
    expect(rows).toEqual(headings);
  });
});
