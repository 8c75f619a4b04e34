// Messages with REQUIRETLS (RFC 8689 section 4.2) go over TLS with a valid certificate to next hops that offer it, and nowhere else; those that
// say TLS-Required: No are not kept back by smtp-forward-tls=must.
import { afterEach, describe, expect, it } from 'vitest';
import { type HopScript, NextHop } from '../../../../src/bench/ports/next-hop.ts';
import { testAuthority, testCertificate, testKey } from '../../../fakes/certificates.ts';
import { bench } from './support.ts';

const NAMES = { 'mx.example.test': ['127.0.0.1'], 'wrong.example.invalid': ['127.0.0.1'] };
const PLAIN = '250-sink\r\n250-REQUIRETLS\r\n250 STARTTLS\r\n';
const tls = { key: testKey, cert: testCertificate };
const good: HopScript = { ehlo: [PLAIN, '250-sink\r\n250 REQUIRETLS\r\n'], starttls: '220 go\r\n', tls };
const without: HopScript = { ...good, ehlo: [PLAIN, '250 sink\r\n'] };
/** It offers REQUIRETLS, and no TLS. */
const clear: HopScript = { ehlo: '250-sink\r\n250 REQUIRETLS\r\n' };
const refusing: HopScript = { ehlo: PLAIN, starttls: '502 5.5.1 no\r\n' };

const hops: NextHop[] = [];
afterEach(async () => {
  for (const hop of hops.splice(0)) await hop.close();
});

interface How {
  readonly ca?: string | undefined;
  readonly word?: 'off' | 'may' | 'must';
  readonly name?: string;
}

async function send(
  script: HopScript,
  { ca = testAuthority, name = 'mx.example.test', word = 'may' }: How = {},
) {
  const hop = await NextHop.start(script);
  hops.push(hop);
  const it_ = bench({ 'smtp-forward-tls': word }, NAMES, { ca });
  const hosts = [`${name}:${hop.port}`];
  const parameters = { REQUIRETLS: true } as const;
  const outcome = await it_.send(hosts, { parameters });
  const opened = await it_.client.open(
    { hosts, sender: 'a@b.example', parameters, id: 'T2' },
    new AbortController().signal,
  );
  it_.client.close();
  const mails = hop.commands.filter((line) => line.startsWith('MAIL'));
  const shown = `${outcome.kind} ${outcome.kind === 'failed' ? outcome.error : outcome.text}`;
  return {
    shown,
    opened: opened.kind,
    mails,
    isSecured: hop.connections[0]?.events.some((event) => 'secured' in event),
  };
}

const REFUSED = 'refused 550 5.7.30 the next hop does not offer REQUIRETLS over TLS with a valid certificate';

describe('REQUIRETLS', () => {
  it.each(['off', 'may', 'must'] as const)('goes on over TLS, with smtp-forward-tls=%s', async (word) => {
    const sent = await send(good, { word });
    expect(sent).toMatchObject({ shown: 'delivered 250 queued', isSecured: true });
    expect(sent.mails[0]).toBe('MAIL FROM:<alice@example.com> REQUIRETLS');
    expect(sent.opened).toBe('held');
  });

  it.each([
    ['that does not offer it', without, {}],
    ['without TLS', clear, {}],
    ['that refuses TLS', refusing, {}],
    ['whose certificate nobody vouches for', good, { ca: testCertificate.slice(0, 0) }],
    ['whose certificate has another name', good, { name: 'wrong.example.invalid' }],
  ] as const)('never to a next hop %s: 550, and MAIL is not said', async (_, script, how) => {
    for (const word of ['may', 'must'] as const) {
      const sent = await send(script, { word, ...how });
      expect([sent.shown, sent.mails, sent.opened]).toEqual([REFUSED, [], 'refused']);
    }
  });

  it('another next hop is tried; a dead one leaves hope', async () => {
    const first = await NextHop.start(clear);
    const second = await NextHop.start(good);
    hops.push(first, second);
    const it_ = bench({}, NAMES, { ca: testAuthority });
    const at = (hop: NextHop): string => `mx.example.test:${hop.port}`;
    const parameters = { REQUIRETLS: true } as const;
    expect((await it_.send([at(first), at(second)], { parameters })).kind).toBe('delivered');
    expect(first.commands.some((line) => line.startsWith('MAIL'))).toBe(false);
    it_.client.close();
    await second.close();
    const again = bench({}, NAMES, { ca: testAuthority });
    expect((await again.send([at(second), at(first)], { parameters })).kind).toBe('failed');
    again.client.close();
  });
});

describe('TLS-Required: No', () => {
  it('goes without TLS where must would keep it back, but not against REQUIRETLS', async () => {
    const hop = await NextHop.start(clear);
    hops.push(hop);
    const it_ = bench({ 'smtp-forward-tls': 'must' }, NAMES, { ca: testAuthority });
    const hosts = [`mx.example.test:${hop.port}`];
    expect((await it_.send(hosts)).kind).toBe('failed');
    expect((await it_.send(hosts, { tlsNotRequired: true })).kind).toBe('delivered');
    expect((await it_.send(hosts, { tlsNotRequired: true, parameters: { REQUIRETLS: true } })).kind).toBe(
      'refused',
    );
    it_.client.close();
  });
});
