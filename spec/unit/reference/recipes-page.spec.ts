// doc/recipes.md: the policies that it shows are those of the files, every file is on it, and what it says to type can be typed.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { recipes } from '../../../src/cli/init.ts';
import { benchRun } from '../../fakes/bench-run.ts';

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

  it('says which recipes take mail for anybody', async () => {
    const open: string[] = [];
    for (const { files, name } of await recipes()) {
      const read = (file: string): string => readFileSync(join(root, 'etc/recipes', name, file), 'utf8');
      const texts = files.filter((file) => file === 'policy.lua' || file.startsWith('maps/'));
      const run = await benchRun({
        ...Object.fromEntries(texts.map((file) => [file, read(file)])),
        'policy_test.lua': `local t = require 'smtpe.test' t.dns { default = t.nxdomain }
t.case('stranger', function(s)
  s:from('192.0.2.7', 'mx.b.example'):mail('a@b.example'):rcpt('x@elsewhere.example')
  t.clock:forward('10m')
  t.session():from('192.0.2.7', 'mx.b.example'):mail('a@b.example'):rcpt('x@elsewhere.example'):expect(250)
end)`,
      });
      if (run.case('stranger').failure === undefined) open.push(name);
    }
    const said = /\*\*These take mail for anybody\*\*([^.]*)\./.exec(page)?.[1] ?? '';
    expect([...said.matchAll(/`([\w-]+)`/g)].map(([, name]) => name)).toEqual(open);
  });

  it('has each recipe in the table at its head', () => {
    const headings = [...page.matchAll(/^### (.*)$/gm)].map(([, heading]) => heading);
    const rows = [...page.matchAll(/^\| .* \| \[(.*)\]\(#.*\) \|$/gm)].map(([, heading]) => heading);
    expect(rows).toEqual(headings);
  });
});
