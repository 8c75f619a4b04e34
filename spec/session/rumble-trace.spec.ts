// Hooks of scripts for Rumble as whoever follows a session sees them, and whoever looks what sessions wait for: with the script's name, in their
// order, and with no password in any form.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import type { TraceEntry } from '../../src/observe/trace/entry.ts';
import { ladder } from '../../src/observe/trace/ladder.ts';
import { recordSessions } from '../../src/observe/trace/subscribe.ts';
import type { SmtpClient } from '../fakes/smtp-client.ts';
import { waitUntil } from '../fakes/wait-until.ts';
import { WholeServer } from '../fakes/whole-server.ts';

const PASSWORD = 'sesame-open-99';
const base64 = (text: string): string => Buffer.from(text, 'latin1').toString('base64');

const FIRST = `
  Rumble.setHook(function(s) end, 'smtp', 'accept')
  Rumble.setHook(function(s, line)
    if line == 'NOOP wait' then s:send('334 say\\r\\n') s:receive() s:send('250 heard\\r\\n') return 'ignore' end
    if line == 'NOOP lock' then s:lock() end
    if line == 'NOOP no' then return 550 end
    if line == 'NOOP broken' then error('broken here') end
    if line == 'NOOP end' then return false end
  end, 'smtp', 'command', 'noop')
  Rumble.setHook(function(s, line)
    if line:match('^AUTH LOGIN') then
      s:send('334 VXNlcm5hbWU6\\r\\n') local user = s:receive()
      s:send('334 UGFzc3dvcmQ6\\r\\n') local password = s:receive()
      s:send('535 5.7.8 not ', user, ' ', password, '\\r\\n')
      return 'ignore'
    end
    if line:match('^AUTH PLAIN') then error('what is ' .. line) end
  end, 'smtp', 'command', 'auth')
`;
const SECOND = `
  Rumble.setHook(function(s, line) end, 'smtp', 'command', 'noop')
  Rumble.setHook(function(s) end, 'smtp', 'close')
`;

let server: WholeServer;
beforeAll(async () => {
  server = await WholeServer.start({
    policy: "function hook.noop() return '250 2.0.0 policy' end",
    files: { 'first.lua': FIRST, 'second.lua': SECOND },
    loadScripts: ['first.lua', 'second.lua'],
    options: { 'smtp-auth-delay': '0', 'smtp-tls-auth-only': '-' },
  });
});
afterAll(() => server.stop());

/** What is seen of a session that does this. */
async function traced(work: (client: SmtpClient) => Promise<void>): Promise<readonly TraceEntry[]> {
  const entries: TraceEntry[] = [];
  const stop = recordSessions(server.log.bus, systemClock, (entry) => entries.push(entry));
  const client = await server.greeted();
  await work(client);
  client.destroy();
  await server.quiet();
  stop();
  return entries;
}

/** Hooks and their ends, and what they waited for. */
const steps = (entries: readonly TraceEntry[]): readonly string[] =>
  entries.flatMap((entry) => {
    switch (entry.kind) {
      case 'hook':
        return [
          `${entry.script ?? 'policy'}: ${entry.hook}(${entry.args}) ${entry.place.replace(/^.*\//, '')}`,
        ];
      case 'hook-end':
        return [`${entry.script ?? 'policy'}: ${entry.hook} -> ${entry.result.replace(/\S*\//g, '')}`];
      case 'wait':
        return entry.inHook ? [`waits for ${entry.for}: ${entry.what}`] : [];
      case 'wait-end':
        return entry.inHook ? [`-> ${entry.outcome}`] : [];
      default:
        return [];
    }
  });

it('are told before those of the policy, with script, place, line and verdict', async () => {
  const entries = await traced(async (client) => {
    for (const line of ['NOOP', 'NOOP no', 'NOOP lock', 'NOOP wait']) {
      expect(await client.command(line)).toMatch(/^(?:250|550|334) /);
    }
    expect(await client.command('a line')).toBe('250 heard\r\n');
    expect(await client.command('NOOP end')).toMatch(/^421 /);
  });
  const first = (line: string): string => `first.lua: command noop("${line}") first.lua:3`;
  const second = (line: string): readonly string[] => [
    `second.lua: command noop("${line}") second.lua:2`,
    'second.lua: command noop -> nothing against it',
  ];
  const policy = ['policy: noop() policy.lua:1', 'policy: noop -> 250 2.0.0 policy'];
  const okay = 'first.lua: command noop -> nothing against it';
  expect(steps(entries)).toEqual([
    ...['first.lua: accept() first.lua:2', 'first.lua: accept -> nothing against it'],
    ...[first('NOOP'), okay, ...second('NOOP'), ...policy],
    ...[first('NOOP no'), 'first.lua: command noop -> 550', ...second('NOOP no'), ...policy],
    ...[first('NOOP lock'), okay, ...second('NOOP lock'), ...policy],
    ...[first('NOOP wait'), 'waits for client: session:send to 127.0.0.1', '-> '],
    ...['waits for client: session:receive from 127.0.0.1', '-> a string, 6, nil'],
    ...[
      'waits for client: session:send to 127.0.0.1',
      '-> ',
      'first.lua: command noop -> has answered itself',
    ],
    ...[first('NOOP end'), 'first.lua: command noop -> ends the session'],
    ...['second.lua: close() second.lua:3', 'second.lua: close -> nothing against it'],
  ]);
  const text = ladder(entries);
  expect(text).toMatch(/^ +\d+\.\d +first\.lua: command noop\("NOOP no"\) +first\.lua:3$/m);
  expect(text).toMatch(/-> 550/);
});

it('that fails says where and why, and the hook is over', async () => {
  const entries = await traced(async (client) => {
    expect(await client.command('NOOP broken')).toMatch(/^421 /);
  });
  expect(steps(entries).slice(2, 4)).toEqual([
    'first.lua: command noop("NOOP broken") first.lua:3',
    'first.lua: command noop -> first.lua:7: broken here',
  ]);
});

it.each([
  ['in the first line', [`AUTH PLAIN ${base64(`\0bob\0${PASSWORD}`)}`]],
  ['in a dialogue of its own', ['AUTH LOGIN', base64('bob'), base64(PASSWORD)]],
])('of AUTH show nothing of a password: %s', async (_, lines) => {
  server.log.lines.length = 0;
  const entries = await traced(async (client) => {
    for (const line of lines) await client.command(line);
  });
  expect(steps(entries)).toContain('first.lua: command auth(***) first.lua:10');
  const all = JSON.stringify(entries) + ladder(entries) + JSON.stringify(server.log.lines);
  if (lines.length === 1)
    expect(
      server.said(/first\.lua: command auth: .*first\.lua:17: an error, which is not shown/),
    ).toHaveLength(1);
  for (const secret of [PASSWORD, base64(PASSWORD), base64(`\0bob\0${PASSWORD}`)])
    expect(all).not.toContain(secret);
});

it('stand in what a session waits for, without a password', async () => {
  const client = await server.greeted();
  const row = () => [...server.server.all].map((session) => session.row).find((one) => one.state === 'hook');
  const waits = (hook: string, what: string): Promise<void> =>
    waitUntil(() =>
      expect(row()).toMatchObject({
        ...{ hook, hook_seconds: expect.any(Number) },
        waits: [{ for: 'client', what, seconds: expect.any(Number) }],
      }),
    );
  await client.command('NOOP wait');
  await waits('first.lua: command noop', 'session:receive from 127.0.0.1');
  expect([...server.server.all].map(({ suspended }) => suspended)).toEqual([true]);
  expect(await client.command('x')).toBe('250 heard\r\n');
  await waitUntil(() => expect(row()).toBeUndefined());
  await client.command('AUTH LOGIN');
  await waits('first.lua: command auth', 'rumble session:receive');
  client.destroy();
  await server.quiet();
});
