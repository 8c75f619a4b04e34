// doc/helpers.md: each block of Lua runs through, and the modules have the functions that it names.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { HelperRig } from '../../fakes/helper-rig.ts';

const root = join(import.meta.dirname, '../../..');
const page = readFileSync(join(root, 'doc/helpers.md'), 'utf8');
const blocks = [...page.matchAll(/```lua\n(.*?)```/gs)].map(([, text = '']) => text);

let rig: HelperRig;
beforeAll(async () => {
  rig = await HelperRig.start();
});
afterAll(() => rig.close());

it.each(blocks.map((text, i) => [`${i + 1}: ${text.split('\n')[0]}`, text]))('block %s', async (_, text) => {
  await rig.run(text);
});

it('has every helper and all its functions', async () => {
  const names = readdirSync(join(root, 'lib-lua/smtpe')).map((name) => name.replace('.lua', ''));
  for (const name of names.filter((each) => !['fields', 'hold', 'test'].includes(each))) {
    expect(page).toContain(`## smtpe.${name}\n`);
    if (name === 'once') continue;
    const [list] = await rig.run(
      `local all = {} for name, value in pairs(require 'smtpe.${name}') do if type(value) == 'function' then all[#all + 1] = name end end return table.concat(all, ' ')`,
    );
    for (const each of String(list)
      .split(' ')
      .filter((one) => one !== 'test'))
      expect(page).toContain(`\`${name}.${each}`);
  }
});
