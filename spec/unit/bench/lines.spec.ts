// What a test may put into a line of SMTP, what it asks of the root of the name space, and what its policy sees of the processor.
import { expect, it } from 'vitest';
import { benchRun } from '../../fakes/bench-run.ts';

const head = "local t = require 'smtpe.test'\n";

/** `?` stands for the octet. */
const calls: readonly (readonly [call: string, says: string])[] = [
  ["s:from('192.0.2.7', 'a?b')", 's:from, host'],
  ["s:helo('a?b')", 's:helo'],
  ["s:mail('a?b@c.example')", 's:mail'],
  ["s:mail('a@c.example', 'SIZE=1?0')", 's:mail, parameters'],
  ["s:mail('a@c.example', { BODY = '8BIT?MIME' })", 's:mail, parameters'],
  ["s:mail('a@c.example', { ['BO?DY'] = true })", 's:mail, parameters'],
  ["s:rcpt('a?b@c.example')", 's:rcpt'],
  ["s:auth('a?b', 'secret')", 's:auth, user'],
  ["s:auth('bob', 'sec?ret')", 's:auth, password'],
  ["s:header('Sub?ject')", 's:header'],
  ["s:header_absent('Sub?ject')", 's:header_absent'],
  ["s:send { from = 'a?b@c.example', to = 'x@example.com' }", 's:send, from'],
  ["s:send { to = { 'x@example.com', 'a?b@example.com' } }", 's:send, to'],
];
const octets = ['\\r', '\\n', '\\0', '\\r\\nQUIT'];

it('CR, LF and NUL stand in no argument that is part of a line: an error of the case, at its line, and nothing is said', async () => {
  const cases = calls.flatMap(([call, says], i) =>
    octets.map((octet, j) => ({ name: `n${i}-${j}`, text: call.replace('?', () => octet), says })),
  );
  const lines = cases.map(({ name, text }) => `t.case('${name}', function(s) ${text} end)`);
  const run = await benchRun({
    'x.lua': "function hook.helo() error('it was said') end hook.ehlo = hook.helo",
    'x_test.lua': `${head}${lines.join('\n')}`,
  });
  expect(
    cases.map(({ name }) => [name, run.case(name).failure?.text, run.case(name).failure?.place?.line]),
  ).toEqual(
    cases.map(({ name, says }, i) => [
      name,
      expect.stringMatching(new RegExp(`^${says}: expected a text without CR, LF and NUL`)),
      i + 2,
    ]),
  );
  expect(run.text).not.toContain('secret');
  expect(run.text).not.toContain('sec\\');
});

it("a NUL is said by s:command, and the server's reply to it is seen", async () => {
  const run = await benchRun({
    'x.lua': '',
    'x_test.lua': `${head}t.case('nul', function(s) s:command('NOOP \\0'):expect(500, 'NUL') end)`,
  });
  expect(run.case('nul').failure).toBeUndefined();
});

it('the root of the name space needs a fake like every name', async () => {
  const run = await benchRun({
    'x.lua':
      "function hook.mail() dns.open() dns.query('IN', 'NS', '.') local all = dns.wait(true) return '250 ' .. #(all[1].answer or {}) end",
    'x_test.lua': `${head}
t.case('nothing', function(s) s:mail('a@b.example') end)
t.case('records', function(s) t.dns { ['. NS'] = { 'a.example.', 'b.example.' } } s:mail('a@b.example'):expect(250, '2') end)
t.case('none', function(s) t.dns { ['. NS'] = t.nxdomain } s:mail('a@b.example'):expect(250, '0') end)`,
  });
  expect(run.case('nothing').failure?.text).toMatch(/no fake answers dns NS \./);
  expect(run.text).toContain("t.dns { ['. NS'] = t.nxdomain }");
  expect([run.case('records').failure, run.case('none').failure]).toEqual([undefined, undefined]);
});

it('os.clock is of the clock of the case: 0 at its beginning, and moved by it alone', async () => {
  const policy = `function hook.noop() local n = 0 for i = 1, 100000 do n = n + i end return '250 ' .. os.clock() end`;
  const test =
    "s:command('NOOP'):expect(250, '250 0') t.clock:forward('90s') s:command('NOOP'):expect(250, '250 90')";
  const run = await benchRun({
    'x.lua': policy,
    'x_test.lua': `${head}t.case('a', function(s) ${test} end) t.case('b', function(s) ${test} end)`,
  });
  expect([run.case('a').failure, run.case('b').failure]).toEqual([undefined, undefined]);
});
