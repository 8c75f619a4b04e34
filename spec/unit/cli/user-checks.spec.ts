// What `check` and a start with user= say of files and directories that options name and that are not there.
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unusableProblems } from '../../../src/cli/user-checks.ts';
import { createOptions } from '../../../src/options/option-set.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-user-'));
  await writeFile(join(directory, 'file'), '');
  await mkdir(join(directory, 'mail'));
  await mkdir(join(directory, 'open'));
  await chmod(join(directory, 'open'), 0o770);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const about = async (options: Readonly<Record<string, string>>): Promise<readonly string[]> => {
  const there = Object.entries(options).map(([name, text]) => [name, text.replaceAll('DIR', directory)]);
  const problems = await unusableProblems(createOptions({ file: '', ...Object.fromEntries(there) }), 'bob');
  return problems.map((problem) => problem.replaceAll(directory, 'DIR'));
};

describe('unusableProblems', () => {
  it.each<Readonly<Record<string, string>>>([
    {},
    { 'smtp-forward-user': 'u', 'smtp-forward-password-file': 'DIR/file' },
    { 'smtp-forward-tls-cert': 'DIR/file,DIR/file', 'http-ca-file': 'DIR/file' },
    { 'auth-script': 'DIR/file DIR/file', 'mail-lua-script': 'DIR/file', 'push-script': 'DIR/file' },
    { 'smtp-forward-tls': 'pin', 'smtp-forward-tls-pin': `sha256:${'0'.repeat(64)} DIR/file` },
    { 'smtp-smart-host': 'maildir:DIR/none/Mail, mx.example.com' },
    { 'smtp-smart-host': 'maildir:DIR/mail/%d/%n' },
    { store: 'lmdb:DIR/store', 'store.far': 'redis://127.0.0.1:1/0', 'store.near': 'lmdb:DIR/not/yet/there' },
    { 'smtp-smart-host': 'maildir:DIR/mail/user-%u/Mail' },
    { 'smtp-smart-host': 'accounts:', 'rumble-database': 'DIR/not/there', 'rumble-storage': 'DIR/100%/mail' },
  ])('has nothing against %j', async (options) => {
    expect(await about(options)).toEqual([]);
  });

  it.each<readonly [string, string, string]>([
    ['smtp-forward-password-file', 'DIR/none', 'DIR/none: there is no such file'],
    ['http-ca-file', 'DIR/none', 'DIR/none: there is no such file'],
    ['smtp-forward-tls-cert', 'DIR/none', 'DIR/none: there is no such file'],
    ['smtp-forward-tls-cert', 'DIR/file,DIR/key', 'DIR/key: there is no such file'],
    ['auth-script', 'DIR/none', 'DIR/none: there is no such file'],
    ['auth-script', 'DIR/file DIR/none', 'DIR/none: there is no such file'],
    ['mail-lua-script', 'DIR/none', 'DIR/none: there is no such file'],
    ['push-script', 'DIR/file,DIR/none', 'DIR/none: there is no such file'],
    ['smtp-forward-tls-pin', `sha256:${'0'.repeat(64)},DIR/none`, 'DIR/none: there is no such file'],
  ])('%s=%s', async (name, text, problem) => {
    expect(await about({ [name]: text })).toEqual([`createOptions: ${name}: ${problem}`]);
  });

  it('where the directories of recipients are to be', async () => {
    expect(await about({ 'smtp-smart-host': 'maildir:DIR/none/%d/%n' })).toEqual([
      'createOptions: maildir:DIR/none/%d/%n: there is no directory DIR/none: every recipient would be unknown',
    ]);
  });

  it.each([
    ['DIR/open', 'others may read DIR/open, and passwords of accounts are in it; chmod 700 DIR/open'],
    ['DIR/file', 'others may read DIR/file, and passwords of accounts are in it; chmod 700 DIR/file'],
    ['/proc/self/db', expect.stringMatching(/^\/proc\/self\/db: .*this user may write to$/)],
  ])('where accounts are to be: %s', async (path, problem: string) => {
    const [found = ''] = await about({ 'rumble-database': path });
    const start = `createOptions: rumble-database=${path}: `;
    expect(found.slice(0, start.length)).toBe(start);
    expect(found.slice(start.length)).toEqual(problem);
  });

  it.each([
    ['lmdb:DIR/open', 'others may write to DIR/open; chmod 700 DIR/open'],
    ['lmdb:DIR/file', 'DIR/file is no directory'],
    ['lmdb:DIR/file/store', expect.stringMatching(/^DIR\/file\/store: ENOTDIR.*this user may write to$/)],
    ['lmdb:/proc/self/store', expect.stringMatching(/^\/proc\/self\/store: .*this user may write to$/)],
  ])('where stores are to be: %s', async (url, problem: string) => {
    for (const name of ['store', 'store.near']) {
      const [found = '', ...more] = await about({ [name]: url });
      const start = `createOptions: ${name}=${url}: `;
      expect(found.slice(0, start.length)).toBe(start);
      expect(found.slice(start.length)).toEqual(problem);
      expect(more).toEqual([]);
    }
    // Who looks makes nothing.
    expect(await readdir(directory)).toEqual(['file', 'mail', 'open']);
  });

  it('all of them', async () => {
    expect(
      await about({ 'smtp-forward-password-file': 'DIR/none', 'http-ca-file': 'DIR/none' }),
    ).toHaveLength(2);
  });
});
