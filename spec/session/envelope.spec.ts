// What a policy reads of the envelope, and what it makes of it (client.set_sender, add_recipient, remove_recipient): what the next hop is told, with
// and without a transaction that is open there already, what the client hears, and what the log says.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type HopScript, NextHop } from '../../src/bench/ports/next-hop.ts';
import type { OptionName } from '../../src/options/option-table.ts';
import type { RigClient } from '../fakes/smtp-rig.ts';
import { type Holdings, WholeServer } from '../fakes/whole-server.ts';

const HOOKS = ['ehlo', 'mail', 'rcpt', 'rset', 'data', 'content', 'header', 'eoh', 'dot', 'reset', 'reply'];
const POLICY = `
  for _, name in ipairs { '${HOOKS.join("', '")}' } do
    hook[name] = function(...)
      local todo = rules and rules[name]
      if todo then return todo(...) end
    end
  end
  function hook.noop() rules = assert(load('return ' .. client.input:sub(6)))() return '250 2.0.0 set' end
`;

const DEFAULTS: Partial<Record<OptionName, string>> = {
  'smtp-smart-host': '',
  'smtp-forward-at': 'auto',
  'smtp-partial': '451',
  'smtp-default-at-dot': '451',
  'smtp-dsn': '+',
  'smtp-utf8': '+',
  'limit-recipients': '1000',
};

let server: WholeServer;
let before: Holdings;
const hops: NextHop[] = [];
beforeAll(async () => {
  server = await WholeServer.start({ policy: POLICY, options: { 'smtp-forward-tls': 'off' } });
  const client = await connect();
  await client.quit();
  before = await server.settled();
});
afterAll(() => server.stop());
afterEach(async () => {
  set(DEFAULTS);
  for (const hop of hops.splice(0)) await hop.close();
  expect(await server.backTo(before, 3000)).toEqual(before);
});

function set(options: Partial<Record<OptionName, string>>): void {
  for (const [name, value] of Object.entries(options))
    server.app.options.set(name as OptionName, value, 'spec');
}

async function hop(script: HopScript = {}): Promise<NextHop> {
  const started = await NextHop.start({
    ehlo: '250-sink\r\n250-DSN\r\n250-SMTPUTF8\r\n250 8BITMIME\r\n',
    ...script,
  });
  hops.push(started);
  set({ 'smtp-smart-host': started.target });
  return started;
}

async function connect(rules = ''): Promise<RigClient> {
  const client = server.inMemory();
  await client.reply();
  if (rules !== '') expect(await client.command(`NOOP { ${rules} }`)).toMatch(/^250/);
  await client.command('EHLO c.example');
  return client;
}

const MAIL = 'MAIL FROM:<a@b.example>';
const BOB = 'RCPT TO:<bob@d.example>';
const DATA = ['DATA', 'Subject: x\r\n\r\nx\r\n.'] as const;

/** The replies to these commands, and what the next hop heard behind EHLO. */
async function talk(
  rules: string,
  one: NextHop | undefined,
  ...lines: readonly string[]
): Promise<{ replies: readonly string[]; heard: readonly string[] }> {
  const client = await connect(rules);
  const replies = await client.commands(...lines);
  const heard = (one?.commands ?? []).filter((line) => !/^(?:EHLO|QUIT)/.test(line));
  await client.quit();
  return { replies: replies.map((reply) => reply.trim()), heard };
}

/** Envelopes that content came for: sender and recipients since the last RSET or MAIL. */
function envelopes(heard: readonly string[]): readonly string[] {
  const sent: string[] = [];
  let now: string[] = [];
  for (const line of heard) {
    if (line === 'RSET' || line.startsWith('MAIL')) now = [];
    if (line === 'DATA') sent.push(now.join(' '));
    const path = /^(?:MAIL FROM|RCPT TO):(.*)$/.exec(line)?.[1];
    if (path !== undefined) now.push(path);
  }
  return sent;
}

describe('what a policy reads', () => {
  it('client.helo, sender and recipients are what the client says, from when to when', async () => {
    const show = `'250 ' .. tostring(client.helo) .. ' ' .. tostring(client.sender) .. ' ' .. (client.recipients and table.concat(client.recipients, '+') or 'none')`;
    const rules =
      `ehlo = function() return ${show} end, mail = function() return ${show} end, rcpt = function(r) if r:find('^no') then return '550 no' end return ${show} end,
      rset = function() return ${show} end, dot = function() client.set_sender('x@y.example') end,
      reset = function() at_reset = ${show} end`.replaceAll('\n', ' ');
    const { replies } = await talk(
      rules,
      undefined,
      'EHLO again.example',
      'RSET',
      'MAIL FROM:<>',
      BOB,
      'RCPT TO:<no@d.example>',
      'RCPT TO:<Al@D.example>',
      'RCPT TO:<c@d.example>',
      'RSET',
      'RSET',
      'EHLO',
      MAIL,
    );
    expect(replies).toEqual(
      [
        '250 again.example nil none',
        '250 again.example nil none',
        '250 again.example  ',
        '250 again.example  ',
        '550 no',
        '250 again.example  bob@d.example',
        '250 again.example  bob@d.example+Al@D.example',
        '250 again.example  bob@d.example+Al@D.example+c@d.example',
        '250 again.example nil none',
        expect.stringMatching(/^501/),
        '250 again.example a@b.example ',
      ].map((line) => (typeof line === 'string' ? line.trim() : line)),
    );
  });

  it('fields of its own with these names stay', async () => {
    const { replies } = await talk(
      `mail = function() client.sender = 'mine' end, rcpt = function() return '250 ' .. client.sender end`,
      undefined,
      MAIL,
      BOB,
    );
    expect(replies.at(-1)).toBe('250 mine');
  });
});

/** Rules, and the envelope that the content comes for. */
const changes: readonly (readonly [string, string, string])[] = [
  ['nothing', '', '<a@b.example> <bob@d.example> <al@d.example>'],
  [
    'another sender in hook.mail',
    `mail = function() assert(client.set_sender('n@m.example')) end`,
    '<n@m.example> <bob@d.example> <al@d.example>',
  ],
  [
    'the null sender in hook.rcpt',
    `rcpt = function() client.set_sender('') end`,
    '<> <bob@d.example> <al@d.example>',
  ],
  [
    'the sender at the dot, and back again',
    `data = function() client.set_sender('n@m.example') end, dot = function() client.set_sender('a@b.example') end`,
    '<a@b.example> <bob@d.example> <al@d.example>',
  ],
  [
    'a copy, from hook.mail',
    `mail = function() assert(client.add_recipient('copy@d.example', 'NOTIFY=NEVER')) end`,
    '<a@b.example> <bob@d.example> <al@d.example> <copy@d.example> NOTIFY=NEVER',
  ],
  [
    'a copy, from hook.header',
    `header = function() client.add_recipient('copy@d.example') end`,
    '<a@b.example> <bob@d.example> <al@d.example> <copy@d.example>',
  ],
  [
    'copies at the dot, each once',
    `dot = function() for _ = 1, 3 do client.add_recipient('copy@D.example') client.add_recipient('BOB@d.example') client.add_recipient('bob@D.EXAMPLE') end end`,
    '<a@b.example> <bob@d.example> <al@d.example> <copy@D.example> <BOB@d.example>',
  ],
  [
    'somebody who is named later',
    `mail = function() client.add_recipient('al@d.example') end`,
    '<a@b.example> <bob@d.example> <al@d.example>',
  ],
  [
    'one of them is gone at the dot',
    `dot = function() assert(client.remove_recipient('bob@D.example')) assert(not client.remove_recipient('bob@d.example')) end`,
    '<a@b.example> <al@d.example>',
  ],
  [
    'a redirect in hook.rcpt',
    `rcpt = function(r) if r:find('^bob') then client.remove_recipient(r) client.add_recipient('new@d.example') end end`,
    '<a@b.example> <al@d.example> <new@d.example>',
  ],
  [
    'everybody is redirected',
    `rcpt = function(r) client.remove_recipient(r) client.add_recipient('new@d.example') end`,
    '<a@b.example> <new@d.example>',
  ],
  [
    'one is removed and put back',
    `rcpt = function(r) client.remove_recipient(r) end, dot = function() client.add_recipient('al@d.example') end`,
    '<a@b.example> <al@d.example>',
  ],
  [
    'what is added is removed',
    `mail = function() client.add_recipient('copy@d.example') end, dot = function() assert(client.remove_recipient('copy@d.example')) end`,
    '<a@b.example> <bob@d.example> <al@d.example>',
  ],
];

describe.each(['rcpt', 'dot'])('the envelope that goes on, with smtp-forward-at=%s', (at) => {
  it.each(changes)('%s', async (_name, rules, envelope) => {
    const one = await hop();
    set({ 'smtp-forward-at': at });
    // Twice: nothing of the first transaction is left.
    const lines = [MAIL, BOB, 'RCPT TO:<al@d.example>', ...DATA];
    const { replies, heard } = await talk(rules, one, ...lines, ...lines);
    expect(replies.map((reply) => reply.slice(0, 3)).join(' ')).toBe(
      '250 250 250 354 250 250 250 250 354 250',
    );
    expect(envelopes(heard)).toEqual([envelope, envelope]);
  });

  it('a recipient that is refused for another reason takes back what its hook has changed', async () => {
    const one = await hop();
    set({ 'smtp-forward-at': at });
    const rules = `rcpt = function(r) client.add_recipient('copy-' .. r) if r:find('^no') then client.set_sender('n@m.example') client.remove_recipient('bob@d.example') return '550 no' end end`;
    const { heard } = await talk(rules, one, MAIL, BOB, 'RCPT TO:<no@d.example>', ...DATA);
    expect(envelopes(heard)).toEqual(['<a@b.example> <bob@d.example> <copy-bob@d.example>']);
  });

  it('is over with RSET', async () => {
    const one = await hop();
    set({ 'smtp-forward-at': at });
    const rules = `mail = function(s) if s == 'first@b.example' then client.add_recipient('copy@d.example') client.set_sender('n@m.example') end end`;
    const { heard } = await talk(rules, one, 'MAIL FROM:<first@b.example>', BOB, 'RSET', MAIL, BOB, ...DATA);
    expect(envelopes(heard)).toEqual(['<a@b.example> <bob@d.example>']);
  });

  const refusing = (): Promise<NextHop> => {
    // In the order of RCPTs, whatever comes first.
    return hop({
      rcpt: [
        '250 ok\r\n',
        '550 5.1.1 <secret@d.example> who?\r\n',
        '250 ok\r\n',
        '550 5.1.1 <secret@d.example> who?\r\n',
      ],
    });
  };
  const copy = `mail = function() client.add_recipient('secret@d.example') end`;

  it('nobody gets a message that one of those whom the policy has added refuses, and the client does not hear who it is', async () => {
    const one = await refusing();
    set({ 'smtp-forward-at': at });
    const { heard, replies } = await talk(copy, one, MAIL, BOB, ...DATA);
    expect(replies.at(-1)).toBe('451 4.5.0 not taken for all recipients, refused: another recipient');
    expect(envelopes(heard)).toEqual([]);
    expect(
      server.said(
        /mail .*"result":"deferred".*"to":\[\{"to":"bob@d.example","status":451.*"to":"secret@d.example","status":550.*"change":"added"/,
      ).length,
    ).toBeGreaterThan(0);
  });

  it('with smtp-partial=250 the others get it', async () => {
    const one = await refusing();
    set({ 'smtp-forward-at': at, 'smtp-partial': '250' });
    const { heard, replies } = await talk(copy, one, MAIL, BOB, ...DATA);
    expect(replies.at(-1)).toMatch(/^250/);
    expect(envelopes(heard).map((it) => it.replace(' <secret@d.example>', ''))).toEqual([
      '<a@b.example> <bob@d.example>',
    ]);
  });

  it('refused alone its name does not get out', async () => {
    const one = await hop({ rcpt: '550 5.1.1 <Secret@d.example> who?\r\n' });
    set({ 'smtp-forward-at': at });
    const rules = `rcpt = function(r) client.remove_recipient(r) client.add_recipient('secret@d.example') end`;
    const { heard, replies } = await talk(rules, one, MAIL, BOB, ...DATA);
    expect(replies.at(-1)).toBe('550 5.1.0 refused by the next hop');
    expect(envelopes(heard)).toEqual([]);
  });

  it.each([
    ['451', /^451/],
    ['550', /^550/],
    ['250', /^250/],
  ] as const)('nobody is left: smtp-default-at-dot=%s decides', async (word, reply) => {
    const one = await hop();
    set({ 'smtp-forward-at': at, 'smtp-default-at-dot': word });
    const rules = `dot = function() client.remove_recipient('bob@d.example') return '250 2.0.0 mine' end`;
    const { heard, replies } = await talk(rules, one, MAIL, BOB, ...DATA, MAIL, BOB, 'RSET');
    expect(replies[3]).toMatch(reply);
    expect(replies.slice(4).map((it) => it.slice(0, 3))).toEqual(['250', '250', '250']);
    expect(envelopes(heard)).toEqual([]);
  });
});

describe('the dialogue with a next hop that was asked', () => {
  it('recipients that come at the end are asked about in the transaction that is open', async () => {
    const one = await hop();
    const rules = `dot = function() client.add_recipient('x@d.example') client.add_recipient('y@d.example') end`;
    const { heard } = await talk(rules, one, MAIL, BOB, ...DATA);
    expect(heard).toEqual([
      'MAIL FROM:<a@b.example>',
      'RCPT TO:<bob@d.example>',
      'RCPT TO:<x@d.example>',
      'RCPT TO:<y@d.example>',
      'DATA',
    ]);
  });

  it('whoever was removed in hook.rcpt is not asked about', async () => {
    const one = await hop({ rcpt: ['250 ok\r\n', '550 no\r\n'] });
    const rules = `rcpt = function(r) client.remove_recipient('old@d.example') end`;
    const { heard, replies } = await talk(rules, one, MAIL, 'RCPT TO:<old@d.example>', BOB, ...DATA);
    expect(replies.at(-1)).toMatch(/^250/);
    expect(heard).toEqual(['MAIL FROM:<a@b.example>', 'RCPT TO:<bob@d.example>', 'DATA']);
  });

  it('another sender begins it anew', async () => {
    const one = await hop();
    const { heard } = await talk(`dot = function() client.set_sender('') end`, one, MAIL, BOB, ...DATA);
    expect(heard).toEqual([
      'MAIL FROM:<a@b.example>',
      'RCPT TO:<bob@d.example>',
      'RSET',
      'MAIL FROM:<>',
      'RCPT TO:<bob@d.example>',
      'DATA',
    ]);
  });

  it('a next hop that goes away at the question is asked from the beginning', async () => {
    const one = await hop({ rcpt: ['250 ok\r\n', null, '250 ok\r\n'] });
    const rules = `dot = function() client.add_recipient('x@d.example') end`;
    const { heard, replies } = await talk(rules, one, MAIL, BOB, ...DATA);
    expect(replies.at(-1)).toMatch(/^250/);
    expect(envelopes(heard)).toEqual(['<a@b.example> <bob@d.example> <x@d.example>']);
    expect(one.connections).toHaveLength(2);
  });

  it('how many it takes counts for those whom it has not heard of yet', async () => {
    const one = await hop({ ehlo: '250-sink\r\n250 LIMITS RCPTMAX=2\r\n' });
    const copy = `mail = function() client.add_recipient('copy@d.example') end`;
    const lines = [MAIL, BOB, 'RCPT TO:<al@d.example>', ...DATA];
    // What it takes is known once it was asked.
    await talk('', one, MAIL, 'RSET');
    const { heard, replies } = await talk(copy, one, ...lines);
    expect(replies[2]).toMatch(/^452 4\.5\.3/);
    expect(replies.at(-1)).toMatch(/^250/);
    expect(envelopes(heard)).toEqual(['<a@b.example> <bob@d.example> <copy@d.example>']);
  });
});

describe('a next hop that answers for each recipient (LMTP)', () => {
  it.each(['auto', 'dot'])('knows who was added; smtp-forward-at=%s', async (at) => {
    const one = await hop({ dot: ['250 a\r\n552 5.2.2 <copy@d.example> full\r\n', '250 b\r\n'] });
    set({ 'smtp-smart-host': `lmtp:${one.target}`, 'smtp-forward-at': at });
    const rules = `mail = function() client.set_sender('n@m.example') end, dot = function() client.add_recipient('copy@d.example') end`;
    const first = await talk(rules, one, MAIL, BOB, ...DATA);
    expect(first.replies.at(-1)).toBe(
      '451-4.5.0 not taken for all recipients, refused: another recipient\r\n' +
        '451-4.5.0 <bob@d.example>: delivered\r\n451 4.5.0 another recipient: refused',
    );
    // Who has it is left out when it comes again.
    const second = await talk(rules, one, MAIL, BOB, ...DATA);
    expect(second.replies.at(-1)).toMatch(/^250/);
    expect(envelopes(second.heard.filter((line) => !line.startsWith('LHLO')))).toEqual([
      '<n@m.example> <bob@d.example> <copy@d.example>',
      '<n@m.example> <copy@d.example>',
    ]);
  });
});

describe('a route', () => {
  it('goes by the recipients that the client has named; who was added goes along', async () => {
    const [one, other] = [await hop(), await hop()];
    set({ 'smtp-smart-host': one.target });
    const rules = `rcpt = function(r) smtp.route{'${other.target}'} client.remove_recipient(r) client.add_recipient('new@d.example') end`;
    const { replies, heard } = await talk(rules, other, MAIL, BOB, ...DATA);
    expect(replies.at(-1)).toMatch(/^250/);
    expect(envelopes(heard)).toEqual(['<a@b.example> <new@d.example>']);
    expect(one.commands.filter((line) => line === 'DATA')).toEqual([]);
  });
});

describe('hook.forward', () => {
  it('gets the envelope that goes on; spf and the log have that of the client', async () => {
    const own = await WholeServer.start({
      policy: `
        function hook.mail() client.set_sender('n@m.example') client.add_recipient('copy@d.example') end
        function hook.rcpt(r) if r:find('^old') then client.remove_recipient(r) end end
        function hook.forward(path, sender, recipients)
          local ok, cause = pcall(client.add_recipient, 'late@d.example')
          return '250 2.0.0 ' .. sender .. ' ' .. table.concat(recipients, '+') .. ' ' .. client.sender .. ' ' .. tostring(ok) .. ': ' .. cause
        end`,
    });
    try {
      const client = own.inMemory();
      await client.reply();
      const replies = await client.commands('EHLO c', MAIL, BOB, 'RCPT TO:<old@d.example>', ...DATA);
      expect(replies.at(-1)).toBe(
        '250 2.0.0 n@m.example bob@d.example+copy@d.example a@b.example false: the envelope can be changed only up to hook.dot\r\n',
      );
      const line = await own.line(/mail .*"result":"accepted"/);
      for (const part of [
        '"from":"a@b.example"',
        '"final_from":"n@m.example","recipients":2',
        '"to":[{"to":"bob@d.example","status":250},{"to":"old@d.example","change":"removed"},{"to":"copy@d.example","status":250,"change":"added"}]',
      ])
        expect(line).toContain(part);
      await client.quit();
    } finally {
      await own.stop();
    }
  });
});

describe('what must not be', () => {
  it.each([
    ['add_recipient', `'no address'`, 'its local part is malformed'],
    ['add_recipient', `''`, 'the null path is no recipient'],
    ['add_recipient', `'<a@b.example>'`, 'its local part is malformed'],
    ['add_recipient', `'a@b..example'`, 'its domain is none'],
    ['add_recipient', `'a@b.example\\r\\nRCPT TO:<x@y.example>'`, 'its domain is none'],
    ['add_recipient', `'\\195\\188@b.example'`, 'it has bytes above 127, and MAIL has not said SMTPUTF8'],
    ['add_recipient', `'a@b.example', 'NOTIFY=NEVER FOO=1'`, '"FOO=1" is no parameter of RCPT'],
    [
      'add_recipient',
      `'a@b.example', 'NOTIFY=SOMETIMES'`,
      '"NOTIFY=SOMETIMES" is a malformed parameter of RCPT',
    ],
    ['add_recipient', `'a@b.example', '> x'`, '">" is a malformed parameter of RCPT'],
    ['set_sender', `'a@'`, 'its domain is none'],
    ['set_sender', `'\\195\\188@b.example'`, 'it has bytes above 127'],
  ])('client.%s(%s)', async (name, args, cause) => {
    const { replies } = await talk(
      `mail = function() local ok, cause = pcall(client.${name}, ${args}) return '250 ' .. tostring(ok) .. ' ' .. cause end`,
      undefined,
      MAIL,
    );
    expect(replies[0]).toMatch(/^250 false /);
    expect(replies[0]).toContain(cause);
  });

  it('UTF-8 may be in addresses where MAIL has said SMTPUTF8', async () => {
    const one = await hop();
    const rules = `mail = function() client.set_sender('\\195\\188@b.example') client.add_recipient('\\195\\188@d.example') end`;
    const { heard } = await talk(rules, one, `${MAIL} SMTPUTF8`, BOB, ...DATA);
    expect(envelopes(heard)).toEqual([
      '<\xc3\xbc@b.example> BODY=8BITMIME SMTPUTF8 <bob@d.example> <\xc3\xbc@d.example>',
    ]);
  });

  it('has a limit', async () => {
    set({ 'limit-recipients': '2' });
    const rules = `mail = function() for i = 1, 3 do client.add_recipient(i .. '@d.example') end end`;
    const { replies } = await talk(rules, undefined, MAIL);
    expect(replies[0]).toMatch(/^421/);
    await server.line(/more than 2 recipients added \(limit-recipients\)/);
  });

  it.each(['ehlo', 'rset', 'reset'])('not in hook.%s', async (name) => {
    const rules = `${name} = function() local ok, cause = pcall(client.set_sender, '') said = cause end, mail = function() return '250 ' .. tostring(said) end`;
    const { replies } = await talk(rules, undefined, MAIL, BOB, 'RSET', 'EHLO c.example', MAIL);
    expect(replies.at(-1)).toMatch(/^250 (?:there is an envelope only|the envelope can be changed only)/);
  });

  it.each(['reply', 'forward'])('a change in hook.%s behind the dot is an error', async (name) => {
    const own = await WholeServer.start({
      policy: `
        local over
        function hook.dot() over = true end
        hook['${name}'] = function()
          if over then syslog.info('said ' .. tostring(select(2, pcall(client.remove_recipient, 'bob@d.example')))) end
        end`,
    });
    try {
      const client = own.inMemory();
      await client.reply();
      await client.commands('EHLO c', MAIL, BOB, ...DATA);
      await own.line(/said the envelope can be changed only up to hook\.dot/);
      await client.quit();
    } finally {
      await own.stop();
    }
  });
});
