// The policies that doc/submission.md shows, run as they stand there; the option file of the page is in spec/real/dovecot.spec.ts.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NextHop } from '../../src/bench/ports/next-hop.ts';
import { makeKey } from '../fakes/mail-auth.ts';
import type { RigClient } from '../fakes/smtp-rig.ts';
import { WholeServer } from '../fakes/whole-server.ts';

const page = readFileSync(join(import.meta.dirname, '../../doc/submission.md'), 'utf8');
const policies = new Map(
  [...page.matchAll(/<!-- (\w+) -->\n```lua\n(.*?)```/gs)].map(([, name = '', text = '']) => [name, text]),
);
const plain = (user: string, password: string): string =>
  `AUTH PLAIN ${Buffer.from(`\0${user}\0${password}`).toString('base64')}`;

it('shows two policies', () => {
  expect([...policies.keys()]).toEqual(['users', 'policy']);
  expect(page.match(/```lua/g)?.length).toBe(2);
});

describe('users of the policy', () => {
  let server: WholeServer;
  beforeAll(async () => {
    server = await WholeServer.start({ policy: policies.get('users') ?? '' });
  });
  afterAll(() => server.stop());

  it.each([
    ['printer@example.com', 'Kx9vQm2LrT8wZs4YbN6c', '235'],
    ['Printer@example.com', 'Kx9vQm2LrT8wZs4YbN6c', '235'],
    ['printer@example.com', 'kx9vqm2lrt8wzs4ybn6c', '535'],
    ['printer', 'Kx9vQm2LrT8wZs4YbN6c', '535'],
    ['other@example.com', 'x', '535'],
  ])('%s with %s: %s', async (user, password, code) => {
    const client = server.inMemory();
    await client.reply();
    expect(await client.command('EHLO c')).toContain('AUTH PLAIN LOGIN');
    expect((await client.command(plain(user, password))).slice(0, 3)).toBe(code);
    await client.quit();
  });
});

describe('what a user may send', () => {
  let server: WholeServer;
  let hop: NextHop;
  const key = makeKey('rsa', 2048);

  beforeAll(async () => {
    hop = await NextHop.start();
    const known = `function hook.auth() return '235 2.7.0 ok' end\n`;
    const policy = (policies.get('policy') ?? '').replace("'/etc/smtpe/2026a.pem'", `[[${key.pem}]]`);
    server = await WholeServer.start({ policy: known + policy, options: { 'smtp-smart-host': hop.target } });
  });
  afterAll(async () => {
    await server.stop();
    await hop.close();
  });

  async function session(user?: string): Promise<RigClient> {
    const client = server.inMemory();
    await client.reply();
    await client.command('EHLO c');
    if (user !== undefined) expect(await client.command(plain(user, 'x'))).toMatch(/^235/);
    return client;
  }

  it.each([
    ['alice', 'alice@example.com', '250'],
    ['alice@example.com', 'Alice@Example.com', '250'],
    ['alice@example.com', 'info@example.com', '250'],
    ['alice', '', '250'],
    ['alice', 'bob@example.com', '553'],
    ['bob', 'info@example.com', '553'],
    ['alice', 'alice@example.org', '553'],
    [undefined, 'alice@example.com', '530'],
    [undefined, 'alice@example.org', '250'],
  ])('%s as <%s>: %s', async (user, sender, code) => {
    const client = await session(user);
    expect((await client.command(`MAIL FROM:<${sender}>`)).slice(0, 3)).toBe(code);
    await client.quit();
  });

  it.each([
    ['alice', 'alice@example.com', 'v@elsewhere.example', '250'],
    [undefined, 'v@elsewhere.example', 'v@elsewhere.example', '550'],
    [undefined, 'v@elsewhere.example', 'bob@example.com', '250'],
  ])('%s as <%s> to <%s>: %s', async (user, sender, recipient, code) => {
    const client = await session(user);
    expect(
      (await client.commands(`MAIL FROM:<${sender}>`, `RCPT TO:<${recipient}>`)).at(-1)?.slice(0, 3),
    ).toBe(code);
    await client.quit();
  });

  it.each([
    ['alice@example.com', '250'],
    ['Info <info@example.com>', '250'],
    ['bob@example.com', '550'],
    ['alice@example.org', '550'],
  ])('From: %s: %s, with a signature', async (from, code) => {
    const client = await session('alice');
    await client.commands('MAIL FROM:<alice@example.com>', 'RCPT TO:<v@elsewhere.example>', 'DATA');
    expect((await client.command(`From: ${from}\r\n\r\nx\r\n.`)).slice(0, 3)).toBe(code);
    if (code === '250') {
      const content = String(hop.connections.flatMap(({ contents }) => contents).at(-1));
      expect(content).toMatch(/^DKIM-Signature: .*d=example\.com;/s);
    }
    await client.quit();
  });

  it('so many recipients, so many messages', async () => {
    const client = await session('alice');
    await client.command('MAIL FROM:<alice@example.com>');
    for (let i = 0; i < 50; i++) expect(await client.command(`RCPT TO:<r${i}@x.example>`)).toMatch(/^250/);
    expect(await client.command('RCPT TO:<r@x.example>')).toMatch(/^452 4\.5\.3/);
    for (let i = 1; i < 20; i++)
      expect((await client.commands('RSET', 'MAIL FROM:<alice@example.com>')).at(-1)).toMatch(/^250/);
    client.send('RSET\r\nMAIL FROM:<alice@example.com>\r\n');
    expect(await client.rest()).toMatch(/421 4\.7\.0 come again for more\r\n$/);
    client.stream.end();
    await client.over;
  });
});
