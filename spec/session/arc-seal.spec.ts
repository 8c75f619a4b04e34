// arc.seal as a policy in the running server calls it: what is sealed, what of the chain is recorded, and when nothing is made.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { FakeDnsServer } from '../../src/bench/ports/dns-server.ts';
import { type Forwarded, forwardedBy } from '../fakes/forwarded.ts';
import { makeKey, sealed, signed, takeIn, verifiedArc, verifiedDkim, zoneOf } from '../fakes/mail-auth.ts';

const rsa = makeKey('rsa', 2048);
const txt = {
  'sel._domainkey.example.com': rsa.record,
  'sel._domainkey.example.org': rsa.record,
};
const mail =
  'From: a@example.com\r\nTo: b@example.net\r\nSubject: hello\r\nDate: today\r\n\r\n.some text\r\n';
const good = `domain = 'example.com', selector = 'sel', key = keys .. 'rsa.pem'`;
const seal = `arc.seal{ ${good} }`;

let dns: FakeDnsServer;
beforeAll(async () => {
  dns = await FakeDnsServer.start();
  dns.setZone(zoneOf(txt));
});
afterAll(() => dns.close());

const forwarded = (dot: string, message = mail, options: Record<string, string> = {}): Promise<Forwarded> =>
  forwardedBy(dot, message, {
    options: {
      'dns-servers': dns.address,
      'dns-cache-size': '0',
      'authserv-id': 'mx.example.com',
      ...options,
    },
    files: { 'rsa.pem': rsa.pem },
  });

const chainOf = (file: string) => verifiedArc(takeIn(file), { txt });

it('seals the final message above the new signatures, with what auth.add wrote', async () => {
  const { reply, file, said } = await forwarded(
    `${seal}
     dkim.sign{ ${good} }
     auth.add{ dkim = dkim.verify(), arc = arc.verify() }
     header.modify('Subject', 1, 'changed')`,
    await signed(mail, { key: rsa.key }),
  );
  expect([reply, said]).toEqual(['ok', []]);
  expect([...file.matchAll(/^[!-9;-~]+(?=:)/gm)].map(([name]) => name)).toEqual([
    ...['ARC-Seal', 'ARC-Message-Signature', 'ARC-Authentication-Results'],
    ...['DKIM-Signature', 'Authentication-Results', 'DKIM-Signature', 'From', 'To', 'Subject', 'Date'],
  ]);
  const written = /^Authentication-Results: (.*(?:\r\n\t.*)*)/m.exec(file)?.[1];
  expect(written).toMatch(/^mx\.example\.com;\r\n\tdkim=pass header\.d=example\.com/);
  expect(file).toContain(`ARC-Authentication-Results: i=1; ${written}\r\n`);
  expect(file).toContain('\tcv=none; d=example.com; i=1; ');
  // Both signatures are under the seal: the new one and the one that came.
  expect(
    file.match(/^ARC-Message-Signature: [\s\S]*?\r\n(?!\t)/m)?.[0].match(/dkim-signature/gi),
  ).toHaveLength(2);
  expect(await chainOf(file)).toMatchObject({ result: 'pass', instance: 1, oldestPass: 0 });
  expect(await chainOf(file.replace('DKIM-Signature: v=1', 'DKIM-Signature: v=2'))).toMatchObject({
    result: 'fail',
  });
  expect(await verifiedDkim(takeIn(file), { txt })).toMatchObject([{ result: 'pass' }, { result: 'fail' }]);
});

it('records a chain that passes, as it was received, whether it was asked for or not', async () => {
  const first = await sealed(mail, { key: rsa.key }, { txt });
  const { reply, file } = await forwarded(`header.modify('Subject', 1, 'changed') ${seal}`, first);
  expect(reply).toBe('ok');
  expect(file).toContain('\tcv=pass; d=example.com; i=2; ');
  expect(file).toContain('ARC-Authentication-Results: i=2; mx.example.com; none\r\n');
  expect(await chainOf(file)).toMatchObject({ result: 'pass', instance: 2, oldestPass: 2 });
});

it('records once that a chain has failed', async () => {
  const broken = (await sealed(mail, { key: rsa.key }, { txt })).replace('hello', 'hullo');
  const { file } = await forwarded(seal, broken);
  expect(file).toContain('\tcv=fail; d=example.com; i=2; ');
  expect(await chainOf(file)).toMatchObject({ result: 'fail', isRecorded: true });
  const again = await forwarded(seal, file);
  expect(again).toEqual({ reply: 'ok', file, said: [] });
});

it('records no failure of the name server', async () => {
  const silent = await FakeDnsServer.start();
  silent.script(() => true, ...Array.from({ length: 20 }, () => ({ kind: 'drop' }) as const));
  try {
    const first = await sealed(mail, { key: rsa.key }, { txt });
    const given = await forwarded(seal, first, { 'dns-servers': silent.address, 'dkim-timeout': '1' });
    expect(given).toEqual({ reply: 'ok', file: first, said: [] });
  } finally {
    await silent.close();
  }
});

it('has another name of ours in the results, whatever is in it', async () => {
  const { file } = await forwarded(
    `auth.add{ arc = arc.verify() } arc.seal{ ${good}, authserv_id = 'a"; spf=pass $& b' }`,
  );
  expect(file).toContain('ARC-Authentication-Results: i=1; "a\\"; spf=pass $& b";\r\n\tarc=none\r\n');
  expect(await chainOf(file)).toMatchObject({ result: 'pass' });
});

it('seals a large message, on disk', async () => {
  const { file } = await forwarded(seal, `${mail}${'some words in a line\r\n'.repeat(50_000)}`);
  expect(await chainOf(file)).toMatchObject({ result: 'pass', instance: 1 });
});

it.each([
  ['451', /^451 4\.3\.0 /, false],
  ['unsigned', /^ok$/, true],
])('a set that cannot be made, dkim-sign-failure=%s', async (word, answer, goes) => {
  const many = `${'To: x\r\n'.repeat(1000)}${mail}`;
  const { reply, file, said } = await forwarded(seal, many, { 'dkim-sign-failure': word });
  expect(reply).toMatch(answer);
  expect(file).toBe(goes ? many : '');
  expect(said.join('')).toContain('could not be signed');
});

it('raises an error for what an author has written wrongly, for a second seal, and behind hook.dot', async () => {
  const wrong = {
    "'x'": 'arc.seal takes a table',
    '{}': 'arc.seal needs a domain',
    "{ domain = 'example.com' }": 'needs a selector',
    "{ domain = 'example.com', selector = 's' }": 'needs a key',
    "{ domain = 'example.com', selector = 's', key = '/nowhere.pem' }": 'ENOENT',
    "{ domain = 'a b', selector = 's', key = keys .. 'rsa.pem' }": 'domain is no domain name',
    [`{ ${good}, headers = {} }`]: 'knows no headers',
  };
  const tests = Object.entries(wrong).map(
    ([table, text]) =>
      `do local ok, e = pcall(arc.seal, ${table}) assert(not ok and tostring(e):find('${text}', 1, true), tostring(e)) end`,
  );
  const { reply, said } = await forwarded(
    `${tests.join('\n')}
     ${seal}
     assert(select(2, pcall(arc.seal, { ${good} })):find('sealed once', 1, true))
     hook.forward = function () return pcall(arc.seal, { ${good} }) and '550 5.0.0 sealed' or '250 2.0.0 ok' end`,
  );
  expect([reply, said]).toEqual(['ok', []]);
});
