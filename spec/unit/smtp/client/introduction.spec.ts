// The client is named to the next hop: XCLIENT and the PROXY protocol, and that such a connection serves nobody else.
import { afterEach, describe, expect, it } from 'vitest';
import { type HopScript, NextHop } from '../../../../src/bench/ports/next-hop.ts';
import { startScripted } from '../../../../src/bench/ports/scripted-server.ts';
import type { ForwardedClient } from '../../../../src/delivery/port/forwarded-client.ts';
import { xclientLine } from '../../../../src/smtp/client/xclient-line.ts';
import { parseAttributes } from '../../../../src/smtp/server/xclient-attributes.ts';
import { testAuthority, testCertificate, testKey } from '../../../fakes/certificates.ts';
import { bench, HELO } from './support.ts';

const client: ForwardedClient = {
  address: '192.0.2.7',
  port: 40_000,
  localAddress: '198.51.100.1',
  localPort: 25,
  host: 'mail.example.com',
  helo: 'mail.example.com',
  protocol: 'ESMTP',
  login: undefined,
};
const ALL = 'NAME ADDR PORT PROTO HELO LOGIN';

describe('xclientLine', () => {
  it.each<[string, Partial<ForwardedClient>, string | undefined]>([
    [
      `${ALL} DESTADDR DESTPORT`,
      {},
      'NAME=mail.example.com ADDR=192.0.2.7 PORT=40000 PROTO=ESMTP HELO=mail.example.com LOGIN=[UNAVAILABLE]',
    ],
    ['name addr', {}, 'NAME=mail.example.com ADDR=192.0.2.7'],
    ['ADDR  NAME', { host: undefined }, 'NAME=[UNAVAILABLE] ADDR=192.0.2.7'],
    ['ADDR PORT', { address: '2001:db8::1', port: 0 }, 'ADDR=IPV6:2001:db8::1 PORT=[UNAVAILABLE]'],
    ['PROTO LOGIN', { protocol: 'SMTP', login: 'a+b=c d' }, 'PROTO=SMTP LOGIN=a+2Bb+3Dc+20d'],
    ['HELO', { helo: '' }, 'HELO=[UNAVAILABLE]'],
    ['HELO', { helo: '[unavailable]' }, 'HELO=?'],
    ['HELO', { helo: 'a\r\nMAIL FROM:<x>\0' }, 'HELO=a??MAIL+20FROM:<x>?'],
    ['HELO', { helo: '\xe4'.repeat(1000) }, `HELO=${'+E4'.repeat(255)}`],
    ['LOGIN', { login: 'b\xfcro' }, 'LOGIN=b+FCro'],
    ['DESTADDR', {}, undefined],
    ['', {}, undefined],
  ])('%s, %j', (offered, changes, attributes) => {
    const line = xclientLine(offered, { ...client, ...changes });
    expect(line).toBe(attributes && `XCLIENT ${attributes}\r\n`);
    if (attributes !== undefined) expect(parseAttributes(attributes.split(' ')).kind).toBe('attributes');
  });
});

const hops: NextHop[] = [];
async function hop(script: HopScript = {}): Promise<NextHop> {
  const started = await NextHop.start(script);
  hops.push(started);
  return started;
}
afterEach(async () => {
  for (const one of hops.splice(0)) await one.close();
});
const OFFERS = `250-sink\r\n250-XCLIENT ${ALL}\r\n250 SIZE\r\n`;
const own = { ownHosts: true, client };

describe('smtp-forward-xclient', () => {
  it('names the client, says EHLO again, and keeps the connection for that client only', async () => {
    const sink = await hop({
      ehlo: [OFFERS, '250-sink\r\n250 PIPELINING\r\n'],
      xclient: '220 sink again\r\n',
    });
    const it = bench({ 'smtp-forward-xclient': '+' });
    for (let i = 0; i < 2; i++) expect((await it.send([sink.target], own)).kind).toBe('delivered');
    expect(sink.connections).toHaveLength(1);
    expect(sink.commands.slice(0, 3)).toEqual([
      `EHLO ${HELO}`,
      'XCLIENT NAME=mail.example.com ADDR=192.0.2.7 PORT=40000 PROTO=ESMTP HELO=mail.example.com LOGIN=[UNAVAILABLE]',
      `EHLO ${HELO}`,
    ]);
    expect(sink.connections[0]?.reads[3]).toMatch(/^MAIL.*\r\nRCPT/);
    // Neither another client nor nobody.
    await it.send([sink.target], { ...own, client: { ...client, port: 40_001 } });
    await it.send([sink.target]);
    expect(sink.connections).toHaveLength(3);
    expect(sink.connections[2]?.commands.join()).not.toContain('XCLIENT');
    it.client.close();
    await sink.allClosed(3);
    expect(it.clock.pending).toBe(0);
  });

  it('comes behind STARTTLS and before AUTH is asked for, over one and the same TLS', async () => {
    const sink = await hop({
      ehlo: ['250-sink\r\n250 STARTTLS\r\n', OFFERS, '250 sink\r\n'],
      starttls: '220 go\r\n',
      xclient: '220 sink\r\n',
      tls: { key: testKey, cert: testCertificate },
    });
    const it = bench({ 'smtp-forward-xclient': '+', 'smtp-forward-tls': 'must' }, {}, { ca: testAuthority });
    expect((await it.send([sink.target], own)).kind).toBe('delivered');
    expect(sink.commands.map((line) => line.slice(0, 7))).toEqual([
      ...['EHLO mx', 'STARTTL', 'EHLO mx', 'XCLIENT', 'EHLO mx', 'MAIL FR', 'RCPT TO', 'DATA'],
    ]);
    it.client.close();
    await sink.allClosed();
  });

  it.each([
    ['is not offered', '250 sink\r\n', own],
    ['is offered with nothing that we know', '250-sink\r\n250 XCLIENT DESTADDR\r\n', own],
    ['is offered by somebody whom a policy names', OFFERS, { client }],
    ['has nobody to name', OFFERS, { ownHosts: true }],
  ] as const)('is not said where it %s', async (_, ehlo, changes) => {
    const sink = await hop({ ehlo });
    const it = bench({ 'smtp-forward-xclient': '+' });
    expect((await it.send([sink.target], changes)).kind).toBe('delivered');
    expect(sink.commands.join()).not.toContain('XCLIENT');
    it.client.close();
    await sink.allClosed();
  });

  it('refused: nothing is sent in our own name', async () => {
    const sink = await hop({ ehlo: OFFERS, xclient: '550 5.7.0 not you\r\n' });
    const good = await hop({ ehlo: '250 sink\r\n' });
    const it = bench({ 'smtp-forward-xclient': '+' });
    expect(await it.send([sink.target], own)).toMatchObject({ kind: 'refused', stage: 'helo', code: 550 });
    expect(sink.commands.join()).not.toContain('MAIL');
    expect(await it.send([sink.target, good.target], own)).toMatchObject({ host: good.target });
    it.client.close();
    await sink.allClosed();
    expect(it.clock.pending).toBe(0);
  });
});

describe('smtp-forward-proxy', () => {
  /** The first octets that a next hop gets before it has said a word. */
  async function firstOctets(version: string, changes: object): Promise<string> {
    const server = await startScripted(async (connection) => {
      await connection.until((bytes) => bytes.length >= 15 && (bytes[0] === 13 || bytes.includes(10)));
      connection.end();
    });
    const it = bench({ 'smtp-forward-proxy': version });
    await it.send([server.host], changes);
    const octets = server.connections[0]?.received.toString('latin1') ?? '';
    await server.close();
    expect(it.clock.pending).toBe(0);
    return octets;
  }

  it('goes first, with the addresses of the client', async () => {
    expect(await firstOctets('v1', own)).toBe('PROXY TCP4 192.0.2.7 198.51.100.1 40000 25\r\n');
    expect(Buffer.from(await firstOctets('v2', own), 'latin1').toString('hex')).toBe(
      '0d0a0d0a000d0a515549540a2111000cc0000207c63364019c400019',
    );
  });

  it('names nobody where there is no client', async () => {
    expect(await firstOctets('v1', { ownHosts: true })).toBe('PROXY UNKNOWN\r\n');
    expect(Buffer.from(await firstOctets('v2', { ownHosts: true }), 'latin1').toString('hex')).toBe(
      '0d0a0d0a000d0a515549540a20000000',
    );
  });

  it('is not for hosts that a policy names, and its connections are for one client only', async () => {
    const sink = await hop();
    const it = bench({ 'smtp-forward-proxy': 'v1' });
    // The sink does not know it: 502 comes before the banner is read, as a reply that nobody asked for.
    expect((await it.send([sink.target], own)).kind).toBe('failed');
    expect(sink.commands[0]).toMatch(/^PROXY TCP4/);
    expect((await it.send([sink.target], { client })).kind).toBe('delivered');
    expect(sink.connections.at(-1)?.commands[0]).toBe(`EHLO ${HELO}`);
    it.client.close();
    await sink.allClosed(2);
  });
});
