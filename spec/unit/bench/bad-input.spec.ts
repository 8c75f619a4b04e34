// What an author gets wrong: a clear message each, and the other cases go on. And what no case may do: reach a network or a clock of the system.

import { execFileSync } from 'node:child_process';
import dgram from 'node:dgram';
import dns from 'node:dns';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { findTests } from '../../../src/bench/find-tests.ts';
import { benchRun } from '../../fakes/bench-run.ts';

const head = "local t = require 'smtpe.test'\n";

/** Each is a case of its own in one file; what its failure says. */
const mistakes: readonly (readonly [body: string, says: RegExp])[] = [
  ["s:rctp('x@y.example')", /a session has no rctp; did you mean rcpt\?/],
  ['t.dsn { default = t.nxdomain }', /smtpe\.test has no dsn; did you mean t\.dns\?/],
  ["t.dns { ['x.example'] = '192.0.2.1' }", /t\.dns: expected names with a type/],
  ["t.dns { ['x.example AAA'] = '192.0.2.1' }", /there is no type AAA; did you mean A/],
  ["t.dns { ['x.example A'] = 'mx' }", /t\.dns 'x\.example A': expected records as '192\.0\.2\.1'.*got 'mx'/],
  ["t.dns 'x'", /t\.dns takes a table/],
  ["t.next_hop('mx:25', { rcvt = '550 no' })", /has no field 'rcvt'; did you mean rcpt\?/],
  ["t.next_hop('mx:25', { rcpt = 'no' })", /expected a reply as '550 5\.1\.1 no'/],
  ["t.http { ['GET x'] = 200 }", /t\.http: expected 'POST http/],
  ['t.spamd { default = { scroe = 1 } }', /has no field 'scroe'; did you mean score\?/],
  ["t.clock:forward('5 minutes')", /t\.clock:forward: expected a time as '5m'/],
  ["t.clock:back('5m')", /t\.clock has no back; it has forward/],
  ["s:send{ file = 'no.eml', to = 'x@example.com' }", /'no\.eml': there is no such file/],
  ["s:send{ form = 'a@b.example', to = 'x' }", /s:send has no field 'form'; did you mean from\?/],
  ["s:helo('x') s:from('192.0.2.1')", /s:from says who connects: it comes first/],
  ['t.forwarded(1)', /expected message 1 to be forwarded, 0 messages were/],
  ["s:header('Subject')", /no message was forwarded/],
  ["t.log('nothing like that')", /no line of the log fits/],
  ["error('by hand')", /by hand/],
  ['while true do end', /used more than 2000 ms of processor time/],
  [
    "local x = {} for i = 1, 1e9 do x[i] = ('x'):rep(1000) .. i end",
    /not enough memory|holds more than|of processor time/,
  ],
  [
    "s:mail('sleep@b.example'):expect(250)",
    /no reply came: hook\.mail waits for util\.sleep.*which nothing ends; .*t\.clock:forward\('5s'\)/,
  ],
  ["s:mail('dns@b.example')", /no fake answers dns A nowhere\.example/],
  ["s:mail('tcp@b.example')", /no fake answers a connection to 192\.0\.2\.1:25/],
  ["s:mail('run@b.example')", /no fake answers the command true/],
];

const policy = `
function hook.mail(sender)
  if sender:find('^sleep') then util.sleep(5) end
  if sender:find('^dns') then dns.a('nowhere.example') end
  if sender:find('^tcp') then require('socket').tcp():connect('192.0.2.1', 25) end
  if sender:find('^run') then os.execute('true') end
end`;

describe('mistakes of a test', () => {
  it('each has a message with its line, and the others go on', async () => {
    const cases = mistakes.map(([body], i) => `t.case('case ${i}', function(s) ${body} end)`);
    const run = await benchRun({
      'policy.lua': policy,
      'policy_test.lua': `${head}${cases.join('\n')}\nt.case('last', function(s) s:mail('a@b.example'):expect(250) end)`,
    });
    const wrong = mistakes.flatMap(([body, says], i) => {
      const { failure } = run.case(`case ${i}`);
      const isRight = failure !== undefined && says.test(failure.text) && failure.place?.line === i + 2;
      return isRight ? [] : [{ body, place: failure?.place?.line, text: failure?.text }];
    });
    expect(wrong).toEqual([]);
    expect(run.case('last').failure).toBeUndefined();
  }, 60_000);

  it('one that takes all memory has its line, and those behind it are played in a file that is read anew', async () => {
    const run = await benchRun({
      'policy.lua': policy,
      'policy_test.lua': `${head}local kept = {}
t.case('first', function(s) kept[1] = 'x' s:expect(220) end)
t.case('memory', function(s) for i = 1, 1e9 do kept[i] = ('x'):rep(1000000) .. i end end)
t.case('behind', function(s) s:mail('a@b.example'):expect(250) assert(#kept == 0) end)
t.case('fails', function(s) s:expect(999) end)
t.case('once more', function(s) for i = 1, 1e9 do kept[i] = ('x'):rep(1000000) .. i end end)
t.case('last', function(s) s:expect(220) end)`,
    });
    const seen = run.files[0]?.cases.map(({ failure, name }) => [name, failure?.place?.line, failure?.text]);
    const memory = expect.stringMatching(/not enough memory|holds more than/) as unknown;
    expect(seen).toEqual([
      ['first', undefined, undefined],
      ['memory', 4, memory],
      ['behind', undefined, undefined],
      ['fails', 6, expect.stringContaining('expected 999, got 220')],
      ['once more', 7, memory],
      ['last', undefined, undefined],
    ]);
  }, 60_000);

  it('files that cannot be read as tests do not stop the others', async () => {
    const run = await benchRun({
      'a.lua': '',
      'a_test.lua': 't.case(',
      'b.lua': 'function hook.mail( end',
      'b_test.lua': `${head}t.case('x', function(s) end)`,
      'c_test.lua': head,
      'd.lua': '',
      'd_test.lua': head,
      'e.lua': '',
      'e_test.lua': `${head}t.case('well', function(s) s:expect(220) end)\nt.dns { ['never.example A'] = '192.0.2.1' }`,
      'f.lua': '',
      'f_test.lua': `${head}t.case('x', function() end)\nt.case('x', function() end)`,
    });
    const problems = run.files.map(({ problem = '' }) => problem);
    expect(problems[0]).toMatch(/a_test\.lua:1: unexpected symbol/);
    expect(problems[1]).toMatch(/b\.lua:1: /);
    expect(problems[2]).toMatch(/its policy is not there, looked for .*c\.lua.*policy\.lua; name it/);
    expect(problems[3]).toMatch(/it has no case/);
    expect(problems[4]).toBe('');
    expect(run.files[4]?.notes[0]).toMatch(
      /e_test\.lua:3: t\.dns 'never\.example A' was asked for by nobody/,
    );
    expect(problems[5]).toMatch(/f_test\.lua:3: there is a case "x" in line 2/);
    expect(run.case('well').failure).toBeUndefined();
  });

  it.each([
    ['a test', { 'a.lua': '', 'a_test.lua': 't.case(' }, /a_test\.lua:1: unexpected symbol/],
    ['a policy', { 'a.lua': 'if', 'a_test.lua': `${head}t.case('x', function() end)` }, /a\.lua:1: /],
  ])('%s that cannot be read may be all that there is', async (_, files, says) => {
    const run = await benchRun(files);
    expect(run.files.map(({ problem }) => problem)).toEqual([expect.stringMatching(says)]);
  });
});

it('reaches no network and no timer of the system', async () => {
  const reached: string[] = [];
  const never = (what: string) => (): never => {
    reached.push(`${what}\n${new Error().stack}`);
    throw new Error(`${what} in a test`);
  };
  const realInterval = globalThis.setInterval;
  const spies = [
    vi.spyOn(net.Socket.prototype, 'connect').mockImplementation(never('connect')),
    vi.spyOn(net.Server.prototype, 'listen').mockImplementation(never('listen')),
    vi.spyOn(dgram, 'createSocket').mockImplementation(never('udp')),
    vi.spyOn(dns, 'lookup').mockImplementation(never('lookup')),
    vi.spyOn(globalThis, 'setTimeout').mockImplementation(never('setTimeout')),
    vi.spyOn(globalThis, 'setInterval').mockImplementation(((act: () => void, ms: number) => {
      // While WebAssembly is being loaded it looks now and then whether it is.
      if (!(new Error().stack ?? '').includes('/wasmoon/')) reached.push('setInterval');
      return realInterval(act, ms);
    }) as typeof setInterval),
    // The file system inside of WebAssembly dates its own nodes.
    vi.spyOn(Date, 'now').mockImplementation(() => {
      const stack = new Error().stack ?? '';
      if (!stack.includes('/wasmoon/'))
        reached.push(`Date.now
${stack}`);
      return 0;
    }),
  ];
  let run: Awaited<ReturnType<typeof benchRun>>;
  try {
    run = await benchRun({
      'policy.lua': `
        function hook.accept() client.since = os.time() assert(os.time() == 1767441600) assert(math.abs(util.time() - 1767441600) < 1) end
        function hook.mail() assert(store.set('x', '1', 60)) util.sleep(2) end
        function hook.rcpt(recipient) local ok = smtp.sendfile({ 'mx.example:25' }, 'a@b.example', { recipient }, nil) assert(ok) end
        function hook.dot(path) service.clamd(path) service.http.request('http://www.example/') service.wait(true) end`,
      'policy_test.lua': `${head}
        t.next_hop('mx.example:25', {}) t.clamd { default = 'clean' } t.http { ['http://www.example/'] = 200 }
        t.case('all', function(s)
          s:mail('a@b.example')
          t.clock:forward('2s')
          s:rcpt('x@example.com'):expect(250)
          s:data('Subject: x\\n\\nhi'):expect(250)
          assert(t.forwarded() == 1)
        end)`,
    });
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  expect(reached).toEqual([]);
  expect(run.text).not.toContain('FAIL');
});

describe('what is named as a test and is none', () => {
  it('is said, and what nobody has named is passed over', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'smtpe-find-spec-'));
    const at = (name: string): string => join(directory, name);
    try {
      await mkdir(at('d_test.lua'));
      execFileSync('mkfifo', [at('pipe_test.lua')]);
      await Promise.all([writeFile(at('x_test.lua'), ''), writeFile(at('x.lua'), '')]);
      await symlink('x_test.lua', at('link_test.lua'));
      await symlink('nowhere', at('gone_test.lua'));
      await symlink('.', at('loop'));
      const found = await findTests([directory]);
      expect(found).toEqual({ tests: [at('link_test.lua'), at('x_test.lua')], problems: [] });
      const named = await findTests(['pipe_test.lua', 'gone_test.lua', 'd_test.lua', 'x.lua'].map(at));
      expect(named.tests).toEqual([]);
      expect(named.problems).toEqual([
        `${at('pipe_test.lua')}: it is no plain file`,
        `${at('gone_test.lua')}: there is no such file or directory`,
        `${at('d_test.lua')}: there is no test in it; tests are files *_test.lua`,
        `${at('x.lua')} is no test; tests are files *_test.lua, as ${at('x_test.lua')}`,
      ]);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});
