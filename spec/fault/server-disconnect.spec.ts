// Clients that go away at every step, through real sockets and real Lua: by RST also while a hook waits for a name server and while the
// message is on its way to the next hop. The hook is cut off, hook.close learns how it ended, and nothing is left. A FIN alone only says that
// no more commands come: what was sent is served to its end.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeDnsServer } from '../../src/bench/ports/dns-server.ts';
import { NextHop } from '../../src/bench/ports/next-hop.ts';
import type { SmtpClient } from '../fakes/smtp-client.ts';
import { type Holdings, turn, WholeServer } from '../fakes/whole-server.ts';

/** HELO says in which hook the session waits for a name that is never answered. */
const policy = `
local where
for name in ('helo auth mail rcpt data content header eoh body dot forward reset rset noop help xclient unknown out_seq reply'):gmatch('[%a_]+') do
  hook[name] = function(argument)
    if name == 'helo' then where = argument end
    if where ~= name then return end
    where = nil
    local guard <close> = setmetatable({}, { __close = function() syslog.info('closed variable of ' .. name) end })
    syslog.info('waiting in ' .. name)
    dns.open()
    dns.query(dns.class.IN, dns.type.A, 'never.example')
    dns.wait(true)
    syslog.info('came back in ' .. name)
  end
end
function hook.error(number, text) syslog.info('error ' .. math.type(number) .. ' ' .. text) end
function hook.close(code) syslog.info('close ' .. math.type(code) .. ' ' .. code) end
`;
const MAIL = [
  'MAIL FROM:<a@b.example>\r\n',
  'RCPT TO:<c@d.example>\r\n',
  'DATA\r\n',
  'Subject: x\r\n\r\nbody\r\n.\r\n',
];
/** What a client sends until the hook is called. */
const reaches: Readonly<Record<string, readonly string[]>> = {
  helo: [],
  mail: MAIL.slice(0, 1),
  rcpt: MAIL.slice(0, 2),
  data: MAIL.slice(0, 3),
  content: MAIL,
  header: MAIL,
  eoh: MAIL,
  body: MAIL,
  dot: MAIL,
  forward: MAIL,
  reset: [],
  rset: ['RSET\r\n'],
  noop: ['NOOP\r\n'],
  help: ['HELP\r\n'],
  xclient: ['XCLIENT NAME=x.example\r\n'],
  unknown: ['WHAT\r\n'],
  out_seq: ['DATA\r\n'],
  reply: [],
};

const reset = (client: SmtpClient): void => {
  client.socket.resetAndDestroy();
};
const ways: readonly (readonly [string, (client: SmtpClient) => void])[] = [
  ['FIN', (client) => client.destroy()],
  ['RST', reset],
];

let dns: FakeDnsServer;
let hop: NextHop;
let server: WholeServer;
let before: Holdings;
beforeAll(async () => {
  dns = await FakeDnsServer.start([], { tcp: false });
  dns.script('never.example', { kind: 'drop' });
  // Whoever is in the middle of a message stays there: the next hop never answers at dot.
  hop = await NextHop.start({ dot: { end: 'hang' } });
  server = await WholeServer.start({
    policy,
    options: {
      'dns-servers': dns.address,
      'smtp-smart-host': hop.target,
      'smtp-xclient-hosts': '127.0.0.0/8',
      'spool-memory': '0',
    },
  });
  // Sockets and caches have their usual state after one session that waited.
  const client = await server.greeted();
  client.write('HELO noop\r\nNOOP\r\n');
  await dns.seen(1);
  client.destroy();
  before = await server.settled();
});
afterAll(async () => {
  await server.stop();
  await hop.close();
  await dns.close();
});

async function expectEnd(): Promise<void> {
  await server.quiet();
  expect(server.said(/came back in/)).toEqual([]);
  expect(server.said(/^info close /).map((line) => line.slice(0, 20).trim())).toEqual([
    'info close integer 4',
  ]);
  expect(server.said(/^info session .*"close":4/)).toHaveLength(1);
  expect(server.said(/^(err|crit|alert|emerg) /)).toEqual([]);
  expect(await server.backTo(before)).toEqual(before);
}

describe('a client that resets', () => {
  it.each(Object.entries(reaches))('while hook.%s waits: it is cut off', async (name, lines) => {
    server.log.lines.length = 0;
    const client = await server.greeted();
    client.write(`HELO ${name}\r\n${lines.join('')}`);
    await server.line(new RegExp(`^info waiting in ${name} `));
    reset(client);
    await expectEnd();
    expect(server.said(new RegExp(`^info closed variable of ${name} `))).toHaveLength(1);
  });

  it('while the next hop has not answered at dot: forwarding is given up, and the log says what may have happened', async () => {
    server.log.lines.length = 0;
    const contents = hop.connections.length;
    const client = await server.greeted();
    client.write(`HELO x\r\n${MAIL.join('')}`);
    await hop.until(({ connections }) => connections.slice(contents).some((one) => one.contents.length > 0));
    reset(client);
    await expectEnd();
    await hop.until(({ connections }) => connections.every((one) => one.closed));
    expect(server.said(/^notice forwarding given up .*"stage":"dot"/)).toHaveLength(1);
    expect(server.said(/^notice client gone before the reply at dot /)).toHaveLength(1);
  });
});

describe('a client that closes its side', () => {
  it.each(['noop', 'help', 'rset', 'reset'])('while hook.%s waits hears the reply', async (name) => {
    server.log.lines.length = 0;
    dns.script('never.example', { kind: 'hold' });
    const asked = dns.queries.length;
    const client = await server.greeted();
    client.write(`HELO ${name}\r\n${(reaches[name] ?? []).join('')}`);
    await dns.seen(asked + 1);
    client.socket.end();
    for (let i = 0; i < 20; i++) await turn();
    expect(server.server.sessions).toBe(1);
    dns.release();
    dns.script('never.example', { kind: 'drop' });
    for (const _ of ['HELO', ...(reaches[name] ?? [])])
      expect(await client.reply()).toMatch(/^(250|214)[ -]/);
    await client.closed();
    expect(server.said(/came back in/)).toHaveLength(1);
    await server.quiet();
    expect(await server.backTo(before)).toEqual(before);
  });
});

describe.each(ways)('a client that goes away by %s', (_way, leave) => {
  const steps = ['at once', 'HELO x\r\n', ...MAIL.slice(0, 3), 'Subject: x\r\n\r\nhalf'];
  it.each(steps.map((step, i) => [JSON.stringify(step), steps.slice(1, i + 1)] as const))(
    'behind %s',
    async (_step, sent) => {
      server.log.lines.length = 0;
      const client = await server.greeted();
      for (const line of sent) {
        client.write(line);
        if (line.endsWith('\r\n')) await client.reply();
      }
      for (let i = 0; i < 5; i++) await turn();
      leave(client);
      await expectEnd();
      expect(server.said(/^info mail .*"result":"lost"/)).toHaveLength(sent.length >= 2 ? 1 : 0);
    },
  );
});

describe('a client that is cut off in the middle by the network', () => {
  it('and comes back is served as if nothing had been', async () => {
    for (let i = 0; i < 20; i++) {
      const client = await server.greeted();
      client.write(`HELO x\r\n${MAIL.slice(0, 3).join('')}half a message`);
      await client.reply();
      client.socket.resetAndDestroy();
    }
    const client = await server.greeted();
    expect(await client.command('HELO x')).toMatch(/^250/);
    expect(await client.command('QUIT')).toMatch(/^221/);
    client.destroy();
    expect(await server.backTo(before)).toEqual(before);
  });
});
