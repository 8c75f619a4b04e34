// `smtpe store` beside a running server: what it shows, what it changes, and what it says to who has misspelt something.
import { chmod, chown, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closedPort } from '../../src/bench/ports/scripted-server.ts';
import { root } from '../fakes/daemon.ts';
import { type Ended, Program } from '../fakes/program.ts';
import { ServiceUnderTrial } from '../fakes/service.ts';
import { SmtpClient } from '../fakes/smtp-client.ts';

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'smtpe-store-verb-'));
  await chmod(base, 0o755);
});
afterAll(() => rm(base, { recursive: true, force: true }));

/** A user that nobody else is: the store in memory of the one server of a user is looked for. */
const SOMEBODY = { uid: 54_321, gid: 54_321 };

async function verb(words: readonly string[], input = '', as = {}): Promise<Ended> {
  const program = new Program(process.execPath, [join(root, 'dist/main.js'), 'store', 'file=', ...words], {
    cwd: base,
    ...as,
  });
  program.end(input);
  return program.ended;
}

const POLICY = `
function hook.helo(name) return '250 ' .. tostring(store.get(name)) end
function hook.ehlo(name) assert(store.member('set', name, 600)) assert(store.set('gl:' .. name, 'w', 600)) return '250 done' end`;

async function says(service: ServiceUnderTrial, lines: readonly string[]): Promise<readonly string[]> {
  const client = await SmtpClient.connect(await service.port());
  await client.reply();
  const replies = [];
  for (const line of lines) replies.push((await client.command(line)).trimEnd());
  client.destroy();
  return replies;
}

describe('smtpe store', () => {
  it('sees, changes, exports, imports and copies what a server has on disk', async () => {
    const url = `store=lmdb:${join(base, 'store')}`;
    const service = await ServiceUnderTrial.start({ policy: POLICY, options: [url] });
    try {
      expect(await says(service, ['EHLO one', 'HELO gl:one'])).toEqual(['250 done', '250 w']);
      expect(await verb([url, 'list', 'gl:'])).toMatchObject({ code: 0, stdout: 'gl:one\n', stderr: '' });
      expect(await verb([url, 'get', 'gl:one'])).toMatchObject({ code: 0, stdout: 'w' });
      expect(await verb([url, 'set', 'k\\x00\\xff', 'value of mine', '60'])).toMatchObject({
        code: 0,
        stdout: '',
      });
      expect(await verb([url, 'set', 'mine', 'value of mine', '60'])).toMatchObject({ code: 0 });
      expect(await says(service, ['HELO mine'])).toEqual(['250 value of mine']);
      const exported = await verb([url, 'export']);
      const lines = exported.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(lines.map(({ ttl, ...line }) => [typeof ttl, line])).toEqual([
        ['number', { key: 'gl:one', value: 'w' }],
        ['number', { key: { base64: 'awD/' }, value: 'value of mine' }],
        ['number', { key: 'mine', value: 'value of mine' }],
        ['number', { key: 'set', items: ['one'] }],
      ]);
      expect((await verb([url, 'delete', 'mine'])).code).toBe(0);
      expect((await verb([url, 'delete', 'mine'])).code).toBe(1);
      expect(await verb([url, 'get', 'mine'])).toMatchObject({ code: 1, stdout: '', stderr: '' });
      expect(await says(service, ['HELO mine'])).toEqual(['250 nil']);
      expect(await verb([url, 'import'], exported.stdout)).toMatchObject({ code: 0, stderr: '' });
      expect(await says(service, ['HELO mine'])).toEqual(['250 value of mine']);
      const copy = join(base, 'copy');
      expect(await verb([url, 'backup', copy])).toMatchObject({ code: 0, stderr: '' });
      expect([(await stat(copy)).mode & 0o777, (await stat(join(copy, 'data.mdb'))).mode & 0o777]).toEqual([
        0o700, 0o600,
      ]);
      expect((await verb([`store=lmdb:${copy}`, 'list'])).stdout.split('\n').length).toBe(5);
      expect((await verb([url, 'backup', copy])).stderr).toMatch(
        /EEXIST.*name a directory that is not there yet/,
      );
    } finally {
      await service.remove();
    }
  });

  it('throws nothing out, whatever its own options say', async () => {
    const url = `store=lmdb:${join(base, 'many')}`;
    const lines = Array.from({ length: 150 }, (_, i) => `{"key":"k${i}","ttl":600,"value":"v"}\n`).join('');
    expect((await verb([url, 'store-max-entries=100', 'import'], lines)).code).toBe(0);
    const { stdout } = await verb([url, 'store-max-entries=100', 'export', 'k']);
    expect(stdout.trimEnd().split('\n')).toHaveLength(150);
  });

  it.runIf(process.getuid?.() === 0)('finds the store in memory of the one server of its user', async () => {
    expect(await verb(['list'], '', SOMEBODY)).toMatchObject({
      code: 71,
      stderr: 'smtpe: store: store=memory, and no server of this user runs that has anything in it\n',
    });
    const service = await ServiceUnderTrial.start({ policy: POLICY, owner: SOMEBODY.uid, as: SOMEBODY });
    try {
      await says(service, ['EHLO one']);
      expect(await verb(['list'], '', SOMEBODY)).toMatchObject({ code: 0, stdout: 'gl:one\nset\n' });
    } finally {
      await service.program.stop();
      await service.remove();
    }
  });

  it('says what is wrong, and what would be right', async () => {
    const url = `store=lmdb:${join(base, 'store')}`;
    const away = await closedPort();
    const theirs = await mkdtemp(join(base, 'theirs-'));
    await writeFile(join(theirs, 'data.mdb'), '');
    await chmod(theirs, 0o700);
    if (process.getuid?.() === 0) await chown(theirs, SOMEBODY.uid, SOMEBODY.gid);
    const all = [
      [[], 64, /what is to be done\?\n.*smtpe store \[OPTION \.\.\.\] COMMAND/],
      [[url, 'frob'], 64, /frob: not so/],
      [[url, 'set', 'k', 'v', '0'], 64, /SECONDS is 1 to 31536000/],
      [[url, 'get', 'set'], 64, /a set has no value, see export/],
      [[`store=lmdb:${join(base, 'nowhere')}`, 'list'], 71, /there is no store in \S+nowhere/],
      [[`store=redis://127.0.0.1:${away}`, 'list'], 71, /127\.0\.0\.1:\d+: .*ECONNREFUSED/],
      [[`store=redis://127.0.0.1:${away}`, 'export'], 64, /Redis has its own tools/],
      ...(process.getuid?.() === 0
        ? ([
            [
              [`store=lmdb:${theirs}`, 'list'],
              71,
              /belongs to user 54321 and this is user 0: run this as that user/,
            ],
          ] as const)
        : []),
    ] as const;
    const ends = await Promise.all(all.map(([words]) => verb(words)));
    for (const [index, [words, code, text]] of all.entries()) {
      expect(ends[index]?.code, words.join(' ')).toBe(code);
      expect(ends[index]?.stderr).toMatch(text);
      expect(ends[index]?.stdout).toBe('');
    }
    await expect(readFile(join(base, 'nowhere', 'data.mdb'))).rejects.toThrow('ENOENT');
    const broken = await verb([url, 'import'], '{"key":"ok","ttl":60,"value":"1"}\n{"key":"a"\n');
    expect(broken).toMatchObject({
      code: 64,
      stderr: expect.stringMatching(/line 2: expected .*the lines before are imported/),
    });
  });
});
