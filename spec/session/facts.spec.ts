// Walks through the table of session facts in the whole engine: what a policy knows at each moment of a session, and what of it is left
// behind the next one. Every fact and every moment of the table has its turn.
import { duplexPair } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NextHop } from '../../src/bench/ports/next-hop.ts';
import type { TlsFacts } from '../../src/net/tls-facts.ts';
import {
  type FactName,
  type FactSpec,
  factTable,
  type Moment,
  moments,
} from '../../src/smtp/server/session-facts.ts';
import { peerAt } from '../fakes/peer.ts';
import { RigClient } from '../fakes/smtp-rig.ts';
import { WholeServer } from '../fakes/whole-server.ts';

/** HELP sets what a policy can set, NOOP tells which facts hold. */
const policy = `
function hook.help()
  mark, client.mark, refuse = true, true, true
  smtpe.setoption('limit-recipients', '77')
  header.add('X-Early: 1')
end
function hook.noop()
  local facts = {}
  local function fact(name, holds) if holds then facts[#facts + 1] = name end end
  fact('address', client.address and client.host and client.port)
  fact('local', client.local_address)
  fact('tls', client.tls and client.is_tls)
  fact('session', client.id_sess)
  fact('policy', mark and client.mark)
  fact('options', smtpe.getoption('limit-recipients') == '77')
  fact('input', client.input == 'NOOP')
  fact('pipelining', client.is_pipelining)
  fact('authenticated', client.authenticated)
  fact('authUser', client.auth_user == 'alice')
  fact('authMechanism', client.auth_mechanism == 'PLAIN')
  fact('authClaim', client.auth_claim)
  fact('authPassword', client.auth_password)
  fact('transaction', client.id_trans and client.sender == 'a@b.example' and client.recipients)
  -- Nothing is changed by what it is already; outside of a transaction it is an error.
  fact('envelope', select(2, pcall(client.set_sender, 'changed@b.example')) == false)
  fact('mailParameters', client.parameters and client.parameters.SMTPUTF8)
  fact('utf8', client.smtputf8)
  fact('envid', client.envid == 'a+b')
  fact('ret', client.ret)
  fact('notify', client.notify)
  fact('orcpt', client.orcpt)
  fact('rcptParameters', client.rcpt_parameters)
  fact('tables', kept == mime.parts)
  fact('headers', header.find('X-Mail', 1))
  fact('earlyHeaders', header.find('X-Early', 1))
  fact('messageFile', client.msg_file)
  fact('messageLength', client.message_length)
  return '250 ' .. table.concat(facts, ' ')
end
local function hello(name) if name == 'bad' then return '550 5.7.1 no' end end
hook.helo, hook.ehlo = hello, hello
function hook.auth() if client.auth_password == 'right' then return '235 2.7.0 ok' end end
function hook.mail(sender)
  header.add('X-Mail: 1')
  client.set_sender('changed@b.example')
  kept = mime.parts
  if sender == 'bad@b.example' then return '550 5.7.1 no' end
end
-- The first DATA is refused: client.msg_file stays.
function hook.data() if refuse then refuse = nil return '451 4.3.0 not yet' end end
function hook.dot() in_dot = client.message_length end
function hook.forward() return '250 2.0.0 taken ' .. tostring(in_dot) .. ' ' .. tostring(client.message_length) end
`;

const auth = (password: string): string =>
  `AUTH PLAIN ${Buffer.from(`\0alice\0${password}`).toString('base64')}`;
const MAIL = 'MAIL FROM:<a@b.example>';
const MAIL_UTF8 = `${MAIL} SMTPUTF8 RET=FULL ENVID=a+2Bb`;
const RCPT = 'RCPT TO:<c@d.example>';

/** Facts that need more than a session and a look. */
const ALWAYS: readonly FactName[] = ['address', 'local', 'session', 'input'];
const OF_A_CLIENT: readonly FactName[] = [
  ...ALWAYS,
  ...([
    'policy',
    'options',
    'pipelining',
    'authenticated',
    'authUser',
    'authMechanism',
    'earlyHeaders',
  ] as const),
];
const OF_A_TRANSACTION: readonly FactName[] = [
  'transaction',
  'mailParameters',
  'utf8',
  'envid',
  'ret',
  'envelope',
  'tables',
  'headers',
  'messageFile',
];

let server: WholeServer;
beforeAll(async () => {
  server = await WholeServer.start({
    policy,
    options: { 'smtp-xclient-hosts': '192.0.2.0/24', 'smtp-utf8': '+', 'smtp-dsn': '+' },
  });
});
afterAll(() => server.stop());

async function facts(client: RigClient): Promise<readonly string[]> {
  const reply = await client.command('NOOP');
  expect(reply).toMatch(/^250 /);
  return reply.slice(4).trim().split(' ').toSorted();
}

/** A session in which all of this was said, each with the reply that begins so. */
async function session(...said: readonly (readonly [string, string])[]): Promise<RigClient> {
  const client = server.inMemory();
  await client.reply();
  for (const [line, reply] of said)
    expect([line, await client.command(line)]).toEqual([line, expect.stringMatching(`^${reply}`)]);
  return client;
}

const CLIENT = [
  ['EHLO c', '250'],
  ['HELP', '214'],
  [auth('right'), '235'],
] as const;
const TRANSACTION = [...CLIENT, [MAIL_UTF8, '250'], [RCPT, '250'], ['DATA', '451']] as const;

/** Two commands at once, so that the client pipelines. */
async function pipeline(client: RigClient): Promise<void> {
  client.send('NOOP\r\nNOOP\r\n');
  await client.reply();
  await client.reply();
}

const endsAt = (name: FactName, moment: Moment): boolean => {
  const { ends }: FactSpec = factTable[name];
  return ends.includes(moment);
};

describe('what a session knows', () => {
  it('is nothing of a client at first', async () => {
    const client = await session();
    expect(await facts(client)).toEqual(ALWAYS.toSorted());
    await client.quit();
  });

  const outside: readonly (readonly [Moment | 'nothing', string, string])[] = [
    ['hello', 'EHLO d', '250'],
    ['hello', 'HELO d', '250'],
    ['hello-refused', 'EHLO bad', '550'],
    ['hello-refused', 'HELO bad', '550'],
    ['hello-refused', 'EHLO', '501'],
    ['rset', 'RSET', '250'],
    ['mail-refused', 'MAIL FROM:<bad@b.example>', '550'],
    ['mail-refused', 'MAIL FROM:<bad@b.example', '553|501'],
    ['nothing', RCPT, '503'],
    ['nothing', 'DATA', '503'],
    ['nothing', 'XCLIENT', '501'],
    ['nothing', 'XCLIENT ADDR=x', '501'],
    ['xclient', 'XCLIENT ADDR=192.0.2.9', '220'],
    ['xclient', 'XCLIENT NAME=other.example', '220'],
    ['command', 'WHAT', '502'],
  ];
  it.each(outside)('outside of a transaction, behind %s (%s)', async (moment, line, reply) => {
    const client = await session(...CLIENT);
    await pipeline(client);
    expect(await facts(client)).toEqual(OF_A_CLIENT.toSorted());
    expect(await client.command(line)).toMatch(new RegExp(`^(?:${reply})`));
    const left = OF_A_CLIENT.filter(
      (name) => ALWAYS.includes(name) || moment === 'nothing' || !endsAt(name, moment),
    );
    expect(await facts(client)).toEqual(left.toSorted());
    // The hello is a fact too, that MAIL shows.
    const greets = moment !== 'nothing' && endsAt('hello', moment);
    expect(await client.command(MAIL)).toMatch(greets ? /^503/ : /^250/);
    await client.quit();
  });

  const inside: readonly (readonly [Moment | 'nothing', string, string])[] = [
    ['hello', 'EHLO d', '250'],
    ['hello', 'HELO d', '250'],
    ['hello-refused', 'EHLO bad', '550'],
    ['hello-refused', 'HELO bad', '550'],
    ['hello-refused', 'HELO', '501'],
    ['rset', 'RSET', '250'],
    ['message-end', 'DATA', '354'],
    ['nothing', MAIL, '503'],
    ['nothing', auth('right'), '503'],
    ['nothing', 'XCLIENT ADDR=192.0.2.9', '503'],
    ['nothing', 'RCPT TO:<>', '5'],
    ['command', 'WHAT', '502'],
  ];
  it.each(inside)('in a transaction, behind %s (%s)', async (moment, line, reply) => {
    const client = await session(...TRANSACTION);
    await pipeline(client);
    const all = [...OF_A_CLIENT, ...OF_A_TRANSACTION];
    expect(await facts(client)).toEqual(all.toSorted());
    expect(await client.command(line)).toMatch(new RegExp(`^${reply}`));
    if (moment === 'message-end') {
      // client.message_length is there from hook.dot on.
      expect(await client.command('A: 1\r\n\r\nx\r\n.')).toBe('250 2.0.0 taken 11 11\r\n');
    }
    const over = moment !== 'nothing' && endsAt('transaction', moment);
    const left = all.filter((name) => {
      if (ALWAYS.includes(name) || moment === 'nothing') return true;
      // A MAIL has taken them over: they end with it.
      return name === 'earlyHeaders' ? !over : !endsAt(name, moment);
    });
    expect(await facts(client)).toEqual(left.toSorted());
    expect(await client.command(RCPT)).toMatch(over ? /^503/ : /^250/);
    await client.quit();
  });

  it.each(['EHLO', 'HELO'])(
    'the edits of a refused %s are forgotten, those before it are not',
    async (verb) => {
      const hop = await NextHop.start();
      const editing = await WholeServer.start({
        policy: `local function hello(name)
          header.add('X-Hello: ' .. name)
          if name == 'bad' then header.delete('X-Early', 1) return '550 no' end
        end
        hook.ehlo, hook.helo = hello, hello
        function hook.noop() header.add('X-Early: 1') end`,
        options: { 'smtp-smart-host': hop.target },
      });
      const client = editing.inMemory();
      await client.reply();
      for (const line of ['EHLO good', 'NOOP', `${verb} bad`, MAIL, RCPT, 'DATA']) await client.command(line);
      expect(await client.command('A: 1\r\n\r\nx\r\n.')).toMatch(/^250/);
      expect(hop.connections[0]?.contents.map(String)).toEqual([
        'X-Hello: good\r\nX-Early: 1\r\nA: 1\r\n\r\nx\r\n',
      ]);
      await client.quit();
      await editing.stop();
      await hop.close();
    },
  );

  it('a refused AUTH leaves nothing', async () => {
    const client = await session(['EHLO c', '250'], [auth('wrong'), '535']);
    expect(await facts(client)).toEqual(ALWAYS.toSorted());
    await client.quit();
  });

  it('a transaction after XCLIENT begins with nothing of the one before', async () => {
    const client = await session(...TRANSACTION, ['RSET', '250'], ['XCLIENT ADDR=192.0.2.9', '220']);
    await client.commands('EHLO c', MAIL_UTF8);
    expect(await facts(client)).toEqual(
      [
        ...ALWAYS,
        'transaction',
        'envelope',
        'mailParameters',
        'utf8',
        'envid',
        'ret',
        'tables',
        'headers',
      ].toSorted(),
    );
    await client.quit();
  });

  it('every fact and every moment of the table has had its turn', () => {
    const shown: readonly FactName[] = [...OF_A_CLIENT, ...OF_A_TRANSACTION];
    // Of these the specs of AUTH, of the dot (above), of limits, XCLIENT and next-hop-asked tell.
    const elsewhere: readonly FactName[] = [
      'tls',
      'authClaim',
      'authPassword',
      'notify',
      'orcpt',
      'rcptParameters',
      'authAuthorize',
      'authResult',
      'authFields',
      'messageLength',
      'route',
      'hello',
      'commandCount',
      'errorCount',
    ];
    expect([...shown, ...elsewhere].toSorted()).toEqual(Object.keys(factTable).toSorted());
    // Of STARTTLS spec/session/tls.spec.ts tells.
    const walked = new Set<string>(['starttls', ...[...outside, ...inside].map(([moment]) => moment)]);
    const beginnings = [
      'connect',
      'pipelined',
      'auth-hook',
      'auth-done',
      'auth',
      'auth-refused',
      'mail-hook',
      'rcpt-hook',
      'rcpt-done',
      'data-hook',
      'dot-hook',
      'close',
    ];
    expect(
      Object.keys(moments)
        .filter((moment) => !walked.has(moment))
        .toSorted(),
    ).toEqual(beginnings.toSorted());
  });
});

describe('headers that are added outside of their hooks', () => {
  /** The headers of the message that the next hop would get, with the policy adding one in `hook`. */
  async function sent(hook: string, before: readonly string[]): Promise<string> {
    const lua = `
      ${hook === '' ? '' : `function hook.${hook}() if not added then added = true header.add('X-Added: 1') end end`}
      function hook.forward(path)
        local file = assert(io.open(path, 'rb'))
        local text = file:read('*a')
        file:close()
        return '250 ' .. text:match('^(.-)\\r\\n\\r\\n'):gsub('\\r\\n', '|') .. ''
      end`;
    const other = await WholeServer.start({ policy: lua });
    const client = other.inMemory();
    await client.reply();
    for (const line of [...before, MAIL, RCPT, 'DATA']) await client.command(line);
    const reply = await client.command('A: 1\r\n\r\nx\r\n.');
    await client.quit();
    await other.stop();
    return reply;
  }

  it.each([
    ['accept', ['EHLO c']],
    ['ehlo', ['EHLO c']],
    ['helo', ['HELO c']],
    ['noop', ['EHLO c', 'NOOP']],
    ['noop', ['NOOP', 'EHLO c', 'RSET', 'EHLO c']],
    ['rset', ['EHLO c', 'RSET']],
    ['rset', ['EHLO c', MAIL, 'RSET']],
    ['ehlo', ['HELO c', MAIL, RCPT, 'EHLO c']],
    ['mail', ['EHLO c']],
    ['rcpt', ['EHLO c']],
    ['data', ['EHLO c']],
  ])('hook.%s, %j: in front of those of the message', async (hook, before) => {
    expect(await sent(hook, before)).toBe('250 X-Added: 1|A: 1\r\n');
  });

  it.each([
    ['mail', ['EHLO c', MAIL, 'RSET']],
    ['noop', ['EHLO c', 'NOOP', MAIL, 'RSET']],
    ['rcpt', ['EHLO c', MAIL, RCPT, 'EHLO c']],
  ])('hook.%s, %j: gone with the transaction it belongs to', async (hook, before) => {
    expect(await sent(hook, before)).toBe('250 A: 1\r\n');
  });

  it('hook.reset can change none, with a transaction or without', async () => {
    const other = await WholeServer.start({
      policy: `
        local errors = {}
        function hook.reset()
          local ok, message = pcall(header.add, 'X-Reset: 1')
          errors[#errors + 1] = ok and 'added' or message:match('headers can be changed only up to hook.dot')
        end
        function hook.noop() return '250 ' .. table.concat(errors, '|') .. tostring(header.find('X-Reset')) end`,
    });
    const client = other.inMemory();
    await client.reply();
    for (const line of ['EHLO c', 'RSET', MAIL, 'RSET']) await client.command(line);
    const error = 'headers can be changed only up to hook.dot';
    expect(await client.command('NOOP')).toBe(`250 ${error}|${error}|${error}nil\r\n`);
    await client.quit();
    await other.stop();
  });
});

describe('client.tls of a connection that came encrypted', () => {
  it('has everything that is known of it, and XCLIENT does not change it', async () => {
    const other = await WholeServer.start({
      policy: `
        function hook.noop()
          local tls, shown = client.tls, {}
          for _, name in ipairs { 'version', 'cipher', 'bits', 'name', 'alpn', 'resumed', 'implicit', 'by' } do
            shown[#shown + 1] = name .. '=' .. tostring(tls[name])
          end
          local certificate = tls.certificate
          for _, name in ipairs { 'result', 'cause', 'subject', 'common_name', 'issuer', 'serial', 'fingerprint', 'not_after' } do
            shown[#shown + 1] = name .. '=' .. tostring(certificate[name])
          end
          return '250 ' .. tostring(client.is_tls) .. ' ' .. table.concat(shown, ' ') .. ' ' .. table.concat(certificate.names, ',')
        end`,
      options: { 'smtp-xclient-hosts': '192.0.2.0/24' },
    });
    const [ours, theirs] = duplexPair();
    const tls: TlsFacts = {
      ...{ version: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256', bits: 128, name: 'mx.example' },
      ...{ alpn: undefined, resumed: false, implicit: true, by: 'proxy' },
      certificate: {
        ...{ result: 'untrusted', cause: 'CERT_HAS_EXPIRED', subject: 'CN=a', commonName: 'a' },
        ...{ names: ['a.example', 'b.example'], issuer: 'CN=b', serial: '01', fingerprint: 'ab' },
        notAfter: '2026-11-28T00:00:00Z',
      },
    };
    const client = new RigClient(
      ours,
      other.server.serve(theirs, peerAt('192.0.2.1', { tls }), false),
      theirs,
    );
    await client.reply();
    const shown =
      '250 true version=TLSv1.3 cipher=TLS_AES_128_GCM_SHA256 bits=128 name=mx.example alpn=nil resumed=false implicit=true by=proxy ' +
      'result=untrusted cause=CERT_HAS_EXPIRED subject=CN=a common_name=a issuer=CN=b serial=01 fingerprint=ab not_after=2026-11-28T00:00:00Z ' +
      'a.example,b.example\r\n';
    expect(await client.command('NOOP')).toBe(shown);
    expect(await client.command('XCLIENT ADDR=192.0.2.9')).toMatch(/^220/);
    expect(await client.command('NOOP')).toBe(shown);
    await client.quit();
    await other.stop();
  });
});
