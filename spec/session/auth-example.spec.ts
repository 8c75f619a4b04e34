// The policy for AUTH that doc/hooks.md shows, run as it stands there.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RigClient } from '../fakes/smtp-rig.ts';
import { WholeServer } from '../fakes/whole-server.ts';

const page = readFileSync(join(import.meta.dirname, '../../doc/hooks.md'), 'utf8');
const [, policy = ''] = /<!-- auth -->\n```lua\n(.*?)```/s.exec(page) ?? [];
const base64 = (text: string): string => Buffer.from(text).toString('base64');

let server: WholeServer;
beforeAll(async () => {
  server = await WholeServer.start({ policy });
});
afterAll(() => server.stop());

async function hello(): Promise<RigClient> {
  const client = server.inMemory();
  await client.reply();
  expect(await client.command('EHLO c.example')).toContain('250-AUTH PLAIN LOGIN\r\n');
  return client;
}

/** What RCPT to us and to the rest of the world is answered, by code. */
async function mayRelay(client: RigClient): Promise<readonly string[]> {
  const replies = await client.commands(
    'MAIL FROM:<alice@example.com>',
    'RCPT TO:<bob@example.com>',
    'RCPT TO:<victim@elsewhere.example>',
  );
  return replies.slice(1).map((text) => text.slice(0, 3));
}

const plain = (user: string, password: string): readonly string[] => [
  `AUTH PLAIN ${base64(`\0${user}\0${password}`)}`,
];
const inTurns = (user: string, password: string): readonly string[] => [
  'AUTH PLAIN',
  base64(`\0${user}\0${password}`),
];
const login = (user: string, password: string): readonly string[] => [
  'AUTH LOGIN',
  base64(user),
  base64(password),
];

it.each([
  ['PLAIN', plain],
  ['PLAIN in turns', inTurns],
  ['LOGIN', login],
])('lets who knows a password relay, by %s', async (_, say) => {
  const client = await hello();
  expect((await client.commands(...say('alice', 'wonderland'))).at(-1)).toBe('235 2.7.0 welcome\r\n');
  expect(await mayRelay(client)).toEqual(['250', '250']);
  await client.quit();
});

it.each([
  ['PLAIN', plain, 'alice', 'wrong'],
  ['PLAIN', plain, 'alice', ''],
  ['PLAIN', plain, 'eve', 'wonderland'],
  ['PLAIN', plain, '', ''],
  ['PLAIN in turns', inTurns, 'alice', 'builder'],
  ['LOGIN', login, 'bob', 'wonderland'],
  ['LOGIN', login, 'nobody', 'nothing'],
] as const)('and nobody else: %s, %s', async (_, say, user, password) => {
  const client = await hello();
  expect((await client.commands(...say(user, password))).at(-1)).toMatch(/^535 5\.7\.8 /);
  expect(await mayRelay(client)).toEqual(['250', '550']);
  await client.quit();
});

it('logs no password', async () => {
  const client = await hello();
  await client.commands(...login('alice', 'wonderland'), 'NOOP');
  await client.quit();
  const lines = JSON.stringify(server.log.lines);
  for (const secret of ['wonderland', base64('wonderland'), base64('\0alice\0wonderland')]) {
    expect(lines).not.toContain(secret);
  }
});
