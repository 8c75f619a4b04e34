// Users and mailboxes in tests of policies: who may log in and who is there (options auth-script, smtp-auth-dovecot, rcpt-userdb) and module
// `storage`, with what the test says of them; of whom it says nothing fails the case with the line to paste.
import { describe, expect, it } from 'vitest';
import { benchRun } from '../../fakes/bench-run.ts';

const head = "local t = require 'smtpe.test'\n";

describe('t.users', () => {
  const policy = `
    function hook.mail() if client.auth_fields and client.auth_fields.quota == '0' then return '552 5.2.2 full' end end`;
  const options = ['auth-script=/etc/dovecot/auth.lua', 'rcpt-userdb=+', 'rcpt-userdb-domains=example.com'];

  it('lets in who has the password, with his fields, and knows recipients', async () => {
    const run = await benchRun(
      {
        'policy.lua': policy,
        'policy_test.lua': `${head}
t.users {
  ['joe@example.com'] = 'secret', ['full@example.com'] = { password = 'p', fields = { quota = 0 } },
  ['out@example.com'] = { password = 'p', disabled = true }, ['list@example.com'] = true, ['late@example.com'] = t.timeout, default = false,
}
local function login(s, name, password) return s:tls{}:auth(name, password) end
t.case('in', function(s) login(s, 'joe@example.com', 'secret'):expect(235) end)
t.case('wrong', function(s) login(s, 'joe@example.com', 'Secret'):expect(535) end)
t.case('none', function(s) login(s, 'eve@example.com', 'x'):expect(535) end)
t.case('no password', function(s) login(s, 'list@example.com', 'x'):expect(535) end)
t.case('disabled', function(s) login(s, 'out@example.com', 'p'):expect(535) end)
t.case('later', function(s) login(s, 'late@example.com', 'p'):expect(454) end)
t.case('fields', function(s) login(s, 'full@example.com', 'p'):mail('full@example.com'):expect(552) end)
t.case('recipients', function(s)
  s:mail('a@b.example'):rcpt('JOE@example.com'):expect(250)
  s:rcpt('nobody@example.com'):expect(550, '5.1.1')
  s:rcpt('late@example.com'):expect(451)
  s:rcpt('x@elsewhere.example'):expect(250)
end)`,
      },
      options,
    );
    expect(run.text).not.toMatch(/FAIL|note/);
    expect(run.files[0]?.cases).toHaveLength(8);
  });

  it('is strict: who is asked for and not there fails the case', async () => {
    const run = await benchRun(
      {
        'policy.lua': policy,
        'policy_test.lua': `${head}
t.case('log-in', function(s) s:tls{}:auth('joe', 'secret'):expect(235) end)
t.case('recipient', function(s) s:mail('a@b.example'):rcpt('joe@example.com'):expect(250) end)
t.case('case', function(s) t.users { ['other'] = 'x' } s:tls{}:auth('joe', 'secret'):expect(235) end)`,
      },
      options,
    );
    const pastes = run.files[0]?.cases.map(({ failure }) => failure?.missing.map(({ paste }) => paste));
    expect(pastes).toEqual([
      ["t.users { ['joe'] = 'secret' }"],
      ["t.users { ['joe@example.com'] = true }"],
      ["t.users { ['joe'] = 'secret' }"],
    ]);
  });

  it('without these options hook.auth decides, as before', async () => {
    const run = await benchRun({
      'policy.lua':
        "function hook.auth() return client.auth_password == 'x' and '235 2.7.0 well' or '535 5.7.8 no' end",
      'policy_test.lua': `${head}t.case('in', function(s) s:tls{}:auth('joe', 'x'):expect(235, 'well') end)`,
    });
    expect(run.text).not.toContain('FAIL');
  });
});

describe('t.storage', () => {
  const policy = `
    function hook.dot(path)
      for _, recipient in ipairs(client.recipients) do
        local user = storage.user(recipient)
        local uid, cause, text = user:mailbox('Junk'):deliver(path, { '\\\\Seen' }, { 'spam' })
        if cause == storage.cause.missing and user:list() then user:create('Junk') uid, cause, text = user:mailbox('Junk'):deliver(path) end
        if not uid then return '451 4.2.0 ' .. cause .. ': ' .. text end
      end
    end
    function hook.forward() return '250 2.0.0 stored' end`;
  const send = (to: string): string => `s:send{ to = '${to}', text = 'Subject: hi\\n\\nHello.' }`;

  it('has mailboxes that things are done to for real, new in each case', async () => {
    const run = await benchRun(
      {
        'policy.lua': policy,
        'policy_test.lua': `${head}
t.storage { ['bob@example.com'] = { mailboxes = { 'Junk' } }, ['eve@example.com'] = { refuse = 'over quota' }, ['new@example.com'] = {}, default = false }
t.case('there', function(s)
  ${send('bob@example.com')}:expect(250, 'stored')
  local mails = t.stored('bob@example.com', 'Junk')
  assert(#mails == 1 and mails[1].uid == 1 and mails[1].flags[1] == '\\\\Seen' and mails[1].keywords[1] == 'spam')
  assert(mails[1].data:find('\\r\\n\\r\\nHello%.\\r\\n$'))
  assert(#t.stored('bob@example.com') == 0)
end)
t.case('again', function(s)
  assert(#t.stored('bob@example.com', 'Junk') == 0)
  ${send('bob@example.com')}
  ${send('bob@example.com')}
  assert(t.stored('bob@example.com', 'Junk')[2].uid == 2)
end)
t.case('created', function(s) ${send('new@example.com')}:expect(250) assert(#t.stored('new@example.com', 'Junk') == 1) end)
t.case('refused', function(s) ${send('eve@example.com')}:expect(451, 'refused: ') end)
t.case('nobody', function(s) ${send('joe@example.com')}:expect(451, 'missing') end)
t.case('no such mailbox', function(s) t.stored('bob@example.com', 'Work') end)`,
      },
      ['smtp-smart-host=maildir:/var/mail/%d/%n'],
    );
    expect(run.case('no such mailbox').failure?.text).toMatch(
      /t\.stored 'bob@example\.com': Mailbox doesn't exist: Work/,
    );
    expect(run.text.match(/FAIL.*/g)).toEqual([expect.stringContaining('no such mailbox')]);
    expect(run.text.match(/ {2}ok /g)).toHaveLength(5);
  });

  it('is strict, and says what is wrong with what it is given', async () => {
    const mistakes = [
      [send('bob@example.com'), /no fake answers the mail of bob@example\.com/],
      ["t.storage { ['x'] = 'y' }", /t\.storage 'x': expected \{ mailboxes = .*got 'y'/],
      ["t.storage { ['x'] = { mailbox = {} } }", /has no field 'mailbox'; did you mean mailboxes\?/],
      ["t.storage { ['x'] = { mailboxes = { '.a' } } }", /'\.a' is no name of one/],
      ["t.users { ['x'] = { passwort = 'y' } }", /has no field 'passwort'; did you mean password\?/],
      ["t.users { ['x'] = { fields = { 'a', b = {} } } }", /expected texts by name/],
      ["t.users { [''] = 'x' }", /expected names, as/],
    ] as const;
    const cases = mistakes.map(([body], i) => `t.case('${i}', function(s) ${body} end)`);
    const run = await benchRun({ 'policy.lua': policy, 'policy_test.lua': head + cases.join('\n') }, [
      'smtp-smart-host=maildir:/var/mail/%d/%n',
    ]);
    const texts = mistakes.map((_, i) => run.case(String(i)).failure?.text ?? 'no failure');
    expect(texts).toEqual(mistakes.map(([, says]) => expect.stringMatching(says)));
    expect(run.case('0').failure?.missing).toEqual([
      { what: 'the mail of bob@example.com', paste: "t.storage { ['bob@example.com'] = {} }" },
    ]);
  });
});
