// `smtpe accounts` beside a running server, which sees each change at once; a server that does not start on accounts that others may read.
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../fakes/daemon.ts';
import { type Ended, Program } from '../fakes/program.ts';
import { ServiceUnderTrial } from '../fakes/service.ts';
import { SmtpClient } from '../fakes/smtp-client.ts';

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'smtpe-accounts-verb-'));
});
afterAll(() => rm(base, { recursive: true, force: true }));

async function verb(words: readonly string[], input = '', database = 'db'): Promise<Ended> {
  const args = [
    join(root, 'dist/main.js'),
    'accounts',
    'file=',
    `rumble-database=${join(base, database)}`,
    ...words,
  ];
  const program = new Program(process.execPath, args, { cwd: base });
  program.end(input);
  return program.ended;
}

const done = { code: 0, stdout: '', stderr: '' };
const logIn = (password: string): string =>
  `AUTH PLAIN ${Buffer.from(`\0ann@shop.test\0${password}`).toString('base64')}`;

describe('smtpe accounts', () => {
  it('adds, lists, changes, exports and imports what a server knows from then on', async () => {
    const service = await ServiceUnderTrial.start({
      policy: '',
      options: [`rumble-database=${join(base, 'db')}`, 'smtp-smart-host=accounts:', 'smtp-auth-delay=0'],
    });
    const client = await SmtpClient.connect(await service.port());
    try {
      await client.reply();
      expect(await client.command('EHLO c.test')).toContain('AUTH PLAIN');
      expect(await verb(['add', 'Shop.test'])).toEqual(done);
      expect(await verb(['add', 'shop.test'])).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('already'),
      });
      expect(await verb(['add', 'ann@shop.test'], 'sesame\n')).toEqual(done);
      expect(await verb(['add', 'sales-*@shop.test', 'alias', 'ann@shop.test', 'bob@far.test'])).toEqual(
        done,
      );
      expect(await client.command(logIn('wrong'))).toMatch(/^535 /);
      expect(await client.command(logIn('sesame'))).toMatch(/^235 /);
      expect(await client.command('MAIL FROM:<>')).toMatch(/^250 /);
      expect(await client.command('RCPT TO:<bob@shop.test>')).toMatch(/^550 5\.1\.1 /);
      expect(await client.command('RCPT TO:<ann@shop.test>')).toMatch(/^250 /);
      expect(await verb(['list', 'shop.test'])).toEqual({
        ...done,
        stdout: 'ann@shop.test mbox\nsales-*@shop.test alias ann@shop.test bob@far.test\n',
      });
      expect(await verb(['password', 'ann@shop.test'], 'changed\r\n')).toEqual(done);
      const second = await SmtpClient.connect(await service.port());
      await second.reply();
      await second.command('EHLO c.test');
      expect(await second.command(logIn('changed'))).toMatch(/^235 /);
      second.destroy();
      const exported = await verb(['export']);
      expect(exported.stdout.split('\n')).toEqual([
        '{"domain":"shop.test","path":"","flags":0}',
        expect.stringMatching(
          /^\{"user":"ann","domain":"shop.test","type":"mbox","password":"[0-9a-f]{64}","arguments":""\}$/,
        ),
        '{"user":"sales-*","domain":"shop.test","type":"alias","password":"","arguments":"ann@shop.test bob@far.test"}',
        '',
      ]);
      expect(await verb(['import'], exported.stdout, 'other')).toEqual(done);
      expect(await verb(['delete', 'ann@shop.test'])).toEqual(done);
      expect(await client.command('RCPT TO:<ann@shop.test>')).toMatch(/^550 5\.1\.1 /);
      expect((await readdir(join(base, 'mail'))).sort()).toEqual(['shop.test']);
    } finally {
      client.destroy();
      await service.remove();
    }
  });

  it.each([
    [['delete', 'nobody@shop.test'], 1, /there is no account/],
    [['add', 'a/b@shop.test'], 64, /no name of an account/],
    [['add', 'x@shop.test', 'what'], 64, /no type; right would be: mbox/],
  ] as const)('%j is code %i', async (words, code, text) => {
    expect(await verb(words)).toMatchObject({ code, stderr: expect.stringMatching(text) });
  });

  it('and the server do not use what others may read', async () => {
    await chmod(join(base, 'db'), 0o755);
    await writeFile(join(base, 'policy.lua'), '');
    expect(await verb(['list'])).toMatchObject({
      code: 71,
      stderr: expect.stringMatching(/others may read .*; chmod 700 /),
    });
    const args = [
      join(root, 'dist/main.js'),
      'file=',
      `rumble-database=${join(base, 'db')}`,
      `script=${join(base, 'policy.lua')}`,
      'smtp-server-port=0',
      'smtp-server-address=127.0.0.1',
    ];
    const program = new Program(process.execPath, args, { cwd: base });
    const ended = await program.ended;
    expect(ended.code).not.toBe(0);
    expect(ended.stderr).toMatch(/rumble-database: others may read .*; chmod 700 /);
  });
});
