import { chmod, mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RecordLog } from '../../../src/bench/ports/record-log.ts';
import { privateDirectoryProblem, settleSpoolDirectory } from '../../../src/cli/spool-directory.ts';
import {
  openSecrets,
  warnAtStart,
  warnOfAuthSockets,
  warnOfClosedListeners,
  warnOfLoops,
} from '../../../src/cli/start-warnings.ts';
import { listenerRows } from '../../../src/net/listener-row.ts';
import { createOptions } from '../../../src/options/option-set.ts';
import type { OptionValues } from '../../../src/options/option-table.ts';

describe('warnOfLoops', () => {
  it.each([
    ['127.0.0.1:25', true],
    ['localhost', true],
    ['[::1]:25', true],
    ['127.0.0.1:26', false],
    ['mx.example.com', false],
    ['maildir:/x', false],
  ])('smtp-smart-host=%s: %s', (hosts, warned) => {
    const log = new RecordLog();
    warnOfLoops(createOptions({ 'smtp-smart-host': hosts }), [{ address: '::', port: 25 }], log);
    expect(log.lines.map(({ fields }) => fields?.host)).toEqual(warned ? [hosts] : []);
  });
});

describe('openSecrets', () => {
  it('names each file that everybody can read, once, also those of listeners', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'smtpe-secrets-'));
    const at = async (name: string, mode: number): Promise<string> => {
      await writeFile(join(directory, name), 'secret');
      await chmod(join(directory, name), mode);
      return join(directory, name);
    };
    const [open, group, closed] = [
      await at('open', 0o644),
      await at('group', 0o640),
      await at('closed', 0o600),
    ];
    const named = async (given: Parameters<typeof createOptions>[0]): Promise<readonly string[]> =>
      (await openSecrets(createOptions(given))).map(({ cause, file }) => `${file}: ${cause}`);
    const said = `${open}: every user of this machine can read the secret: chmod o-r`;
    expect(await named({})).toEqual([]);
    expect(await named({ 'admin-token-file': closed, 'store-password-file': group })).toEqual([]);
    for (const name of ['admin-token-file', 'store-password-file', 'smtp-forward-password-file'] as const)
      expect(await named({ [name]: open })).toEqual([said]);
    expect(
      await named({
        'smtp-listen': 'mx=127.0.0.1:0',
        'mx.smtp-forward-password-file': open,
        'admin-token-file': open,
        'store-password-file': join(directory, 'nothing'),
      }),
    ).toEqual([said]);
    const log = new RecordLog();
    await warnAtStart(createOptions({ 'admin-token-file': open }), log);
    expect(log.lines.map(({ message }) => message)).toContain(said);
    await rm(directory, { recursive: true });
  });
});

describe('warnOfClosedListeners', () => {
  it.each<readonly [string, readonly string[], readonly string[]]>([
    ['a=127.0.0.1:0/auth-required 127.0.0.1:0/auth-required b=127.0.0.1:0', ['rcpt'], ['a', '127.0.0.1:25']],
    ['a=127.0.0.1:0/auth-required', ['auth'], []],
    ['s=127.0.0.1:0/auth-required', [], []],
  ])('%s, with %j', (listen, hooks, warned) => {
    const log = new RecordLog();
    const options = createOptions({
      'smtp-listen': listen,
      ...(listen.startsWith('s=') && { 's.smtp-auth-dovecot': '/x' }),
    });
    const nobody = { connection: () => undefined, refusal: () => '' };
    const places = listenerRows(options, nobody).map((row) => ({
      row,
      endpoints: [{ address: '127.0.0.1', port: 25 }],
    }));
    const source = { isOn: (values: OptionValues) => values['smtp-auth-dovecot'] !== '' };
    warnOfClosedListeners(places, hooks, [source], log);
    expect(log.lines.map(({ fields }) => fields?.listener)).toEqual(warned);
  });
});

describe('warnOfAuthSockets', () => {
  it('names each socket that is not there or is none, once, also those of listeners', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'smtpe-warn-'));
    const path = join(directory, 'auth');
    const server = createServer().listen(path);
    const said = async (options: Parameters<typeof createOptions>[0]): Promise<readonly unknown[]> => {
      const log = new RecordLog();
      await warnOfAuthSockets(createOptions(options), log);
      return log.lines.map(({ fields, message }) => [fields?.path, message.split(': ')[1]]);
    };
    expect(await said({})).toEqual([]);
    expect(await said({ 'smtp-auth-dovecot': path })).toEqual([]);
    const listen = { 'smtp-listen': 'mx=*:25 sub=*:587 subs=*:465' };
    const none = join(directory, 'none');
    expect(
      await said({
        ...listen,
        'sub.smtp-auth-dovecot': none,
        'subs.smtp-auth-dovecot': none,
        'mx.smtp-auth-dovecot': directory,
      }),
    ).toEqual([
      [directory, 'it is no socket'],
      [none, 'no such file'],
    ]);
    await new Promise((resolve) => server.close(resolve));
    await rm(directory, { recursive: true, force: true });
  });
});

describe('warnAtStart', () => {
  it.each([
    ['off', true],
    ['may', true],
    ['dane', true],
    ['must', false],
    ['pin', false],
    ['dane-only', false],
  ])(
    'of a log-in at a next hop whose certificate is not checked: smtp-forward-tls=%s',
    async (tls, warned) => {
      for (const user of ['', 'office']) {
        const log = new RecordLog();
        await warnAtStart(createOptions({ 'smtp-forward-tls': tls, 'smtp-forward-user': user }), log);
        expect(log.short.some((line) => line.includes('smtp-forward-user'))).toBe(warned && user !== '');
      }
    },
  );

  it('says what the system allows less of, with the remedy', async () => {
    const log = new RecordLog();
    const many = { 'limit-connections': '1000000', 'smtp-server-queue': '65535' };
    await warnAtStart(createOptions(many), log);
    const said = log.lines.filter(({ message }) => !message.includes('root'));
    for (const { level, fields } of said)
      expect([level, typeof fields?.advice]).toEqual(['warning', 'string']);
    await warnAtStart(createOptions({ 'limit-connections': '1', 'smtp-server-queue': '1' }), log);
    expect(log.lines.filter(({ message }) => !message.includes('root'))).toEqual(said);
    expect(log.lines.some(({ message }) => message.includes('root'))).toBe(process.geteuid?.() === 0);
  });
});

describe('spool-dir=auto', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'smtpe-auto-'));
  });
  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  it('is never a directory that all may write to; what was named stays', () => {
    const options = createOptions({});
    settleSpoolDirectory(options);
    const path = options.values['spool-dir'];
    expect(path).toMatch(/^(\/var\/spool\/smtpe|.*\/smtpe-\d+)$/);
    const named = createOptions({ 'spool-dir': '/tmp' });
    settleSpoolDirectory(named);
    expect(named.values['spool-dir']).toBe('/tmp');
  });

  it('is made for this user alone, and refused when it is not his alone', async () => {
    const path = join(directory, 'smtpe-1');
    expect(await privateDirectoryProblem(path)).toBeUndefined();
    expect((await stat(path)).mode & 0o777).toBe(0o700);
    expect(await privateDirectoryProblem(path)).toBeUndefined();
    await chmod(path, 0o770);
    expect(await privateDirectoryProblem(path)).toMatch(/^it is not a directory that only this user may use/);
    const link = join(directory, 'smtpe-2');
    await mkdir(join(directory, 'elsewhere'));
    await symlink(join(directory, 'elsewhere'), link);
    expect(await privateDirectoryProblem(link)).toMatch(/^it is not a directory/);
  });
});
