// No recipe is an open relay: as `smtpe init` makes it, a stranger's mail for others is refused at RCPT, in every way to write it, and mail for its own
// people is taken. A new recipe says here who these are.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { asMade, recipes } from '../../../src/cli/init.ts';
import { benchRun } from '../../fakes/bench-run.ts';

const all = await recipes();

/** Whose mail a recipe is not for at all: it says so at MAIL, to everybody who has not logged in. */
const forUsersOnly = ['submission'];

const foreign = [
  'x@elsewhere.example',
  'x@EXAMPLE.COM.elsewhere.example',
  'x@sub.example.com',
  'x%elsewhere.example@example.com',
  'elsewhere.example!x@example.com',
  '"x@elsewhere.example"@example.com',
  '@example.com:x@elsewhere.example',
];

/** What the stranger hears to each RCPT, and whether one for our own people is taken: at once, or when he comes again. */
const dialogue = (own: string): string => `local t = require 'smtpe.test'
t.dns { default = t.nxdomain }
t.next_hop('127.0.0.1:2526', {})
t.next_hop('10.0.0.5:25', {})
t.next_hop('lmtp:/run/dovecot/lmtp-smtpe', {})
local function stranger(s) return s:from('192.0.2.77', 'mx.b.example') end
${foreign
  .map(
    (to) => `t.case([[to ${to}]], function(s)
  stranger(s):mail 'a@b.example':rcpt [[${to}]]
  t.clock:forward '16s'
  s:expect(550)
  stranger(t.session()):mail '':rcpt [[${to}]]
  t.clock:forward '16s'
  s:expect(550)
end)`,
  )
  .join('\n')}
t.case('own', function(s)
  stranger(s):mail 'a@b.example':rcpt '${own}'
  t.clock:forward '10m'
  stranger(t.session()):mail 'a@b.example':rcpt '${own}':expect(250)
end)
t.case('stranger sends', function(s)
  stranger(s):mail 'a@b.example':expect(530)
end)`;

describe.each(all)('the recipe $name', ({ name, sources }) => {
  it(
    forUsersOnly.includes(name) ? 'takes nothing from strangers' : 'takes mail for its own and nobody else',
    async () => {
      const texts = [...sources].filter(([file]) =>
        /^(?:[\w-]+(?<!_test)\.lua|smtpe\.cf|maps\/.*)$/.test(file),
      );
      const { case: of, files } = await benchRun({
        ...Object.fromEntries(
          texts.map(([file, source]) => [file, asMade(file, readFileSync(source, 'latin1'))]),
        ),
        'policy_test.lua': dialogue(name === 'tarpit' ? 'ann@example.com' : 'x@example.com'),
      });
      expect(files.map(({ problem }) => problem)).toEqual([undefined]);
      if (forUsersOnly.includes(name)) return expect(of('stranger sends').failure).toBeUndefined();
      for (const to of foreign) expect([to, of(`to ${to}`).failure]).toEqual([to, undefined]);
      expect(of('own').failure).toBeUndefined();
    },
  );
});
