// What a test sees of mail that goes into a Maildir: who sent it and whom it is for, as of mail that a next hop gets.
import { expect, it } from 'vitest';
import { benchRun } from '../../fakes/bench-run.ts';

it('has the envelope of mail in a Maildir, one for all or one for each', async () => {
  const check = (host: string, recipients: string): string =>
    `local m = t.forwarded(1)
     assert(m.sender == 'A@b.example', m.sender) assert(m.host:find('${host}', 1, true), m.host)
     assert(table.concat(m.recipients, ' ') == '${recipients}', table.concat(m.recipients, ' '))
     assert(m.data:find('Delivered-To: other@x.example', 1, true))`;
  const head = `local t = require 'smtpe.test'
local letter = { from = 'A@b.example', to = { 'X@example.com', 'gone@example.com', 'y@example.com' }, text = 'Delivered-To: other@x.example\\n\\nhi' }
`;
  const policy = `function hook.rcpt(r) if r:find '^gone' then client.remove_recipient(r) client.add_recipient 'z@example.com' end end`;
  for (const [option, host, recipients] of [
    ['maildir:mail', 'maildir:mail', 'X@example.com y@example.com z@example.com'],
    ['maildir:/m/%n', 'maildir:/m/x', 'X@example.com'],
  ] as const) {
    const { text } = await benchRun(
      {
        'policy.lua': policy,
        'policy_test.lua': `${head}t.case('one', function(s) s:send(letter):expect(250) ${check(host, recipients)} end)`,
      },
      [`smtp-smart-host=${option}`],
    );
    expect(text).toMatch(/ok {4}one/);
  }
});
