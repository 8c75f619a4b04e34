// What the list of sessions says of each one that waits: for the client, a name server, scanners, the store, the next hop, a pause, who knows the user.
// One row for each kind of wait, over the whole server with real Lua, and nothing of a password.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type FakeClamd, startClamd } from '../../src/bench/ports/clamd-server.ts';
import { FakeDnsServer } from '../../src/bench/ports/dns-server.ts';
import { NextHop } from '../../src/bench/ports/next-hop.ts';
import type { SessionRow, SessionWait } from '../../src/ops/desk.ts';
import type { RigClient } from '../fakes/smtp-rig.ts';
import { WholeServer } from '../fakes/whole-server.ts';

const policy = (scanner: string): string => `
local client_file = '${import.meta.filename}'
local function ask(...)
  dns.open()
  for _, name in ipairs {...} do dns.query(dns.class.IN, dns.type.TXT, name) end
  dns.wait(1)
end
function hook.ehlo(name)
  if name == 'dns.example' then ask('slow.test', 'other.test') end
  if name == 'many.example' then
    local names = {}
    for i = 1, 9 do names[i] = ('a'):rep(60) .. '.' .. ('b'):rep(60) .. '.' .. i .. '.test' end
    ask((unpack or table.unpack)(names))
  end
  if name == 'both.example' then
    dns.open()
    dns.query(dns.class.IN, dns.type.A, 'slow.test')
    service.clamd(client_file, '${scanner}', 5)
    service.spamd(client_file, '${scanner}', 'PROCESS', nil, 5)
    service.wait(1)
  end
  if name == 'sleep.example' then util.sleep(100) end
  if name == 'turn.example' then while true do coroutine.yield() end end
end
function hook.auth() util.sleep(100) end
function hook.mail(sender) if sender == 'sleep@b.example' then util.sleep(100) end end
`;

const wait = (time: string, what: string) => ({ for: time, what }) as SessionWait;

let hop: NextHop;
let dns: FakeDnsServer;
let scanner: FakeClamd;
let server: WholeServer;

beforeAll(async () => {
  hop = await NextHop.start({ dot: { end: 'hang' } });
  dns = await FakeDnsServer.start();
  dns.script(() => true, { kind: 'hold' });
  scanner = await startClamd(() => new Promise(() => undefined));
  server = await WholeServer.start({
    policy: policy(scanner.host),
    options: {
      ...{ 'dns-servers': `127.0.0.1:${dns.port}`, 'smtp-smart-host': hop.target, 'smtp-forward-tls': 'off' },
    },
  });
});
afterAll(async () => {
  await server.stop();
  await Promise.all([hop.close(), dns.close(), scanner.close()]);
});

/** The row of the only session, as soon as it waits for that, in that state. */
async function waiting(pattern: RegExp, state?: string): Promise<SessionRow> {
  for (;;) {
    const [session] = server.server.all;
    const row = session?.row;
    const what = row?.waits.map((one) => one.what).join(', ') ?? '';
    if (row !== undefined && pattern.test(what) && row.state === (state ?? row.state)) return row;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function over(client: RigClient): Promise<void> {
  for (const session of server.server.all) session.close();
  client.stream.end();
  await client.over;
}

async function during(
  lines: readonly string[],
  pattern: RegExp,
  look: (row: SessionRow) => void,
  state?: string,
): Promise<void> {
  const client = server.inMemory('192.0.2.7');
  await client.reply();
  for (const line of lines.slice(0, -1)) await client.command(line);
  client.send(`${lines.at(-1)}\r\n`);
  look(await waiting(pattern, state));
  await over(client);
}

const one = ['EHLO c.example', 'MAIL FROM:<a@b.example>', 'RCPT TO:<c@d.example>'];
const plain = Buffer.from('\0joe\0sesame-open', 'latin1').toString('base64');

it.each<readonly [what: string, lines: readonly string[], expected: Partial<SessionRow>]>([
  ['a command', ['EHLO c.example'], { state: 'command', waits: [wait('client', 'client')] }],
  ['RCPT', one.slice(0, 2), { state: 'transaction', waits: [wait('client', 'client')] }],
  ['content', [...one, 'DATA'], { state: 'content', waits: [wait('client', 'client')] }],
  [
    'name servers',
    ['EHLO dns.example'],
    {
      ...{ state: 'hook', hook: 'ehlo' },
      waits: [wait('dns', 'dns TXT slow.test.'), wait('dns', 'dns TXT other.test.')],
    },
  ],
  [
    'scanners; questions that it has asked and does not wait for now are not shown',
    ['EHLO both.example'],
    { waits: [wait('services', `clamd SCANNER`), wait('services', `spamd SCANNER`)] },
  ],
  ['time to pass', ['EHLO sleep.example'], { waits: [wait('pause', 'util.sleep (100 s)')] }],
  ['its turn', ['EHLO turn.example'], { waits: [wait('policy', 'coroutine.yield')] }],
  [
    'the next hop',
    [...one, 'DATA', 'x\r\n.'],
    { waits: [wait('next hop', 'next hop HOP to take the message')] },
  ],
  ['nothing of a password', ['EHLO x', `AUTH PLAIN ${plain}`], { waits: [wait('pause', 'util.sleep')] }],
])('%s', (_, lines, expected) =>
  during(
    lines,
    new RegExp((expected.waits?.at(-1)?.what ?? '').replace(/[().]/g, '\\$&').replace(/SCANNER|HOP/, '.*')),
    (row) => {
      const text = JSON.stringify(row).replaceAll(scanner.host, 'SCANNER').replaceAll(hop.target, 'HOP');
      const shown: SessionRow = JSON.parse(text);
      expect({ ...shown, waits: shown.waits.map(({ for: time, what }) => wait(time, what)) }).toMatchObject(
        expected,
      );
      for (const { seconds } of row.waits) expect(seconds).toBeLessThan(10);
      expect(text).not.toMatch(/sesame|c2VzYW1l/);
    },
    expected.state,
  ),
);

it('of many questions the first few, with names that are cut', () =>
  during(['EHLO many.example'], /dns TXT/, ({ waits }) => {
    expect(waits).toHaveLength(5);
    for (const { what } of waits) expect(what).toMatch(/^dns TXT a{60}\.b{28}\.\.\.$/);
  }));

it('ages grow, and begin anew with the next wait', async () => {
  const client = server.inMemory('192.0.2.7');
  await client.reply();
  const ages: number[] = [];
  while ((ages.at(-1) ?? 0) < 0.2) {
    ages.push((await waiting(/^client$/)).waits[0]?.seconds ?? -1);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect(ages.toSorted()).toEqual(ages);
  await client.command('NOOP');
  expect((await waiting(/^client$/)).waits[0]?.seconds).toBeLessThan(0.2);
  await over(client);
});
