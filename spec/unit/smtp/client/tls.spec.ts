// STARTTLS to next hops: option smtp-forward-tls.
import { execFileSync } from 'node:child_process';
import { afterEach, describe, expect, it } from 'vitest';
import { type HopScript, NextHop } from '../../../../src/bench/ports/next-hop.ts';
import { createOptions } from '../../../../src/options/option-set.ts';
import { testAuthority, testCertificate, testKey } from '../../../fakes/certificates.ts';
import { type Bench, bench, HELO, MESSAGE, pass } from './support.ts';

/** A certificate whose only name is its common name. */
function selfSigned(name: string): { readonly key: string; readonly certificate: string } {
  const made = execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '2',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      '-',
    ],
    { encoding: 'latin1', stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const block = (what: string) =>
    new RegExp(`-----BEGIN ${what}-----[^]*?-----END ${what}-----\n`).exec(made)?.[0] ?? '';
  return { key: block('PRIVATE KEY'), certificate: block('CERTIFICATE') };
}

const hops: NextHop[] = [];
async function hop(script: HopScript = {}): Promise<NextHop> {
  const started = await NextHop.start(script);
  hops.push(started);
  return started;
}
afterEach(async () => {
  for (const one of hops.splice(0)) await one.close();
});

const PLAIN = '250-sink\r\n250-STARTTLS\r\n250 X-PLAIN\r\n';
const SECURE = '250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n';
const offering: HopScript = {
  ehlo: [PLAIN, SECURE],
  starttls: '220 go\r\n',
  tls: { key: testKey, cert: testCertificate },
};
const NAMES = { 'mx.example.test': ['127.0.0.1'], 'other.example.test': ['127.0.0.1'] };

function withTls(mode: 'off' | 'may' | 'must', ca: string | undefined = testAuthority): Bench {
  return bench({ 'smtp-forward-tls': mode }, NAMES, { ca });
}

const wasSecured = (sink: NextHop): boolean =>
  sink.connections.some((one) => one.events.some((event) => 'secured' in event));

async function nothingLeft({ client, clock }: Bench, sink: NextHop): Promise<void> {
  client.close();
  await sink.allClosed();
  expect(clock.pending).toBe(0);
}

describe('smtp-forward-tls', () => {
  it('must: verified by authority and name, EHLO again, only what was said inside counts', async () => {
    const sink = await hop(offering);
    const it = withTls('must');
    const host = `mx.example.test:${sink.port}`;
    expect(await it.send([host], { eightBit: true })).toMatchObject({ kind: 'delivered', host });
    expect(sink.commands).toEqual([
      `EHLO ${HELO}`,
      'STARTTLS',
      `EHLO ${HELO}`,
      'MAIL FROM:<alice@example.com> BODY=8BITMIME',
      'RCPT TO:<bob@example.org>',
      'DATA',
    ]);
    expect(wasSecured(sink)).toBe(true);
    expect(sink.connections[0]?.contents.map(String)).toEqual([MESSAGE]);
    // The secured connection is used again.
    expect((await it.send([host])).kind).toBe('delivered');
    expect(sink.connections).toHaveLength(1);
    await nothingLeft(it, sink);
  });

  it('must: an address is verified as such', async () => {
    const sink = await hop(offering);
    const it = withTls('must');
    expect((await it.send([sink.target])).kind).toBe('delivered');
    await nothingLeft(it, sink);
  });

  it.each([
    ['the name is another one', 'other.example.test', testAuthority, /does not match|altnames/i],
    ['the authority is not known', 'mx.example.test', undefined, /certificate/i],
  ])('must: fails when %s', async (_, name, ca, error) => {
    const sink = await hop(offering);
    const it = bench({ 'smtp-forward-tls': 'must' }, NAMES, ca === undefined ? {} : { ca });
    const outcome = await it.send([`${name}:${sink.port}`]);
    expect(outcome).toMatchObject({ kind: 'failed', stage: 'starttls', code: 100 });
    expect(outcome.kind === 'failed' && outcome.error).toMatch(error);
    expect(sink.commands).toEqual([`EHLO ${HELO}`, 'STARTTLS']);
    await nothingLeft(it, sink);
  });

  it.each([
    ['is not offered', { ehlo: SECURE }, 'STARTTLS is required and not offered'],
    ['is not offered with HELO', { ehlo: '502 x\r\n' }, 'STARTTLS is required and not offered'],
    ['is refused', { ehlo: PLAIN, starttls: '454 4.7.0 not now\r\n' }, 'STARTTLS refused: 454 4.7.0 not now'],
  ])('must: fails when it %s, and nothing is sent', async (_, script, error) => {
    const sink = await hop(script);
    const it = withTls('must');
    expect(await it.send([sink.target])).toMatchObject({ kind: 'failed', stage: 'starttls', error });
    expect(sink.commands.filter((line) => line.startsWith('MAIL'))).toEqual([]);
    await nothingLeft(it, sink);
  });

  it('may: a certificate that cannot be verified is good enough against listeners', async () => {
    const sink = await hop(offering);
    const it = withTls('may', undefined);
    expect((await it.send([`other.example.test:${sink.port}`])).kind).toBe('delivered');
    expect(wasSecured(sink)).toBe(true);
    await nothingLeft(it, sink);
  });

  it.each([
    ['is not offered', { ehlo: SECURE }],
    ['is refused', { ehlo: PLAIN, starttls: '454 4.7.0 not now\r\n' }],
  ])('may: goes on in clear text when it %s', async (_, script) => {
    const sink = await hop(script);
    const it = withTls('may');
    expect((await it.send([sink.target])).kind).toBe('delivered');
    expect(wasSecured(sink)).toBe(false);
    await nothingLeft(it, sink);
  });

  it.each<[string, HopScript]>([
    ['is no TLS at all', { starttls: { reply: '220 go\r\nnot TLS at all\r\n', end: 'close' } }],
    ['talks in clear text behind the 220', { starttls: ['220 go\r\n250 x\r\n'] }],
    ['closes at STARTTLS', { starttls: null }],
    ['closes behind the 220', { starttls: { reply: '220 go\r\n', end: 'close' } }],
    ['resets behind the 220', { starttls: { reply: '220 go\r\n', end: 'reset' } }],
    ['says 421 to STARTTLS', { starttls: '421 4.7.0 no TLS today\r\n' }],
    ['breaks off at EHLO within TLS', { ...offering, ehlo: [PLAIN, null, PLAIN] }],
    ['talks garbage within TLS', { ...offering, ehlo: [PLAIN, 'what?\r\n', PLAIN] }],
  ])('may: TLS that %s is done without, over a new connection', async (_, script) => {
    const sink = await hop({ ehlo: PLAIN, ...script });
    const it = withTls('may');
    expect((await it.send([sink.target])).kind).toBe('delivered');
    expect(sink.connections).toHaveLength(2);
    const commands = [`EHLO ${HELO}`, 'MAIL FROM:<alice@example.com>', 'RCPT TO:<bob@example.org>', 'DATA'];
    expect(sink.connections[1]?.commands).toEqual(commands);
    expect(sink.connections[0]?.commands).not.toContain(commands[1]);
    expect(it.log.short).toEqual(['warning next hop offers TLS that fails, trying in clear text']);
    await nothingLeft(it, sink);
  });

  it.each(['may', 'must'] as const)('%s: a handshake that hangs has 30 s', async (mode) => {
    const sink = await hop({ ehlo: PLAIN, starttls: { reply: '220 go\r\n', end: 'hang' } });
    const it = withTls(mode);
    const outcome = it.send([sink.target]);
    await sink.saw('STARTTLS');
    const { value, seconds } = await pass(outcome, it.clock);
    expect(value).toMatchObject(
      mode === 'may' ? { kind: 'delivered' } : { kind: 'failed', stage: 'starttls', code: 120 },
    );
    expect(seconds).toBeGreaterThanOrEqual(30);
    expect(seconds).toBeLessThan(60);
    await nothingLeft(it, sink);
  });

  it('may: what fails in clear text as well is a failure of that, and there is no third connection', async () => {
    const sink = await hop({ ehlo: [PLAIN, null, null], starttls: '220 go\r\n' });
    const it = bench({ 'smtp-forward-tls': 'may', 'smtp-command-timeout': '5' });
    const { value } = await pass(it.send([sink.target]), it.clock);
    expect(value).toMatchObject({ kind: 'failed', stage: 'helo' });
    expect(sink.connections).toHaveLength(2);
    await nothingLeft(it, sink);
  });

  it('off: not even when offered', async () => {
    const sink = await hop({ ...offering, ehlo: PLAIN });
    const it = withTls('off');
    expect((await it.send([sink.target])).kind).toBe('delivered');
    expect(sink.commands).not.toContain('STARTTLS');
    await nothingLeft(it, sink);
  });

  it('a connection in clear text does not serve a delivery that demands TLS', async () => {
    const sink = await hop({
      ehlo: [SECURE, PLAIN, SECURE],
      starttls: '220 go\r\n',
      tls: { key: testKey, cert: testCertificate },
    });
    const it = withTls('may');
    expect((await it.send([sink.target])).kind).toBe('delivered');
    const strict = createOptions({ 'smtp-forward-tls': 'must' });
    expect((await it.send([sink.target], { options: strict })).kind).toBe('delivered');
    expect(sink.connections).toHaveLength(2);
    expect(wasSecured(sink)).toBe(true);
    await nothingLeft(it, sink);
  });

  it.each([
    ['a reply to the EHLO inside', '220 go\r\n250-injected\r\n250 PIPELINING\r\n'],
    ['half a line', '220 go\r\n2'],
    ['an end of line', '220 go\r\n\r\n'],
  ])('must: %s in clear text behind the 220 ends the connection', async (_, starttls) => {
    const sink = await hop({ ...offering, starttls, ehlo: [PLAIN, '250 sink\r\n'] });
    const it = withTls('must');
    expect(await it.send([sink.target])).toMatchObject({
      kind: 'failed',
      stage: 'starttls',
      error: 'octets in clear text behind the reply to STARTTLS',
    });
    expect(sink.commands).toEqual([`EHLO ${HELO}`, 'STARTTLS']);
    await nothingLeft(it, sink);
  });

  it('must: a certificate with a common name only names nobody (RFC 9525 section 6.3)', async () => {
    const { key, certificate } = selfSigned('mx.example.test');
    const sink = await hop({ ...offering, tls: { key, cert: certificate } });
    const it = withTls('must', certificate);
    expect(await it.send([`mx.example.test:${sink.port}`])).toMatchObject({
      kind: 'failed',
      error: expect.stringContaining('no subjectAltName'),
    });
    await nothingLeft(it, sink);
  });
});
