// STARTTLS to next hops: option smtp-forward-tls.
import { execFileSync } from 'node:child_process';
import { afterEach, describe, expect, it } from 'vitest';
import { createOptions } from '../../../src/options/option-set.ts';
import { testAuthority, testCertificate, testKey } from '../../fakes/certificates.ts';
import { type HopScript, NextHop } from '../../fakes/next-hop.ts';
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

  it('may: a failed handshake is a failure, not a reason for clear text', async () => {
    const sink = await hop({
      ehlo: PLAIN,
      starttls: { reply: '220 go\r\nnot TLS at all\r\n', end: 'close' },
    });
    const it = withTls('may');
    const outcome = await it.send([sink.target]);
    expect(outcome).toMatchObject({ kind: 'failed', stage: 'starttls' });
    expect(sink.commands).toEqual([`EHLO ${HELO}`, 'STARTTLS']);
    await nothingLeft(it, sink);
  });

  it('a handshake that does not go on has the deadline of a command', async () => {
    const sink = await hop({ ehlo: PLAIN, starttls: { reply: '220 go\r\n', end: 'hang' } });
    const it = bench({ 'smtp-forward-tls': 'may', 'smtp-command-timeout': '100' });
    const outcome = it.send([sink.target]);
    await sink.saw('STARTTLS');
    const { value, seconds } = await pass(outcome, it.clock);
    expect(value).toMatchObject({ kind: 'failed', stage: 'starttls', code: 120 });
    expect(seconds).toBeGreaterThanOrEqual(100);
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

  it('what was sent in clear text behind the 220 is thrown away', async () => {
    // In one segment with the 220: a reply that somebody in between put there, for the EHLO inside TLS.
    const sink = await hop({
      ...offering,
      starttls: '220 go\r\n250-injected\r\n250 PIPELINING\r\n',
      ehlo: [PLAIN, '250 sink\r\n'],
    });
    const it = withTls('must');
    expect((await it.send([sink.target])).kind).toBe('delivered');
    // Not pipelined: the injected reply was not taken for that to EHLO.
    expect(sink.connections[0]?.reads.slice(-3)).toEqual([
      'MAIL FROM:<alice@example.com>\r\n',
      'RCPT TO:<bob@example.org>\r\n',
      'DATA\r\n',
    ]);
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
