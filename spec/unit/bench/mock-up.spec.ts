// What `smtpe test` says of a policy with a mistake, in content: a case that is well, one whose clock is moved, one that fails, with what went before it.
import { expect, it } from 'vitest';
import { benchRun } from '../../fakes/bench-run.ts';

const policy = `
local greylist = require 'smtpe.greylist'
function hook.accept(ip)
  dns.open()
  for _, list in ipairs{ 'bl1.example', 'bl2.example' } do
    dns.query(dns.class.IN, dns.type.A, net.reverse_ip(ip, false) .. '.' .. list)
  end
  for _, query in ipairs(dns.wait(true)) do
    if query.answer then return true, '554 5.7.1 ' .. ip .. ' is listed' end
  end
end
function hook.rcpt(recipient)
  if client.sender == '' then return end
  local result = greylist.check{ ip = client.address, sender = client.sender, recipient = recipient, delay = 300 }
  if result ~= greylist.result.pass then return '451 4.7.1 greylisted' end
end
function hook.dot(path)
  service.clamd(path, '127.0.0.1:3310')
  local result = service.wait(true)
  if result.clamd.infected then
    return '550 5.7.1 ' .. result.clamd.signature
  end
end
`;

const test = `
local t = require 'smtpe.test'
t.dns { ['7.2.0.192.bl1.example A'] = '127.0.0.2', ['slow.example MX'] = t.timeout, default = t.nxdomain }
t.clamd { ['mail/eicar.eml'] = 'Eicar-Signature' }
t.next_hop('127.0.0.1:2526', { rcpt = { ['bad@example.com'] = '550 5.1.1 no' } })

t.case('listed twice: refused at the door', function(s)
  s:from('192.0.2.7', 'mx.b.example'):expect(554, 'is listed'):closed()
end)
t.case('greylisted, then taken after five minutes', function(s)
  s:mail('a@b.example'):rcpt('x@example.com'):expect(451, '4.7.1')
  t.clock:forward('5m')
  t.session():mail('a@b.example'):rcpt('x@example.com'):expect(250)
end)
t.case('virus', function(s)
  s:send{ from = '', to = 'x@example.com', file = 'mail/eicar.eml' }:expect(550, 'Eicar')
  t.forwarded(0)
end)
`;

it('shows what is well, the clock, and why a case has failed: hook, line, what was waited for', async () => {
  const { files, text } = await benchRun(
    { 'policy.lua': policy, 'policy_test.lua': test, 'mail/eicar.eml': 'Subject: x\n\nEICAR\n' },
    ['smtp-smart-host=127.0.0.1:2526'],
  );
  expect(text).toContain('policy_test.lua\n  ok    listed twice: refused at the door');
  expect(text).toMatch(/ {2}ok {4}greylisted, then taken after five minutes +\(clock: 5 min\)/);
  expect(text).toMatch(
    / {2}FAIL {2}virus\n {8}line 16: after the dot expected 550 … 'Eicar', got 250 2\.0\.0/,
  );
  expect(text).toMatch(/ hook\.dot\(.*\) +policy\.lua:17\n/);
  expect(text).toMatch(/ waits: service\.clamd .* +policy\.lua:18\n/);
  expect(text).toMatch(/ clamd 127\.0\.0\.1:3310 {2}FOUND Eicar-Signature +policy\.lua:1\d\n/);
  expect(text).toMatch(/ -> nothing +policy\.lua:23\n/);
  expect(text).toMatch(
    /hooks called: accept 4\/4 {2}rcpt 3\/3 {2}dot 1\/1 {3}lines \d+ of \d+ \(\d+ %\): never run 21/,
  );
  expect(files[0]?.notes).toEqual([]);
});
