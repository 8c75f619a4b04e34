// What the certificate of a next hop must be: smtp-forward-tls=must, pin, dane and dane-only, against every kind of it; and ours
// (smtp-forward-tls-cert).
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type TLSSocket } from 'node:tls';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { type HopScript, NextHop } from '../../../../src/bench/ports/next-hop.ts';
import type { DeliveryOutcome } from '../../../../src/delivery/port/delivery.ts';
import {
  type DnsQuestion,
  type DnsRecord,
  type DnsResponse,
  rcode,
} from '../../../../src/dns/resolver-api.ts';
import { createOptions } from '../../../../src/options/option-set.ts';
import { digestOf, type Made, makeChain, octetsOf } from '../../../fakes/made-certificates.ts';
import { type Bench, bench, type OptionTexts } from './support.ts';

const directory = mkdtempSync(join(tmpdir(), 'smtpe-tls-kinds-'));
afterAll(() => rmSync(directory, { recursive: true }));
const HOST = 'mx.spec.example';
const { authority, own } = makeChain(HOST);
const expired = makeChain(HOST, { expired: true });
const other = makeChain('other.example');
const caFile = join(directory, 'ca.pem');
writeFileSync(caFile, authority.cert);

const hops: NextHop[] = [];
afterEach(async () => {
  for (const one of hops.splice(0)) await one.close();
});
async function hop({ chain, key }: Made, script: HopScript = {}): Promise<NextHop> {
  const started = await NextHop.start({
    ehlo: ['250-sink\r\n250 STARTTLS\r\n', '250 sink\r\n', '250-sink\r\n250 STARTTLS\r\n', '250 sink\r\n'],
    starttls: '220 go\r\n',
    tls: { key, cert: chain },
    ...script,
  });
  hops.push(started);
  return started;
}

const NAMES = { [HOST]: ['127.0.0.1'], 'alias.example': ['127.0.0.1'] };

async function nothingLeft({ client, clock }: Bench, sink: NextHop): Promise<void> {
  client.close();
  await sink.allClosed(0);
  expect(client.places).toBe(0);
  expect(clock.pending).toBe(0);
}

const gotMail = (sink: NextHop): boolean => sink.commands.some((line) => line.startsWith('MAIL'));
const taken = (outcome: DeliveryOutcome): object => ({ kind: outcome.kind, verified: outcome.tls?.verified });

/** TLSA answers by name; others have none. */
type Zone = Readonly<Record<string, Partial<DnsResponse> & { readonly tlsa?: readonly string[] }>>;
const asked: string[] = [];
const dnsOf = (zone: Zone) => ({
  query(question: DnsQuestion): DnsResponse {
    const { name, type } = question;
    if (type === 52) asked.push(name);
    const found = zone[`${type} ${name}`];
    const answer = (found?.tlsa ?? []).map((text): DnsRecord => {
      const [usage = '', selector = '', matching = '', value = ''] = text.split(' ');
      const fields = { usage: Number(usage), selector: Number(selector), matching: Number(matching), value };
      return { name: `${name}.`, type, class: 1, ttl: 60, fields };
    });
    return {
      ...{ question, rcode: rcode.OK, answer, authority: [], extra: [], ttl: 60, error: undefined },
      ...found,
    };
  },
});

describe('smtp-forward-tls=pin', () => {
  const spaced = digestOf(own.cert, 0).toUpperCase().match(/../g)?.join(':');
  const keyBase64 = Buffer.from(digestOf(own.cert, 1), 'hex').toString('base64');
  it.each<[string, string, Made, boolean]>([
    ['the digest of the certificate', `sha256:${digestOf(own.cert, 0)}`, own, true],
    ['with colons and capitals', `SHA256:${spaced}`, own, true],
    ['the digest of the key, in base64', `sha256:${keyBase64}`, own, true],
    ['one of several', `sha256:${'0'.repeat(64)}, sha256:${digestOf(own.cert, 1)}`, own, true],
    ['of a certificate that has expired', `sha256:${digestOf(expired.own.cert, 0)}`, expired.own, true],
    ['of one for another name', `sha256:${digestOf(other.own.cert, 1)}`, other.own, true],
    ['another digest', `sha256:${'0'.repeat(64)}`, own, false],
    ['the digest of its authority only', `sha256:${digestOf(authority.cert, 0)}`, own, false],
    ['its authority as a file', caFile, own, true],
    ['its authority, and another digest', `${caFile} sha256:${'0'.repeat(64)}`, own, true],
    ['another authority', caFile, other.own, false],
    ['its authority, but it has expired', caFile, expired.own, false],
  ])('%s', async (_, pins, made, good) => {
    const sink = await hop(made);
    const it = bench({ 'smtp-forward-tls': 'pin', 'smtp-forward-tls-pin': pins }, NAMES);
    const outcome = await it.send([`${HOST}:${sink.port}`]);
    if (good) expect(taken(outcome)).toEqual({ kind: 'delivered', verified: true });
    else
      expect(outcome).toMatchObject({
        ...{ kind: 'failed', stage: 'starttls', error: expect.stringContaining('smtp-forward-tls-pin') },
      });
    expect(gotMail(sink)).toBe(good);
    await nothingLeft(it, sink);
  });

  it.each<[string, OptionTexts, HopScript, RegExp]>([
    ['STARTTLS is not offered', {}, { ehlo: '250 sink\r\n' }, /required and not offered/],
    [
      'the file is not there',
      { 'smtp-forward-tls-pin': join(directory, 'none.pem') },
      {},
      /none\.pem: there is no such file/,
    ],
    ['the file is a directory', { 'smtp-forward-tls-pin': directory }, {}, /that is no file/],
  ])('nothing is sent when %s', async (_, options, script, error) => {
    const sink = await hop(own, script);
    const it = bench({ 'smtp-forward-tls': 'pin', 'smtp-forward-tls-pin': caFile, ...options }, NAMES);
    expect(await it.send([`${HOST}:${sink.port}`])).toMatchObject({
      ...{ kind: 'failed', stage: 'starttls', error: expect.stringMatching(error) },
    });
    expect(gotMail(sink)).toBe(false);
    await nothingLeft(it, sink);
  });

  it('is another connection than with other pins', async () => {
    const sink = await hop(own);
    const it = bench({ 'smtp-forward-tls': 'pin', 'smtp-forward-tls-pin': caFile }, NAMES);
    const host = `${HOST}:${sink.port}`;
    expect((await it.send([host])).kind).toBe('delivered');
    const options = createOptions({
      ...{ 'smtp-forward-tls': 'pin', 'smtp-forward-tls-pin': `sha256:${'0'.repeat(64)}` },
    });
    expect((await it.send([host], { options })).kind).toBe('failed');
    await nothingLeft(it, sink);
  });
});

describe('smtp-forward-tls=dane', () => {
  const at = (port: number, name = HOST): string => `52 _${port}._tcp.${name}`;
  const cert = digestOf(own.cert, 0);
  const key = digestOf(own.cert, 1);
  const anchor = digestOf(authority.cert, 1);

  it.each<[string, readonly string[], Made, boolean]>([
    ['3 1 1 right', [`3 1 1 ${key}`], own, true],
    ['3 0 1 right', [`3 0 1 ${cert}`], own, true],
    ['3 0 0 right', [`3 0 0 ${octetsOf(own.cert, 0).toString('hex')}`], own, true],
    ['3 1 2 right', [`3 1 2 ${digestOf(own.cert, 1, 'sha512')}`], own, true],
    ['3 1 1 right, expired', [`3 1 1 ${digestOf(expired.own.cert, 1)}`], expired.own, true],
    ['3 1 1 right, another name', [`3 1 1 ${digestOf(other.own.cert, 1)}`], other.own, true],
    ['3 1 1 wrong', [`3 1 1 ${'0'.repeat(64)}`], own, false],
    ['3 1 1 of its authority', [`3 1 1 ${anchor}`], own, false],
    ['a wrong one and a right one', [`3 1 1 ${'0'.repeat(64)}`, `3 0 1 ${cert}`], own, true],
    ['2 0 1 chain', [`2 0 1 ${digestOf(authority.cert, 0)}`], own, true],
    ['2 1 1 chain', [`2 1 1 ${anchor}`], own, true],
    ['2 0 1 of another', [`2 0 1 ${digestOf(other.authority.cert, 0)}`], own, false],
    ['2 0 1 chain, expired', [`2 0 1 ${digestOf(expired.authority.cert, 0)}`], expired.own, false],
    ['2 0 1 chain, another name', [`2 0 1 ${digestOf(other.authority.cert, 0)}`], other.own, false],
    [
      '2 0 1 whose authority was not sent',
      [`2 0 1 ${digestOf(authority.cert, 0)}`],
      { ...own, chain: own.cert },
      false,
    ],
    [
      '2 0 1 whose authority is no issuer',
      [`2 0 1 ${digestOf(other.authority.cert, 0)}`],
      { ...own, chain: own.cert + other.authority.cert },
      false,
    ],
    ['unusable ones beside a wrong one', ['1 1 1 00', `3 1 1 ${'0'.repeat(64)}`], own, false],
  ])('%s', async (_, tlsa, made, good) => {
    for (const mode of ['dane', 'dane-only']) {
      const sink = await hop(made);
      const dns = dnsOf({ [at(sink.port)]: { tlsa, authenticated: true } });
      const it = bench({ 'smtp-forward-tls': mode }, NAMES, { dns });
      const outcome = await it.send([`${HOST}:${sink.port}`]);
      if (good) expect(taken(outcome)).toEqual({ kind: 'delivered', verified: true });
      else expect(outcome).toMatchObject({ kind: 'failed', stage: 'starttls' });
      expect(gotMail(sink)).toBe(good);
      await nothingLeft(it, sink);
    }
  });

  const wrong = [`3 1 1 ${'0'.repeat(64)}`];
  it.each<[string, Zone[string], HopScript, 'delivered' | 'refused' | 'failed', boolean]>([
    ['an answer that is not secured counts as none', { tlsa: wrong }, {}, 'delivered', false],
    ['no TLSA', { authenticated: true }, {}, 'delivered', false],
    ['no TLSA and no STARTTLS', { authenticated: true }, { ehlo: '250 sink\r\n' }, 'delivered', false],
    ['NXDOMAIN', { rcode: 3, authenticated: true }, {}, 'delivered', false],
    ['SERVFAIL, as for what is bogus', { rcode: 2, error: undefined }, {}, 'refused', true],
    ['no answer', { rcode: 17, error: 'no answer within 1 s' }, {}, 'refused', true],
    [
      'unusable ones only: TLS, unchecked',
      { tlsa: ['1 1 1 00'], authenticated: true },
      {},
      'delivered',
      true,
    ],
    [
      'unusable ones only, and no STARTTLS',
      { tlsa: ['0 0 1 00'], authenticated: true },
      { ehlo: '250 sink\r\n' },
      'failed',
      true,
    ],
    ['TLSA and no STARTTLS', { tlsa: wrong, authenticated: true }, { ehlo: '250 sink\r\n' }, 'failed', true],
  ])('%s', async (_, answer, script, kind, same) => {
    for (const mode of ['dane', 'dane-only']) {
      const sink = await hop(own, script);
      const it = bench({ 'smtp-forward-tls': mode }, NAMES, {
        dns: dnsOf({ [at(sink.port)]: answer ?? {} }),
      });
      const outcome = await it.send([`${HOST}:${sink.port}`]);
      const expected = mode === 'dane' || same ? kind : 'refused';
      expect(outcome.kind).toBe(expected);
      if (expected === 'refused')
        expect(outcome).toMatchObject({
          stage: 'starttls',
          code: 454,
          text: expect.stringMatching(/^454 4\.7\.5 /),
        });
      expect(gotMail(sink)).toBe(expected === 'delivered');
      await nothingLeft(it, sink);
    }
  });

  it('asks the next host when one cannot be used', async () => {
    const sink = await hop(own);
    const good = await hop(own);
    const dns = dnsOf({ [at(sink.port)]: { rcode: 2 } });
    const it = bench({ 'smtp-forward-tls': 'dane' }, NAMES, { dns });
    const hosts = [sink, good].map(({ port }) => `${HOST}:${port}`);
    expect(await it.send(hosts)).toMatchObject({ kind: 'delivered', host: hosts[1] });
    await nothingLeft(it, good);
  });

  it.each([
    ['secured: that of its target', true, ['mx.spec.example']],
    ['not secured: its own only', false, ['alias.example']],
  ])('of an alias that is %s', async (_, authenticated, bases) => {
    const sink = await hop(own);
    const cname = { name: 'alias.example.', type: 5, class: 1, ttl: 60, fields: { value: `${HOST}.` } };
    const dns = dnsOf({
      '1 alias.example': { answer: [cname], authenticated },
      [at(sink.port)]: { tlsa: [`2 1 1 ${anchor}`], authenticated: true },
    });
    asked.length = 0;
    const it = bench({ 'smtp-forward-tls': 'dane' }, NAMES, { dns });
    const outcome = await it.send([`alias.example:${sink.port}`]);
    expect(taken(outcome)).toEqual({ kind: 'delivered', verified: authenticated });
    expect(asked).toEqual(bases.map((base) => `_${sink.port}._tcp.${base}`));
    await nothingLeft(it, sink);
  });
});

describe('smtp-forward-tls-cert', () => {
  const certFile = join(directory, 'own.pem');
  const keyFile = join(directory, 'own.key');
  writeFileSync(certFile, own.chain);
  writeFileSync(keyFile, own.key);
  const otherKey = join(directory, 'other.key');
  writeFileSync(otherKey, other.own.key);

  /** Whose certificate a next hop with TLS from the first octet sees. */
  async function seen(certificate: string, ownHosts: boolean): Promise<string | undefined> {
    let name: string | undefined;
    const server = createServer({
      cert: own.chain,
      key: own.key,
      requestCert: true,
      rejectUnauthorized: false,
    });
    server.on('secureConnection', (socket: TLSSocket) => {
      const { subject } = socket.getPeerCertificate();
      name = subject?.CN === undefined ? undefined : String(subject.CN);
      socket.on('error', () => undefined);
      socket.resume().end('421 bye\r\n');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const it = bench({ 'smtp-forward-tls-cert': certificate });
    await it.send([`127.0.0.1:${port}/tls`], { ownHosts });
    await new Promise((resolve) => server.close(resolve));
    return name;
  }

  it('is shown to the hosts of the operator only', async () => {
    expect(await seen(`${certFile},${keyFile}`, true)).toBe(HOST);
    expect(await seen(`${certFile},${keyFile}`, false)).toBeUndefined();
    expect(await seen('', true)).toBeUndefined();
  });

  it.each([
    ['is not there', join(directory, 'none.pem'), /there is no such file/],
    ['has no key', certFile, /TLS: /],
    ['is garbage', `${keyFile},${keyFile}`, /TLS: /],
    ['has the key of another', `${certFile},${otherKey}`, /TLS: /],
  ])('that %s is named, and nothing is sent', async (_, certificate, error) => {
    const sink = await hop(own);
    const it = bench({ 'smtp-forward-tls': 'must', 'smtp-forward-tls-cert': certificate }, NAMES, {
      ca: authority.cert,
    });
    expect(await it.send([`${HOST}:${sink.port}`], { ownHosts: true })).toMatchObject({
      ...{ kind: 'failed', stage: 'starttls', error: expect.stringMatching(error) },
    });
    expect(gotMail(sink)).toBe(false);
    await nothingLeft(it, sink);
  });
});

describe('what is told of TLS', () => {
  it('is in the outcome: version, cipher, whether the certificate is right and why not', async () => {
    const sink = await hop(own);
    const it = bench({ 'smtp-forward-tls': 'may' }, NAMES);
    expect((await it.send([`${HOST}:${sink.port}`])).tls).toEqual({
      version: 'TLSv1.3',
      cipher: expect.stringMatching(/^TLS_/),
      verified: false,
      cause: expect.stringMatching(/SELF_SIGNED|UNABLE_TO/),
    });
    await nothingLeft(it, sink);
    const plain = await NextHop.start();
    hops.push(plain);
    const clear = bench();
    expect((await clear.send([plain.target])).tls).toBeUndefined();
    await nothingLeft(clear, plain);
  });
});
