// The next hop that is asked when the client says MAIL and RCPT (smtp-forward-at), and the one that a policy chooses (smtp.route): the whole
// dialogue on both sides, what ends it, and what has changed by the time the content comes.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type HopScript, NextHop, refusedPort } from '../../src/bench/ports/next-hop.ts';
import type { OptionName } from '../../src/options/option-table.ts';
import type { RigClient } from '../fakes/smtp-rig.ts';
import { type Holdings, WholeServer } from '../fakes/whole-server.ts';

const POLICY = `
  local function step(name)
    return function(...)
      local todo = rules and rules[name]
      if todo then return todo(...) end
    end
  end
  for _, name in ipairs { 'mail', 'rcpt', 'dot', 'reply', 'ehlo' } do hook[name] = step(name) end
  function hook.noop() rules = assert(load('return ' .. client.input:sub(6)))() return '250 2.0.0 set' end
`;

let server: WholeServer;
let before: Holdings;
const hops: NextHop[] = [];
beforeAll(async () => {
  server = await WholeServer.start({
    policy: POLICY,
    options: {
      'smtp-forward-tls': 'off',
      'smtp-xclient-hosts': '192.0.2.0/24',
    },
  });
  const client = await connect();
  await client.quit();
  before = await server.settled();
});
afterAll(() => server.stop());
afterEach(async () => {
  for (const hop of hops.splice(0)) await hop.close();
  expect(await server.backTo(before, 3000)).toEqual(before);
});

async function hop(script: HopScript = {}): Promise<NextHop> {
  const started = await NextHop.start({ ehlo: '250-sink\r\n250-SIZE 100000\r\n250 8BITMIME\r\n', ...script });
  hops.push(started);
  return started;
}

function set(options: Partial<Record<OptionName, string>>): void {
  for (const [name, value] of Object.entries(options))
    server.app.options.set(name as OptionName, value, 'spec');
}

/** A client behind EHLO; `rules` are hooks, as fields of a Lua table. */
async function connect(rules = ''): Promise<RigClient> {
  const client = server.inMemory();
  await client.reply();
  if (rules !== '') expect(await client.command(`NOOP { ${rules} }`)).toMatch(/^250/);
  await client.command('EHLO c.example');
  return client;
}

const codes = (replies: readonly string[]): string => replies.map((reply) => reply.slice(0, 3)).join(' ');
const MESSAGE = 'Subject: x\r\n\r\nx';
/** What the next hop heard behind EHLO. */
const heard = (one: NextHop): readonly string[] => one.commands.filter((line) => !line.startsWith('EHLO'));
const contents = (one: NextHop): readonly string[] =>
  one.connections.flatMap((connection) => connection.contents.map((content) => content.toString('latin1')));

describe('asked at MAIL and RCPT', () => {
  it('each command goes on when it comes; refusals are the client’s, other replies are ours', async () => {
    const one = await hop({
      rcpt: ['250 ok\r\n', '550-5.1.1 no such\r\n550 5.1.1 user\r\n', '452 full\r\n', '250 ok\r\n'],
    });
    set({ 'smtp-smart-host': one.target });
    const client = await connect();
    expect(await client.command('MAIL FROM:<a@b.example> SIZE=100')).toBe(
      '250 2.1.0 sender <a@b.example> OK\r\n',
    );
    expect(heard(one)).toEqual(['MAIL FROM:<a@b.example> SIZE=100']);
    expect(await client.command('RCPT TO:<yes@d.example>')).toBe(
      '250 2.1.0 recipient <yes@d.example> OK\r\n',
    );
    expect(await client.command('RCPT TO:<no@d.example>')).toBe('550-5.1.1 no such\r\n550 5.1.1 user\r\n');
    expect(await client.command('RCPT TO:<full@d.example>')).toBe('452 4.1.0 full\r\n');
    expect(await client.command('RCPT TO:<too@d.example>')).toMatch(/^250/);
    expect(codes(await client.commands('DATA', `${MESSAGE}\r\n.`))).toBe('354 250');
    expect(heard(one).slice(-1)).toEqual(['DATA']);
    expect(contents(one)).toEqual([`${MESSAGE}\r\n`]);
    expect(one.connections).toHaveLength(1);
    await client.quit();
    expect(server.said(/mail .*"result":"accepted".*took it for 2 of 2/).length).toBeGreaterThan(0);
  });

  it('a refused MAIL opens nothing, and the connection serves the next one', async () => {
    const one = await hop({ mail: ['553 5.1.8 not you\r\n', '250 ok\r\n'] });
    set({ 'smtp-smart-host': one.target });
    const client = await connect();
    expect(
      await client.commands('MAIL FROM:<a@b.example>', 'RCPT TO:<c@d.example>', 'MAIL FROM:<b@b.example>'),
    ).toEqual([
      '553 5.1.8 not you\r\n',
      '503 5.5.1 RCPT TO:<c@d.example> out of sequence\r\n',
      '250 2.1.0 sender <b@b.example> OK\r\n',
    ]);
    expect(one.connections).toHaveLength(1);
    await client.quit();
  });

  it('positive texts are the policy’s, and what it refuses is not asked', async () => {
    const one = await hop();
    set({ 'smtp-smart-host': one.target });
    const client = await connect(
      `mail = function() return '250 2.1.0 welcome' end, rcpt = function(a) if a:find('^no') then return '550 5.7.1 not here' end return '250 2.1.5 mine' end`,
    );
    expect(
      await client.commands('MAIL FROM:<a@b.example>', 'RCPT TO:<no@d.example>', 'RCPT TO:<c@d.example>'),
    ).toEqual(['250 2.1.0 welcome\r\n', '550 5.7.1 not here\r\n', '250 2.1.5 mine\r\n']);
    expect(heard(one)).toEqual(['MAIL FROM:<a@b.example>', 'RCPT TO:<c@d.example>']);
    await client.quit();
  });

  it.each([
    ['RSET', '250 2.0.0 OK'],
    ['EHLO again.example', '250-Hello'],
    ['QUIT', '221 '],
    ['the end of the connection', ''],
  ])('%s: RSET there, and the connection is kept', async (line, reply) => {
    const one = await hop();
    set({ 'smtp-smart-host': one.target });
    const client = await connect();
    await client.commands('MAIL FROM:<a@b.example>', 'RCPT TO:<c@d.example>');
    if (reply === '') client.stream.end();
    else expect(await client.command(line)).toMatch(new RegExp(`^${reply}`));
    await one.saw('RSET');
    while (server.app.idleConnections === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(heard(one)).toEqual(['MAIL FROM:<a@b.example>', 'RCPT TO:<c@d.example>', 'RSET']);
    client.stream.end();
    await client.over;
  });

  it.each(['RCPT TO:<c@d.example>', 'MAIL FROM:<a@b.example>'])(
    'a client that goes while %s is asked',
    async (line) => {
      const one = await hop({ [line.startsWith('RCPT') ? 'rcpt' : 'mail']: { end: 'hang' } });
      set({ 'smtp-smart-host': one.target });
      const client = await connect();
      if (line.startsWith('RCPT')) await client.command('MAIL FROM:<a@b.example>');
      client.send(`${line}\r\n`);
      await one.saw(line.slice(0, 4));
      client.reset();
      await client.over;
      await one.allClosed();
    },
  );

  it('the next hop leaves between RCPT and DATA: it is asked anew, and has the message once', async () => {
    const one = await hop();
    set({ 'smtp-smart-host': one.target });
    const client = await connect();
    await client.commands('MAIL FROM:<a@b.example>', 'RCPT TO:<c@d.example>', 'RCPT TO:<e@d.example>');
    one.hangUp();
    await one.allClosed();
    expect(codes(await client.commands('DATA', `${MESSAGE}\r\n.`))).toBe('354 250');
    expect(one.connections).toHaveLength(2);
    expect(contents(one)).toHaveLength(1);
    await client.quit();
  });

  it('leaves between two RCPT: another next hop is asked about both', async () => {
    const one = await hop({
      rcpt: ['250 ok\r\n', { reply: '421 4.3.2 bye\r\n', end: 'close' }],
      mail: ['250 ok\r\n', '421 4.3.2 no\r\n'],
    });
    const two = await hop();
    set({ 'smtp-smart-host': `${one.target} ${two.target}` });
    const client = await connect();
    expect(
      codes(
        await client.commands('MAIL FROM:<a@b.example>', 'RCPT TO:<c@d.example>', 'RCPT TO:<e@d.example>'),
      ),
    ).toBe('250 250 250');
    expect(heard(two)).toEqual(['MAIL FROM:<a@b.example>', 'RCPT TO:<c@d.example>', 'RCPT TO:<e@d.example>']);
    expect(codes(await client.commands('DATA', `${MESSAGE}\r\n.`))).toBe('354 250');
    expect([contents(one).length, contents(two).length]).toEqual([0, 1]);
    await client.quit();
  });

  it('the other next hop refuses whom the first one took: nobody is told that all is well', async () => {
    const one = await hop({
      rcpt: ['250 ok\r\n', { end: 'close' }],
      mail: ['250 ok\r\n', '421 4.3.2 no\r\n'],
    });
    const two = await hop({ rcpt: '550 5.1.1 no\r\n' });
    set({ 'smtp-smart-host': `${one.target} ${two.target}` });
    const client = await connect();
    await client.commands('MAIL FROM:<a@b.example>', 'RCPT TO:<c@d.example>');
    expect(await client.command('RCPT TO:<e@d.example>')).toBe(
      '451 4.5.0 <c@d.example> was taken before and is not now, try again later\r\n',
    );
    expect(await client.commands('DATA', `${MESSAGE}\r\n.`)).toEqual([
      expect.stringMatching(/^354/),
      '550 5.1.1 no\r\n',
    ]);
    expect([contents(one).length, contents(two).length]).toEqual([0, 0]);
    await client.quit();
  });

  it.each([
    [
      'the message is larger than its MAIL said',
      'SIZE=3',
      '',
      ['RSET', 'MAIL FROM:<a@b.example> SIZE=17', 'RCPT TO:<c@d.example>', 'DATA'],
    ],
    [
      'a header was added',
      'SIZE=17',
      `dot = function() header.add('X-A: b') end`,
      ['RSET', 'MAIL FROM:<a@b.example> SIZE=25', 'RCPT TO:<c@d.example>', 'DATA'],
    ],
    [
      'the policy sends it elsewhere',
      '',
      `dot = function() smtpe.setoption('smtp-smart-host', other) end`,
      ['RSET'],
    ],
    [
      'hook.reply took a recipient back',
      '',
      `reply = function(text) if text:find('recipient <c@') then return '450 4.2.0 no' end end`,
      ['RCPT TO:<e@d.example>', 'RSET', 'MAIL FROM:<a@b.example> SIZE=17', 'RCPT TO:<e@d.example>', 'DATA'],
    ],
  ])('%s: it is asked again before the content', async (_, parameter, rules, expected) => {
    const one = await hop();
    const two = await hop();
    set({ 'smtp-smart-host': one.target });
    const client = await connect(rules.replace('other', `'${two.target}'`));
    await client.commands(`MAIL FROM:<a@b.example> ${parameter}`.trim(), 'RCPT TO:<c@d.example>');
    if (rules.includes('reply')) await client.command('RCPT TO:<e@d.example>');
    expect(codes(await client.commands('DATA', `${MESSAGE}\r\n.`))).toBe('354 250');
    while (heard(one).length < expected.length + 2) await one.until(() => true);
    expect(heard(one).slice(2)).toEqual(expected);
    expect(contents(one).length + contents(two).length).toBe(1);
    await client.quit();
  });

  it('our own Received is known of at MAIL, and nothing is asked again for it', async () => {
    const one = await hop();
    set({ 'smtp-smart-host': one.target, 'smtp-received': '+' });
    const client = await connect();
    await client.commands('MAIL FROM:<a@b.example> SIZE=17', 'RCPT TO:<c@d.example>');
    expect(codes(await client.commands('DATA', `${MESSAGE}\r\n.`))).toBe('354 250');
    expect(heard(one)).toEqual(['MAIL FROM:<a@b.example> SIZE=1041', 'RCPT TO:<c@d.example>', 'DATA']);
    await client.quit();
    set({ 'smtp-received': '-' });
  });

  it('refused then: no DATA, and the reply is the client’s', async () => {
    const one = await hop({ mail: ['250 ok\r\n', '552 5.3.4 too much\r\n'] });
    set({ 'smtp-smart-host': one.target });
    const client = await connect();
    await client.commands('MAIL FROM:<a@b.example> SIZE=3', 'RCPT TO:<c@d.example>');
    const replies = await client.commands('DATA', `${MESSAGE}\r\n.`);
    // A refusal of MAIL over a used connection is asked once more over a new one.
    expect(replies[1]).toBe('552 5.3.4 too much\r\n');
    expect(contents(one)).toEqual([]);
    await client.quit();
  });

  it('nobody can be reached: 451 at MAIL', async () => {
    set({ 'smtp-smart-host': `127.0.0.1:${await refusedPort()}` });
    const client = await connect();
    expect(await client.command('MAIL FROM:<a@b.example>')).toBe(
      '451 4.4.1 next hop not available, try again later\r\n',
    );
    await client.quit();
  });

  it.each([
    ['auto', 0],
    ['rcpt', 1],
    ['dot', 0],
  ])('with hook.forward and smtp-forward-at=%s it is asked %d times', async (at, times) => {
    const one = await hop();
    set({ 'smtp-smart-host': one.target, 'smtp-forward-at': at });
    await server.reload(`${POLICY} function hook.forward() return '250 2.0.0 mine' end`);
    try {
      const client = await connect();
      await client.commands('MAIL FROM:<a@b.example>', 'RCPT TO:<c@d.example>');
      expect(heard(one)).toHaveLength(2 * times);
      expect(await client.commands('DATA', `${MESSAGE}\r\n.`)).toEqual([
        expect.stringMatching(/^354/),
        '250 2.0.0 mine\r\n',
      ]);
      expect(contents(one)).toEqual([]);
      await client.quit();
    } finally {
      set({ 'smtp-forward-at': 'auto' });
      await server.reload(POLICY);
    }
  });
});

describe('a next hop that answers for each recipient (LMTP)', () => {
  it.each(['auto', 'dot'])('who has it is left out when it comes again; smtp-forward-at=%s', async (at) => {
    const one = await hop({
      dot: [
        '250 a\r\n452 4.2.2 full\r\n250 c\r\n',
        '552 5.2.2 for good\r\n',
        '250 b\r\n',
        '250 a\r\n250 b\r\n250 c\r\n',
      ],
    });
    set({ 'smtp-smart-host': `lmtp:${one.target}`, 'smtp-forward-at': at });
    const send = async (text = 'x'): Promise<string> => {
      const client = await connect();
      await client.commands(
        'MAIL FROM:<a@b.example>',
        'RCPT TO:<a@d.example>',
        'RCPT TO:<b@d.example>',
        'RCPT TO:<c@d.example>',
        'DATA',
      );
      const reply = await client.command(`Message-ID: <1@x>\r\nX: ${Math.random()}\r\n\r\n${text}\r\n.`);
      await client.quit();
      return reply;
    };
    expect(await send()).toBe(
      '451-4.5.0 not taken for all recipients, refused: <b@d.example>\r\n451-4.5.0 <a@d.example>: delivered\r\n' +
        '451-4.5.0 <b@d.example>: 452 4.2.2 full\r\n451 4.5.0 <c@d.example>: delivered\r\n',
    );
    expect(await send()).toMatch(/<a@d.example>: delivered\r\n.*<b@d.example>: 552 5.2.2 for good\r\n/);
    expect(await send()).toMatch(/^250 2\.0\.0 message/);
    const copies = one.connections.flatMap(({ commands, contents }) => (contents.length > 0 ? commands : []));
    expect(contents(one)).toHaveLength(3);
    // Behind the first RSET of the second message everything is about one recipient, where it is asked again before the content.
    expect(copies.filter((line) => line.startsWith('DATA'))).toHaveLength(3);
    expect(await send('another message')).toMatch(/^250 /);
    expect(contents(one)).toHaveLength(4);
    set({ 'smtp-forward-at': 'auto' });
  });
});

describe('what else the policy and the next hop have said', () => {
  it('smtp-forward-tls=must in hook.dot: the connection in clear text does not get the message', async () => {
    const one = await hop();
    set({ 'smtp-smart-host': one.target });
    const client = await connect(`dot = function() smtpe.setoption('smtp-forward-tls', 'must') end`);
    const replies = await client.commands('MAIL FROM:<a@b.example>', 'RCPT TO:<c@d.example>', 'DATA');
    expect(codes([...replies, await client.command(`${MESSAGE}\r\n.`)])).toBe('250 250 354 451');
    expect(contents(one)).toEqual([]);
    await client.quit();
  });

  it('RCPTMAX counts as well where the next hop is asked at the dot: else no copy would ever go', async () => {
    const one = await hop({ ehlo: '250-sink\r\n250 LIMITS RCPTMAX=1\r\n' });
    set({ 'smtp-smart-host': one.target, 'smtp-forward-at': 'dot' });
    const client = await connect();
    const send = ['MAIL FROM:<a@b.example>', 'RCPT TO:<c@d.example>', 'DATA', `${MESSAGE}\r\n.`];
    expect(codes(await client.commands(...send))).toBe('250 250 354 250');
    const [first = '', second = '', ...rest] = send;
    expect(await client.commands(first, second, 'RCPT TO:<e@d.example>')).toMatchObject(
      [/^250/, /^250/, /^452 4\.5\.3 the next hop takes 1 recipients of a message/].map((pattern) =>
        expect.stringMatching(pattern),
      ),
    );
    expect(codes(await client.commands(...rest))).toBe('354 250');
    expect(contents(one)).toHaveLength(2);
    set({ 'smtp-forward-at': 'auto' });
    await client.quit();
  });
});

describe('smtp.route', () => {
  const byDomain = (one: NextHop, two: NextHop): string =>
    `rcpt = function(_, d) if d == 'one.example' then smtp.route { '${one.target}' } elseif d == 'two.example' then smtp.route { '${two.target}' } end end`;

  it.each(['auto', 'dot'])('a message has one route, others get 452; smtp-forward-at=%s', async (at) => {
    const [one, two, three] = [await hop(), await hop(), await hop()];
    set({ 'smtp-smart-host': three.target, 'smtp-forward-at': at });
    const client = await connect(byDomain(one, two));
    expect(
      await client.commands(
        'MAIL FROM:<a@b.example>',
        'RCPT TO:<x@one.example>',
        'RCPT TO:<y@two.example>',
        'RCPT TO:<z@three.example>',
        'RCPT TO:<v@one.example>',
      ),
    ).toEqual([
      '250 2.1.0 sender <a@b.example> OK\r\n',
      '250 2.1.0 recipient <x@one.example> OK\r\n',
      '452 4.5.3 recipient <y@two.example> goes another way than those before, try a message of its own\r\n',
      '452 4.5.3 recipient <z@three.example> goes another way than those before, try a message of its own\r\n',
      '250 2.1.0 recipient <v@one.example> OK\r\n',
    ]);
    expect(codes(await client.commands('DATA', `${MESSAGE}\r\n.`))).toBe('354 250');
    expect([contents(one).length, contents(two).length, contents(three).length]).toEqual([1, 0, 0]);
    expect(heard(one).filter((line) => line.startsWith('RCPT'))).toEqual([
      'RCPT TO:<x@one.example>',
      'RCPT TO:<v@one.example>',
    ]);
    // The next message goes its own way.
    await client.commands('MAIL FROM:<a@b.example>', 'RCPT TO:<z@three.example>');
    expect(codes(await client.commands('DATA', `${MESSAGE}\r\n.`))).toBe('354 250');
    expect(contents(three)).toHaveLength(1);
    await client.quit();
    set({ 'smtp-forward-at': 'auto' });
  });

  it('who is refused settles nothing: the next recipient may go another way', async () => {
    const [one, two] = [await hop({ rcpt: '550 5.1.1 no\r\n' }), await hop()];
    set({ 'smtp-smart-host': '' });
    const client = await connect(byDomain(one, two));
    expect(
      codes(
        await client.commands(
          'MAIL FROM:<a@b.example>',
          'RCPT TO:<x@one.example>',
          'RCPT TO:<y@two.example>',
        ),
      ),
    ).toBe('250 550 250');
    await one.saw('RSET');
    expect(codes(await client.commands('DATA', `${MESSAGE}\r\n.`))).toBe('354 250');
    expect([contents(one).length, contents(two).length]).toEqual([0, 1]);
    await client.quit();
  });

  it('in hook.mail it counts for all, and MAIL goes there', async () => {
    const [one, two] = [await hop(), await hop()];
    set({ 'smtp-smart-host': two.target });
    const client = await connect(`mail = function() smtp.route { '${one.target}' } end`);
    expect(
      codes(
        await client.commands(
          'MAIL FROM:<a@b.example>',
          'RCPT TO:<x@any.example>',
          'DATA',
          `${MESSAGE}\r\n.`,
        ),
      ),
    ).toBe('250 250 354 250');
    expect([one.connections.length, two.connections.length]).toEqual([1, 0]);
    await client.quit();
  });

  it.each([
    ['an empty list', 'mail', 'smtp.route {}', 'at least one host expected'],
    ['a host that is none', 'rcpt', "smtp.route { 'ok.example', 'a b' }", '"a b" is no next hop'],
    ['no table', 'rcpt', "smtp.route('a.example')", 'table'],
    ['another hook', 'ehlo', "smtp.route { 'ok.example' }", 'in hook.mail and hook.rcpt only'],
    [
      'hook.reply to RCPT',
      'reply',
      "if client.input:find('^RCPT') then smtp.route { 'ok.example' } end",
      'in hook.mail and hook.rcpt only',
    ],
  ])('%s is an error of the policy', async (_, name, call, text) => {
    set({ 'smtp-smart-host': '' });
    const client = server.inMemory();
    await client.reply();
    await client.command(`NOOP { ${name} = function() ${call} end }`);
    client.send('EHLO c.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n');
    expect(await client.rest()).toMatch(/421 4\.3\.0 internal error\r\n$/);
    client.stream.end();
    await client.over;
    expect(
      server
        .said(/smtp\.route/)
        .some((line) => line.includes(text) || line.includes(JSON.stringify(text).slice(1, -1))),
    ).toBe(true);
  });
});
