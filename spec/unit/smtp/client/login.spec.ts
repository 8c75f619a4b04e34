// AUTH to the operator's next hops (smtp-forward-user, smtp-forward-password-file), and TLS from the first octet (host:465/tls).
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { type HopReply, type HopScript, NextHop } from '../../../../src/bench/ports/next-hop.ts';
import { createOptions } from '../../../../src/options/option-set.ts';
import { testAuthority, testCertificate, testKey } from '../../../fakes/certificates.ts';
import { type Bench, bench, HELO, type OptionTexts, pass } from './support.ts';

const directory = mkdtempSync(join(tmpdir(), 'smtpe-login-'));
afterAll(() => rmSync(directory, { recursive: true }));
const PASSWORD = 'correct horse battery';
const passwordFile = join(directory, 'password');
writeFileSync(passwordFile, `${PASSWORD}\nsecond line\n`);

const hops: NextHop[] = [];
async function hop(script: HopScript = {}): Promise<NextHop> {
  const started = await NextHop.start(script);
  hops.push(started);
  return started;
}
afterEach(async () => {
  for (const one of hops.splice(0)) await one.close();
});

async function nothingLeft({ client, clock }: Bench, ...sinks: readonly NextHop[]): Promise<void> {
  client.close();
  for (const sink of sinks) await sink.allClosed();
  expect(client.places).toBe(0);
  expect(clock.pending).toBe(0);
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const fromBase64 = (text: string): string => Buffer.from(text, 'base64').toString();
const PLAIN_LINE = `AUTH PLAIN ${base64(`\0alice@provider.example\0${PASSWORD}`)}`;
const NAMES = { 'mx.example.test': ['127.0.0.1'] };

const offers = (mechanisms: string): string => `250-sink\r\n250 AUTH ${mechanisms}\r\n`;
/** AUTH within STARTTLS. */
const withTls = (mechanisms: string, auth: HopScript['auth']): HopScript => ({
  ehlo: ['250-sink\r\n250 STARTTLS\r\n', offers(mechanisms)],
  starttls: '220 go\r\n',
  tls: { key: testKey, cert: testCertificate },
  ...(auth && { auth }),
});

function login(options: OptionTexts = {}): Bench {
  const set = {
    'smtp-forward-tls': 'must',
    'smtp-forward-user': 'alice@provider.example',
    'smtp-forward-password-file': passwordFile,
    ...options,
  };
  return bench(set, NAMES, { ca: testAuthority, verbose: true });
}

/** The other side of RFC 7677. */
function scramServer(password: string, change: (message: string) => string = (message) => message) {
  return (): ((line: string) => HopReply) => {
    let step = 0;
    let bare = '';
    let first = '';
    const salt = Buffer.from('0123456789abcdef');
    const salted = pbkdf2Sync(password, salt, 4096, 32, 'sha256');
    const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
    return (line) => {
      step++;
      if (step === 1) {
        bare = fromBase64(line.split(' ')[2] ?? '').slice(3);
        first = `r=${bare.split('r=')[1]}server,s=${salt.toString('base64')},i=4096`;
        return `334 ${base64(first)}\r\n`;
      }
      if (step === 3) return '235 2.7.0 welcome\r\n';
      const [, withoutProof = '', proof = ''] = /^(.*),p=(.*)$/.exec(fromBase64(line)) ?? [];
      const message = `${bare},${first},${withoutProof}`;
      const stored = createHash('sha256').update(hmac(salted, 'Client Key')).digest();
      const signature = hmac(stored, message);
      const key = Buffer.from(proof, 'base64').map((octet, at) => octet ^ (signature[at] ?? 0));
      if (!createHash('sha256').update(key).digest().equals(stored)) return '535 5.7.8 wrong\r\n';
      return change(`334 ${base64(`v=${hmac(hmac(salted, 'Server Key'), message).toString('base64')}`)}\r\n`);
    };
  };
}

const loginServer = (): ((line: string) => HopReply) => {
  const said: string[] = [];
  return (line) => {
    said.push(line);
    if (said.length === 1) return `334 ${base64('Username:')}\r\n`;
    if (said.length === 2) return `334 ${base64('Password:')}\r\n`;
    return said[1] === base64('alice@provider.example') && said[2] === base64(PASSWORD)
      ? '235 2.7.0 welcome\r\n'
      : '535 5.7.8 wrong\r\n';
  };
};
const plainServer = () => (line: string) => (line === PLAIN_LINE ? '235 ok\r\n' : '535 5.7.8 wrong\r\n');

/** Nothing that was logged or answered has the password, in any form. */
function keepsSecrets(it: Bench, ...more: readonly unknown[]): void {
  const all = JSON.stringify([it.log.lines, ...more]);
  for (const secret of [PASSWORD, base64(PASSWORD), base64(`\0alice@provider.example\0${PASSWORD}`)])
    expect(all).not.toContain(secret);
}

describe('smtp-forward-user', () => {
  it.each([
    ['PLAIN', 'PLAIN LOGIN', plainServer],
    ['LOGIN', 'LOGIN', loginServer],
    ['SCRAM-SHA-256', 'PLAIN LOGIN SCRAM-SHA-256', scramServer(PASSWORD)],
  ])('logs in by %s, and once for a connection', async (name, offered, auth) => {
    const sink = await hop(withTls(offered, auth));
    const it = login();
    const { events } = it.log;
    const host = `mx.example.test:${sink.port}`;
    for (let i = 0; i < 2; i++) expect((await it.send([host], { ownHosts: true })).kind).toBe('delivered');
    expect(sink.commands.filter((line) => line.startsWith('AUTH '))).toHaveLength(1);
    expect(sink.commands.find((line) => line.startsWith('AUTH '))).toMatch(`AUTH ${name}`);
    expect(sink.connections).toHaveLength(1);
    expect(events.of('tls-handshake')).toMatchObject([{ side: 'out', version: 'TLSv1.3', result: 'full' }]);
    keepsSecrets(it);
    expect(JSON.stringify(it.log.lines)).toContain('(not shown)');
    await nothingLeft(it, sink);
  });

  it('is told to nobody but the hosts of the operator, and not over their connections either', async () => {
    const sink = await hop({ ehlo: offers('PLAIN'), auth: plainServer });
    const it = login({ 'smtp-forward-tls': 'off' });
    await it.send([sink.target]);
    expect(sink.commands.some((line) => line.startsWith('AUTH'))).toBe(false);
    await it.send([sink.target], { ownHosts: true });
    await it.send([sink.target]);
    await it.send([sink.target], { ownHosts: true });
    expect(sink.connections).toHaveLength(2);
    expect(sink.commands.filter((line) => line.startsWith('AUTH'))).toHaveLength(1);
    await nothingLeft(it, sink);
  });

  it('another user has another connection', async () => {
    const sink = await hop({ ehlo: offers('PLAIN'), auth: () => () => '235 ok\r\n' });
    const it = login({ 'smtp-forward-tls': 'off' });
    const of = (user: string) =>
      createOptions({
        'smtp-forward-tls': 'off',
        'smtp-forward-user': user,
        'smtp-forward-password-file': passwordFile,
      });
    for (const user of ['a', 'b', 'a']) await it.send([sink.target], { ownHosts: true, options: of(user) });
    expect(sink.connections).toHaveLength(2);
    await nothingLeft(it, sink);
  });

  it.each<[string, OptionTexts, HopScript, RegExp]>([
    ['may without STARTTLS', { 'smtp-forward-tls': 'may' }, { ehlo: offers('PLAIN') }, /there is no TLS/],
    [
      'may, and the handshake fails',
      { 'smtp-forward-tls': 'may' },
      { ehlo: '250-sink\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n', starttls: '220 go\r\nx' },
      /clear text behind/,
    ],
  ])('never goes in clear text with smtp-forward-tls=%s', async (_, options, script, error) => {
    const sink = await hop({ ...script, auth: plainServer });
    const it = login(options);
    const outcome = await it.send([sink.target], { ownHosts: true });
    expect(outcome).toMatchObject({ kind: 'failed', error: expect.stringMatching(error) });
    expect(sink.connections).toHaveLength(1);
    expect(sink.commands.join()).not.toContain('AUTH');
    expect(sink.commands.join()).not.toContain('MAIL');
    await nothingLeft(it, sink);
  });

  it.each<[string, string | undefined, HopScript['auth'], object]>([
    ['does not offer it', undefined, undefined, { kind: 'failed', error: 'AUTH is not offered' }],
    ['offers nothing that we know', 'GSSAPI', undefined, { kind: 'failed', error: /GSSAPI/ }],
    ['refuses us', 'PLAIN', () => () => '535 5.7.8 no\r\n', { kind: 'refused', code: 535 }],
    ['refuses us for now', 'PLAIN', () => () => '454 4.7.0 later\r\n', { kind: 'refused', code: 454 }],
    ['says 421', 'PLAIN', () => () => '421 bye\r\n', { kind: 'refused', code: 421 }],
    ['says 250', 'PLAIN', () => () => '250 ok\r\n', { kind: 'failed', error: /not a reply to AUTH/ }],
    ['challenges PLAIN', 'PLAIN', () => () => '334 \r\n', { kind: 'failed', error: /more challenges/ }],
    [
      'challenges without end',
      'LOGIN',
      () => () => '334 eA==\r\n',
      { kind: 'failed', error: /more challeng/ },
    ],
    ['talks garbage', 'PLAIN', () => () => 'what\r\n', { kind: 'failed', error: /not an SMTP reply/ }],
    ['closes', 'PLAIN', () => () => null, { kind: 'failed', error: /closed/ }],
    [
      'says two things',
      'PLAIN',
      () => () => '235 ok\r\n250 ok\r\n',
      { kind: 'failed', error: /nobody asked/ },
    ],
    [
      'repeats our line',
      'PLAIN',
      () => (line) => `500 unknown: ${line}\r\n`,
      { kind: 'refused', text: /unknown: AUTH PLAIN \*\*\*/ },
    ],
    [
      'repeats our password',
      'PLAIN',
      () => () => `535 ${PASSWORD} is wrong\r\n`,
      { kind: 'refused', text: '535 *** is wrong' },
    ],
    [
      'does not know the password itself',
      'SCRAM-SHA-256',
      scramServer(PASSWORD, () => `334 ${base64(`v=${'A'.repeat(43)}=`)}\r\n`),
      { kind: 'failed', error: /not the one it says it is/ },
    ],
    [
      'does not prove itself',
      'SCRAM-SHA-256',
      scramServer(PASSWORD, () => '235 2.7.0 welcome\r\n'),
      { kind: 'failed', error: /has not proved/ },
    ],
    ['has another password', 'SCRAM-SHA-256', scramServer('x'), { kind: 'refused', code: 535 }],
    [
      'has no base64 in SCRAM',
      'SCRAM-SHA-256',
      () => () => '334 %%%\r\n',
      { kind: 'failed', error: /no base64/ },
    ],
  ])('a next hop that %s gets nothing, and the next one is tried', async (_, offered, auth, expected) => {
    const bad = await hop(
      offered === undefined
        ? { ...withTls('', auth), ehlo: ['250-s\r\n250 STARTTLS\r\n', '250 s\r\n'] }
        : withTls(offered, auth),
    );
    const it = login();
    const outcome = await it.send([`mx.example.test:${bad.port}`], { ownHosts: true });
    const wanted = Object.entries(expected).map(([key, value]) => [
      key,
      value instanceof RegExp ? expect.stringMatching(value) : value,
    ]);
    expect(outcome).toMatchObject(
      Object.fromEntries([...wanted, ['stage', expect.toBeOneOf(['auth', 'mail'])]]),
    );
    expect(bad.commands.join()).not.toContain('MAIL');
    keepsSecrets(it, outcome);
    const good = await hop(withTls('PLAIN', plainServer));
    const hosts = [bad, good].map(({ port }) => `mx.example.test:${port}`);
    expect(await it.send(hosts, { ownHosts: true })).toMatchObject({ kind: 'delivered', host: hosts[1] });
    await nothingLeft(it, bad, good);
  });

  it('a next hop that says nothing to AUTH has the deadline of a command', async () => {
    const sink = await hop({ ehlo: offers('PLAIN'), auth: () => () => ({ end: 'hang' }) });
    const it = login({ 'smtp-forward-tls': 'off', 'smtp-command-timeout': '20' });
    const { value } = await pass(it.send([sink.target], { ownHosts: true }), it.clock);
    expect(value).toMatchObject({ kind: 'failed', stage: 'auth', code: 120 });
    await nothingLeft(it, sink);
  });
});

describe('smtp-forward-password-file', () => {
  const file = join(directory, 'other');
  const written = (content: string): string => {
    writeFileSync(file, content);
    return file;
  };
  it.each([
    ['is not there', () => join(directory, 'none'), /there is no such file/],
    ['is a directory', () => directory, /that is no file/],
    ['is empty', () => written(''), /its first line is empty/],
    ['begins with an empty line', () => written('\nsecret\n'), /its first line is empty/],
    ['has a NUL', () => written('a\0b\n'), /NUL/],
    ['is large', () => written('x'.repeat(5000)), /more than 4096/],
    ['is a device', () => '/dev/zero', /that is no file/],
    ['was not set', () => '', /no such file/],
  ])('that %s is named, and nothing is sent', async (_, path, error) => {
    const sink = await hop({ ehlo: offers('PLAIN'), auth: plainServer });
    const it = login({ 'smtp-forward-tls': 'off', 'smtp-forward-password-file': path() });
    expect(await it.send([sink.target], { ownHosts: true })).toMatchObject({
      ...{ kind: 'failed', stage: 'auth', error: expect.stringMatching(error) },
    });
    expect(sink.commands).toEqual([]);
    keepsSecrets(it);
    it.client.close();
  });

  it('is read for each connection, without the line end', async () => {
    const seen: string[] = [];
    const auth = () => (line: string) => {
      seen.push(fromBase64(line.split(' ')[2] ?? ''));
      return '235 ok\r\n';
    };
    const sink = await hop({ ehlo: offers('PLAIN'), auth });
    writeFileSync(file, 'first\r\n');
    chmodSync(file, 0o600);
    const it = login({
      ...{ 'smtp-forward-tls': 'off', 'smtp-forward-password-file': file, 'smtp-forward-connections': '0' },
    });
    await it.send([sink.target], { ownHosts: true });
    writeFileSync(file, 'second');
    await it.send([sink.target], { ownHosts: true });
    expect(seen).toEqual(['\0alice@provider.example\0first', '\0alice@provider.example\0second']);
    await nothingLeft(it, sink);
  });
});

describe('host:465/tls', () => {
  const tls = { key: testKey, cert: testCertificate, implicit: true };
  it.each(['off', 'may', 'must'])(
    'speaks TLS from the first octet with smtp-forward-tls=%s',
    async (mode) => {
      const sink = await hop({ tls, ehlo: '250-sink\r\n250 STARTTLS\r\n' });
      const it = login({ 'smtp-forward-tls': mode });
      const host = `mx.example.test:${sink.port}/tls`;
      expect(await it.send([host])).toMatchObject({ kind: 'delivered', host });
      expect(sink.commands).toEqual([
        `EHLO ${HELO}`,
        'MAIL FROM:<alice@example.com>',
        'RCPT TO:<bob@example.org>',
        'DATA',
      ]);
      await nothingLeft(it, sink);
    },
  );

  it('logs in', async () => {
    const sink = await hop({ tls, ehlo: offers('PLAIN'), auth: plainServer });
    const it = login({ 'smtp-forward-tls': 'may' });
    expect((await it.send([`${sink.target}/tls`], { ownHosts: true })).kind).toBe('delivered');
    await nothingLeft(it, sink);
  });

  it('must: another name is no good, and may: nothing is sent in clear text instead', async () => {
    const sink = await hop({ tls });
    const strict = bench(
      { 'smtp-forward-tls': 'must' },
      { 'other.example': ['127.0.0.1'] },
      { ca: testAuthority },
    );
    expect(await strict.send([`other.example:${sink.port}/tls`])).toMatchObject({
      ...{ kind: 'failed', stage: 'starttls' },
    });
    const clear = await hop();
    const it = login({ 'smtp-forward-tls': 'may' });
    expect(await it.send([`${clear.target}/tls`])).toMatchObject({ kind: 'failed', stage: 'starttls' });
    expect(clear.connections).toHaveLength(1);
    expect(clear.commands).toEqual([]);
    strict.client.close();
    await nothingLeft(it, clear);
  });

  it('is another connection than that without', async () => {
    const sink = await hop({ tls });
    const it = login({ 'smtp-forward-tls': 'off' });
    await it.send([`${sink.target}/tls`]);
    const { value } = await pass(it.send([sink.target]), it.clock);
    expect(value).toMatchObject({ kind: 'failed', stage: 'banner' });
    expect(sink.connections).toHaveLength(2);
    await nothingLeft(it, sink);
  });

  it('that says nothing during the handshake has 30 s', async () => {
    const sink = await hop({ banner: { end: 'hang' } });
    const it = login();
    const { value, seconds } = await pass(it.send([`${sink.target}/tls`]), it.clock);
    expect(value).toMatchObject({ kind: 'failed', stage: 'starttls', code: 120 });
    expect(seconds).toBeLessThan(60);
    await nothingLeft(it, sink);
  });
});
