// No password in any line of the log, any event, any trace, any row of a session, whatever a policy makes of it: errors, replies, lines of its own,
// what it waits for, in hook.auth and in every later hook. Each case for passwords of all lengths.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { eventTable } from '../../src/base/event-table/event-table.ts';
import type { EventName } from '../../src/base/events.ts';
import { recordSessions } from '../../src/observe/trace/subscribe.ts';
import { WholeServer } from '../fakes/whole-server.ts';

/** What the policy does, by the name of the user; `pw` is the password. */
const cases = {
  error: 'error("no: " .. pw)',
  'error-later': 'kept = pw',
  'error-object': 'error({ pw })',
  'error-of-error': 'error(setmetatable({}, { __tostring = function() return pw end }))',
  assert: 'assert(false, "cannot log in " .. client.auth_claim .. " with " .. pw)',
  'assert-line': 'assert(false, line)',
  base64: 'error("sent " .. util.base64_encode(pw))',
  quoted: 'error(string.format("%q", pw))',
  upper: 'error(pw:upper())',
  'bad-argument': 'dns.query(dns.class.IN, pw, pw)',
  'bad-url':
    'local ok = service.http.request(pw .. "://x") error(tostring(service.wait(1).http.error) .. " " .. pw)',
  'swapped-result': 'return pw, true',
  'result-table': 'return { pw }',
  'no-code': 'return "no " .. pw',
  'long-reply': 'return "550 " .. pw .. (" x"):rep(4500)',
  reply: 'return "535 5.7.8 not " .. pw',
  accepted: 'return "235 2.7.0 hello " .. pw',
  drop: 'return true, "421 4.7.0 " .. pw',
  syslog: 'syslog.err("log in with " .. pw) syslog.info(pw)',
  written: 'client.write("250-" .. pw)',
  command: 'os.execute("true # " .. pw) error("that was " .. pw)',
  'store-key': 'store.set("login " .. pw, pw, 10) error(store.get("login " .. pw))',
  pcall: 'local ok, why = pcall(error, pw) error(why)',
  traceback: 'error(debug and debug.traceback and debug.traceback(pw) or pw)',
  coroutine:
    'local c = coroutine.create(function() error(pw) end) local _, why = coroutine.resume(c) error(why)',
  chunk: 'error(select(2, (loadstring or load)("x = = \\"" .. pw .. "\\"")))',
} as const;

const policy = `
local todo = {
${Object.entries(cases)
  .map(([name, lua]) => `  ['${name}'] = function(pw, line) ${lua} end,`)
  .join('\n')}
}
function hook.auth(line)
  return todo[client.auth_claim](client.auth_password, line)
end
function hook.noop() error('it was ' .. tostring(kept)) end
function hook.reset() if kept then syslog.err('it was ' .. kept) end end
`;

let server: WholeServer;
const told: string[] = [];
const ends: (() => void)[] = [];

beforeAll(async () => {
  server = await WholeServer.start({
    policy,
    verbose: true,
    options: { 'limit-auth': '0', verbose: '+trace +debug +smtp +auth' },
  });
  const { bus } = server.log;
  for (const name of Object.keys(eventTable) as EventName[])
    ends.push(bus.on(name, (fields) => void told.push(`${name} ${JSON.stringify(fields)}`)));
  ends.push(recordSessions(bus, systemClock, (entry) => void told.push(`trace ${JSON.stringify(entry)}`)));
});
afterAll(async () => {
  for (const end of ends) end();
  await server.stop();
});

const base64 = (text: string): string => Buffer.from(text, 'latin1').toString('base64');

/** Each is a text that stands nowhere else. */
const passwords = [
  'Zq',
  'Zq%',
  'Zq~7',
  'Zq~7"x',
  'Zq~7 wx\\y',
  'Zq~7&long/and?strange=one',
  'Z\xe9q\xff~~\xfe7',
];

describe.each(Object.keys(cases))('%s', (name) => {
  it.each(passwords)('password %j', async (password) => {
    told.length = 0;
    const before = server.log.lines.length;
    const client = server.inMemory('192.0.2.7');
    await client.reply();
    await client.command('EHLO c.example');
    client.send(`AUTH PLAIN ${base64(`\0${name}\0${password}`)}\r\n`);
    await client.reply();
    const rows = [...server.server.all].map(({ row }) => JSON.stringify(row));
    // The connection may be over by then.
    client.send('NOOP\r\nRSET\r\nQUIT\r\n');
    await client.rest();
    client.stream.end();
    await client.over;
    const lines = server.log.lines.slice(before).map((line) => JSON.stringify(line));
    const all = [...told, ...lines, ...rows].map((text) =>
      text.replaceAll('\\\\', '\\').replaceAll('\\"', '"'),
    );
    expect(all.length).toBeGreaterThan(5);
    const forms = [
      ...[password, password.toUpperCase(), base64(password).replace(/=+$/, '')],
      ...[base64(`\0${name}\0${password}`).replace(/=+$/, ''), encodeURIComponent(password)],
    ];
    for (const form of forms) expect(all.filter((text) => text.includes(form))).toEqual([]);
    // The log still says that it failed, and where.
    if (name === 'error')
      expect(lines.join('\n')).toMatch(/hook\.auth: (?:\S*policy\.lua:\d+: no: \*\*\*|\*\*\*)/);
  });
});

it('the user, the client and addresses stay what they are', async () => {
  told.length = 0;
  const client = server.inMemory('192.0.2.7');
  await client.reply();
  await client.command('EHLO c.example');
  client.send(`AUTH PLAIN ${base64('\0accepted\0e')}\r\n`);
  await client.reply();
  for (const line of ['MAIL FROM:<ann@b.example>', 'RCPT TO:<bob@d.example>', 'RSET'])
    await client.command(line);
  await client.quit();
  const mail = told.find((text) => text.startsWith('mail ')) ?? '';
  expect(JSON.parse(mail.slice(5))).toMatchObject({
    ...{ from: 'ann@b.example', client: '192.0.2.7', user: 'accepted' },
    to: [{ to: 'bob@d.example' }],
  });
});

it('short passwords hide what they stand in as a word, and leave the words that have their letters', async () => {
  for (const [password, shown] of [
    ['e', 'hook.auth: ***'],
    ['no', 'hook.auth: ***'],
    ['o', /hook\.auth: \S+policy\.lua:2: no: x$/],
    ['p', /hook\.auth: \S+policy\.lua:2: no: x$/],
  ] as const) {
    const other = await WholeServer.start({
      policy: "function hook.auth()\n  error(client.auth_password == 'e' and 'no: e' or 'no: x')\nend",
    });
    const client = other.inMemory('192.0.2.7');
    await client.reply();
    await client.command('EHLO c.example');
    client.send(`AUTH PLAIN ${base64(`\0u\0${password}`)}\r\n`);
    await client.reply();
    await client.rest();
    client.stream.end();
    await client.over;
    const line = other.log.lines.find(({ level }) => level === 'err')?.message;
    if (typeof shown === 'string') expect([password, line]).toEqual([password, shown]);
    else expect(line).toMatch(shown);
    await other.stop();
  }
});
