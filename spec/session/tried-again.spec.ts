// A message that some recipients have and others have not, and that its client therefore tries again: who has it gets no second copy, whatever the
// policy makes of the message, and however often it makes something else of it. Over a next
// hop that answers for each recipient.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { NextHop, refusedPort } from '../../src/bench/ports/next-hop.ts';
import type { OptionName } from '../../src/options/option-table.ts';
import type { RigClient } from '../fakes/smtp-rig.ts';
import { WholeServer } from '../fakes/whole-server.ts';

/** A rule is the body of a function; `n` is another number each time. */
const POLICY = `
  n = 0
  for _, name in ipairs { 'mail', 'rcpt', 'header', 'eoh', 'dot', 'forward' } do
    hook[name] = function(...)
      local todo = rules and rules[name]
      if todo then return todo(...) end
    end
  end
  function hook.noop() rules = assert(load('return ' .. client.input:sub(6)))() return '250 2.0.0 set' end
`;

let server: WholeServer;
const hops: NextHop[] = [];
const clients: RigClient[] = [];
beforeAll(async () => {
  server = await WholeServer.start({ policy: POLICY, options: { 'smtp-forward-tls': 'off' } });
});
afterAll(() => server.stop());
afterEach(async () => {
  for (const client of clients.splice(0)) client.reset();
  for (const one of hops.splice(0)) await one.close();
});

const set = (name: OptionName, value: string): void => {
  server.app.options.set(name, value, 'spec');
};

const MESSAGE = 'Message-ID: <1@x>\r\nFrom: a@b.example\r\nSubject: s\r\n\r\nbody\r\n';

async function connect(rules: string): Promise<RigClient> {
  const client = server.inMemory();
  clients.push(client);
  await client.reply();
  if (rules !== '') expect(await client.command(`NOOP { ${rules} }`)).toMatch(/^250/);
  await client.command('EHLO c.example');
  return client;
}

async function send(
  client: RigClient,
  text = MESSAGE,
  names: readonly string[] = ['a', 'b', 'c'],
): Promise<string> {
  const mail = ['MAIL FROM:<a@b.example>', ...names.map((name) => `RCPT TO:<${name}@d.example>`), 'DATA'];
  for (const reply of await client.commands(...mail)) expect(reply).toMatch(/^[23]/);
  return client.command(`${text}.`);
}

/** The recipients that content came for, message by message, those for most first. */
function copies(one: NextHop): readonly (readonly string[])[] {
  const sent: string[][] = [];
  for (const { commands } of one.connections) {
    let now: string[] = [];
    for (const line of commands) {
      const path = /^RCPT TO:<([^@]*)@/.exec(line)?.[1];
      if (/^(?:MAIL|RSET)/.test(line)) now = [];
      else if (path !== undefined) now.push(path);
      else if (line === 'DATA') sent.push(now);
    }
  }
  return sent.sort((a, b) => b.length - a.length);
}

const ROUTE = `smtp.route(n % 2 == 1 and { 'lmtp:HOP', 'lmtp:DEAD' } or { 'lmtp:DEAD', 'lmtp:HOP' })`;
const WAYS: readonly (readonly [string, string])[] = [
  ['nothing', ''],
  ['a footer', `dot = function() n = n + 1 mime.add_footer { text = 'footer ' .. n } end`],
  ['another body', `dot = function() n = n + 1 mime.replace(1, 'body ' .. n) end`],
  ['another sender', `dot = function() n = n + 1 client.set_sender('bounce+' .. n .. '@b.example') end`],
  [
    'another sender in hook.mail',
    `mail = function() n = n + 1 client.set_sender('bounce+' .. n .. '@b.example') end`,
  ],
  ['another Message-ID', `dot = function() n = n + 1 header.modify('Message-ID', 1, '<' .. n .. '@y>') end`],
  [
    'no Message-ID and another Subject',
    `dot = function() n = n + 1 header.delete('Message-ID', 1) header.modify('Subject', 1, 's' .. n) end`,
  ],
  [
    'another Message-ID as it comes in',
    `eoh = function() n = n + 1 header.modify('Message-ID', 1, '<' .. n .. '@y>') end`,
  ],
  [
    'another file',
    `dot = function(path) n = n + 1 local f = io.open(path, 'a') f:write('line ' .. n .. '\\r\\n') f:close() end`,
  ],
  [
    'another file in hook.forward',
    `forward = function(path) n = n + 1 local f = io.open(path, 'a') f:write('line ' .. n .. '\\r\\n') f:close() end`,
  ],
  ['another order of next hops', `rcpt = function(r) if r:find('^a') then n = n + 1 end ${ROUTE} end`],
];

describe.each(['rcpt', 'dot'])('smtp-forward-at=%s', (at) => {
  describe.each(['1000000', '0'])('spool-memory=%s', (memory) => {
    it.each(WAYS)('the policy makes of it: %s', async (_, rules) => {
      // Whoever waits for more than one reply to the second message does not wait long.
      const dot = [
        '250 a\r\n452 4.2.2 full\r\n250 c\r\n',
        { reply: '250 b\r\n', end: 'close' as const },
        '250 a\r\n250 b\r\n250 c\r\n',
      ];
      const one = await NextHop.start({ dot });
      hops.push(one);
      const dead = `127.0.0.1:${await refusedPort()}`;
      set('smtp-smart-host', `lmtp:${one.target}`);
      set('smtp-forward-at', at);
      set('spool-memory', memory);
      const client = await connect(rules.replaceAll('HOP', one.target).replaceAll('DEAD', dead));
      expect(await send(client)).toMatch(/^451-4\.5\.0 .*<b@d\.example>\r\n/);
      expect(await send(client)).toMatch(/^250 2\.0\.0 /);
      expect(copies(one)).toEqual([['a', 'b', 'c'], ['b']]);
      // Another message is another one, whatever the policy makes of it.
      expect(await send(client, MESSAGE.replace('body', 'other body'))).toMatch(/^250 2\.0\.0 /);
      expect(copies(one)).toEqual([['a', 'b', 'c'], ['a', 'b', 'c'], ['b']]);
      await client.quit();
    });
  });
});

// Whoever was left out once would hear of a disk that is full once a day, and the sender that all is well.
describe.each(['rcpt', 'dot'])('smtp-forward-at=%s: when all have it', (at) => {
  it.each([
    ['with neither Message-ID nor Date', 'Subject: s\r\n\r\nthe disk is full\r\n', ['a', 'b', 'c']],
    ['with a Message-ID', MESSAGE, ['b', 'c']],
  ])('the same octets %s', async (_, text, third) => {
    const dot = [
      '250 a\r\n452 4.2.2 full\r\n452 4.2.2 full\r\n',
      '250 b\r\n250 c\r\n',
      '250\r\n250\r\n250\r\n',
    ];
    const one = await NextHop.start({ dot: text === MESSAGE ? dot.slice(0, 2) : dot });
    hops.push(one);
    set('smtp-smart-host', `lmtp:${one.target}`);
    set('smtp-forward-at', at);
    const client = await connect('');
    expect(await send(client, text)).toMatch(/^451/);
    expect(await send(client, text)).toMatch(/^250/);
    expect(copies(one)).toEqual([
      ['a', 'b', 'c'],
      ['b', 'c'],
    ]);
    expect(await send(client, text)).toMatch(/^250/);
    expect(copies(one)).toHaveLength(3);
    expect(copies(one)).toContainEqual(third);
    await client.quit();
  });
});
