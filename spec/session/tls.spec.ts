// TLS with clients in the whole engine, over sockets: listeners with each flag, what a policy sees, limits and deadlines before a session is there, new
// certificates in service, and that nothing is left behind.
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeClock } from '../../src/bench/ports/clock.ts';
import { InboundTls } from '../../src/net/inbound-tls.ts';
import { good, mxEc, otherRsa } from '../fakes/tls-certificates.ts';
import { helloOf, materialOf, StartTlsClient, tlsOption } from '../fakes/tls-rig.ts';
import { turn, WholeServer } from '../fakes/whole-server.ts';

const policy = `
function hook.accept() at_accept = client.is_tls header.add('X-Accept: 1') end
function hook.ehlo(name) header.add('X-Hello: ' .. name) end
function hook.noop()
  local tls = client.tls or {}
  local certificate = tls.certificate or {}
  return '250 ' .. table.concat({ tostring(at_accept), tostring(client.is_tls), tostring(tls.version), tostring(tls.implicit),
    tostring(tls.name), tostring(certificate.result), tostring(certificate.common_name) }, ' ')
end
function hook.help()
  mark, client.mark = true, true
  smtpe.setoption('limit-recipients', '77')
  header.add('X-Early: 1')
end
function hook.unknown()
  if client.input == 'HEADERS' then
    local _, hello = header.find('X-Hello', 1)
    return ('252 %d %d %s'):format(header.count('X-Accept'), header.count('X-Hello'), hello)
  end
  local function show(name, holds) return holds and name .. ' ' or '' end
  return '252 ' .. show('policy', mark and client.mark) .. show('options', smtpe.getoption('limit-recipients') == '77')
    .. show('earlyHeaders', header.find('X-Early', 1)) .. show('headersOfAccept', header.find('X-Accept', 1))
    .. show('authenticated', client.authenticated) .. show('authUser', client.auth_user) .. show('authMechanism', client.auth_mechanism)
    .. show('pipelining', client.is_pipelining) .. show('tls', client.is_tls) .. show('session', client.id_sess) .. 'end'
end
function hook.auth() return '235 2.7.0 ok' end
`;

const tls = (): InboundTls => new InboundTls(materialOf({ mxEc, otherRsa }));
const LISTEN = 'mx=127.0.0.1:0 subs=127.0.0.1:0/tls req=127.0.0.1:0/tls-required clear=127.0.0.1:0/no-tls';
const OPTIONS = {
  'smtp-listen': LISTEN,
  'smtp-tls': tlsOption('mxEc', 'otherRsa'),
  'smtp-tls-client-ca': 'ca.pem',
  'smtp-tls-auth-only': '-',
} as const;

let server: WholeServer;
let inbound: InboundTls;
beforeAll(async () => {
  inbound = tls();
  server = await WholeServer.start({ policy, options: OPTIONS, tls: inbound });
});
afterAll(() => server.stop());

const sockets: Socket[] = [];
function socketTo(index: number, to = server): Promise<Socket> {
  const endpoint = to.server.endpoints[index];
  const socket = connect({ port: endpoint?.port ?? 0, host: '127.0.0.1' });
  sockets.push(socket);
  socket.on('error', () => undefined);
  return new Promise((resolve) => socket.once('connect', () => resolve(socket)));
}
afterAll(() => {
  for (const socket of sockets) socket.destroy();
});

const client = async (index: number, to = server): Promise<StartTlsClient> =>
  new StartTlsClient(await socketTo(index, to));

describe('a listener', () => {
  it('with the flag tls: handshake, then hook.accept and banner; no STARTTLS', async () => {
    const one = await client(1);
    expect(
      await one.secure({ servername: 'other.example.test', cert: good.certificate, key: good.key }),
    ).toBe('secured');
    expect(await one.reply()).toMatch(/^220 mx\.example ESMTP /);
    expect(await one.command('EHLO c')).not.toContain('STARTTLS');
    expect(await one.command('NOOP')).toBe(
      '250 true true TLSv1.3 true other.example.test verified client.example.test\r\n',
    );
    expect(await one.commands('STARTTLS', 'QUIT')).toEqual(['503', '221']);
    one.end();
  });

  it('without flags, with tls-required and with no-tls', async () => {
    const mx = await client(0);
    await mx.reply();
    expect(await mx.command('NOOP')).toBe('250 false false nil nil nil nil nil\r\n');
    expect(await mx.command('EHLO c')).toContain('250-STARTTLS\r\n');
    await mx.commands('STARTTLS');
    expect(await mx.secure()).toBe('secured');
    expect(await mx.command('NOOP')).toBe('250 false true TLSv1.3 false nil nil nil\r\n');
    const required = await client(2);
    await required.reply();
    expect(await required.commands('EHLO c', 'MAIL FROM:<a@b.cc>')).toEqual(['250', '530']);
    const clear = await client(3);
    await clear.reply();
    expect(await clear.command('EHLO c')).not.toContain('STARTTLS');
    expect(await clear.commands('MAIL FROM:<a@b.cc>')).toEqual(['250']);
    for (const one of [mx, required, clear]) one.end();
  });

  it('with tls: a client that speaks in clear, or waits for a banner, is refused without a word', async () => {
    const one = await client(1);
    one.send('EHLO c\r\n');
    expect(await one.rest()).toBe('');
    await server.line(/refused .*tls: no TLS record/);
  });
});

describe('what STARTTLS forgets, and what it does not', () => {
  it('walks through the facts', async () => {
    const one = await client(0);
    await one.reply();
    const auth = `AUTH PLAIN ${Buffer.from('\0alice\0x').toString('base64')}`;
    expect(await one.commands('EHLO c', 'HELP', auth)).toEqual(['250', '214', '235']);
    one.send('NOOP\r\nNOOP\r\n');
    await one.reply();
    await one.reply();
    expect(await one.command('FACTS')).toBe(
      '252 policy options earlyHeaders headersOfAccept authenticated authUser authMechanism pipelining session end\r\n',
    );
    await one.commands('STARTTLS');
    expect(await one.secure()).toBe('secured');
    expect(await one.command('FACTS')).toBe('252 policy options headersOfAccept tls session end\r\n');
    expect(await one.commands('MAIL FROM:<a@b.cc>')).toEqual(['503']);
    one.end();
  });

  it.each([
    ['straight away', [], '1 1 secured'],
    [
      'behind a message, whose the headers of hook.accept were',
      ['MAIL FROM:<a@b.cc>', 'RSET'],
      '0 1 secured',
    ],
  ])('headers of the hello in clear, with STARTTLS %s', async (_name, between, expected) => {
    const one = await client(0);
    await one.reply();
    await one.commands('EHLO clear', ...between, 'STARTTLS');
    expect(await one.secure()).toBe('secured');
    await one.commands('EHLO secured', 'MAIL FROM:<a@b.cc>');
    expect(await one.command('HEADERS')).toBe(`252 ${expected}\r\n`);
    one.end();
  });
});

describe('before there is a session', () => {
  it.each([
    ['silence', undefined],
    ['one octet', 1],
    ['half a hello', 100],
    ['a whole hello', 10_000],
  ])('%s: gone at the deadline, and its place is free', async (_name, octets) => {
    const clock = new FakeClock();
    const other = await WholeServer.start({
      policy,
      clock,
      options: { ...OPTIONS, 'smtp-tls-timeout': '7', 'limit-connections': '1' },
      tls: tls(),
    });
    const slow = await socketTo(1, other);
    const closed = new Promise<void>((resolve) => slow.on('close', () => resolve()));
    slow.resume();
    if (octets !== undefined) slow.write((await helloOf({})).subarray(0, octets));
    while (other.limits.total < 1) await turn();
    // It counts as a connection while it is at it.
    const refused = await client(0, other);
    expect(await refused.reply()).toMatch(/^421 4\.3\.2 too many/);
    // Who awaits a handshake gets no words in clear.
    expect(await (await client(1, other)).rest()).toBe('');
    await turn();
    clock.advance(6999);
    await turn();
    expect(other.limits.total).toBe(1);
    clock.advance(1);
    await closed;
    await other.line(/refused .*tls: not done within 7 s/);
    expect(other.limits.total).toBe(0);
    const next = await client(1, other);
    expect(await next.secure()).toBe('secured');
    expect(await next.reply()).toMatch(/^220/);
    next.end();
    next.raw.destroy();
    await other.stop();
  });

  it('the greet pause counts from the end of the handshake', async () => {
    const clock = new FakeClock();
    const other = await WholeServer.start({
      ...{ policy, clock, tls: tls() },
      options: { ...OPTIONS, 'smtp-greet-pause': '500' },
    });
    const one = await client(1, other);
    // As long as the pause, within the handshake.
    await turn();
    clock.advance(500);
    expect(await one.secure()).toBe('secured');
    while (other.server.sessions === 0) await turn();
    for (let i = 0; i < 5; i++) await turn();
    clock.advance(499);
    await turn();
    expect(one.received).toBe('');
    clock.advance(1);
    expect(await one.reply()).toMatch(/^220/);
    one.raw.destroy();
    await other.stop();
  });

  it('a server that ends closes those in their handshake', async () => {
    const other = await WholeServer.start({ policy, options: OPTIONS, tls: tls() });
    const slow = await socketTo(1, other);
    slow.resume();
    const closed = new Promise<void>((resolve) => slow.on('close', () => resolve()));
    while (other.limits.total < 1) await turn();
    await other.stop();
    await closed;
  });
});

describe('new certificates', () => {
  const nameOf = async (to: WholeServer): Promise<unknown> => {
    const one = await client(1, to);
    expect(await one.secure()).toBe('secured');
    const name = one.peerName;
    one.end();
    one.raw.destroy();
    return name;
  };

  it('are for new connections; those that are open keep theirs', async () => {
    const mine = new InboundTls(materialOf({ mx: mxEc }));
    const other = await WholeServer.start({
      policy,
      options: { ...OPTIONS, 'smtp-tls': tlsOption('mx') },
      tls: mine,
    });
    const open = await client(1, other);
    expect(await open.secure()).toBe('secured');
    await open.reply();
    expect(await nameOf(other)).toBe('mx.example.test');
    mine.take(materialOf({ mx: otherRsa }));
    expect(await nameOf(other)).toBe('other.example.test');
    expect(await open.command('NOOP')).toMatch(/^250/);
    open.raw.destroy();
    await other.stop();
  });
});

describe('nothing is left', () => {
  it('of a hundred connections that end in every way', async () => {
    await server.quiet();
    const before = await server.settled();
    const hello = await helloOf({});
    for (let i = 0; i < 100; i++) {
      const implicit = i % 2;
      const socket = await socketTo(implicit);
      const one = new StartTlsClient(socket);
      if (implicit === 0) {
        await one.reply();
        if (i % 10 !== 0) await one.commands('STARTTLS');
      }
      switch (i % 7) {
        case 0:
          socket.destroy();
          break;
        case 1:
          one.send(hello.subarray(0, i));
          socket.end();
          break;
        case 2:
          one.send('garbage\r\n');
          break;
        case 3:
          one.send(hello);
          socket.resetAndDestroy();
          break;
        default:
          await one.secure();
          one.send('EHLO c\r\nNOOP\r\n');
          if (i % 3 === 0) socket.destroy();
          else one.end();
      }
      socket.end();
    }
    for (const socket of sockets.splice(0)) socket.destroy();
    expect(await server.backTo(before)).toEqual(before);
  });
});
