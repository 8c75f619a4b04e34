// What `check` and a start with user= say of files and directories that options name and that are not there.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
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
    { 'smtp-forward-tls': 'pin', 'smtp-forward-tls-pin': `sha256:${'0'.repeat(64)} DIR/file` },
    { 'smtp-smart-host': 'maildir:DIR/none/Mail, mx.example.com' },
    { 'smtp-smart-host': 'maildir:DIR/mail/%d/%n' },
    { 'smtp-smart-host': 'maildir:DIR/mail/user-%u/Mail' },
  ])('has nothing against %j', async (options) => {
    expect(await about(options)).toEqual([]);
  });

  it.each<readonly [string, string, string]>([
    ['smtp-forward-password-file', 'DIR/none', 'DIR/none: there is no such file'],
    ['http-ca-file', 'DIR/none', 'DIR/none: there is no such file'],
    ['smtp-forward-tls-cert', 'DIR/none', 'DIR/none: there is no such file'],
    ['smtp-forward-tls-cert', 'DIR/file,DIR/key', 'DIR/key: there is no such file'],
    ['smtp-forward-tls-pin', `sha256:${'0'.repeat(64)},DIR/none`, 'DIR/none: there is no such file'],
  ])('%s=%s', async (name, text, problem) => {
    expect(await about({ [name]: text })).toEqual([`createOptions: ${name}: ${problem}`]);
  });

  it('where the directories of recipients are to be', async () => {
    expect(await about({ 'smtp-smart-host': 'maildir:DIR/none/%d/%n' })).toEqual([
      'createOptions: maildir:DIR/none/%d/%n: there is no directory DIR/none: every recipient would be unknown',
    ]);
  });

  it('all of them', async () => {
    expect(
      await about({ 'smtp-forward-password-file': 'DIR/none', 'http-ca-file': 'DIR/none' }),
    ).toHaveLength(2);
  });
});
