import { chmod, mkdir, mkdtemp, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { privateDirectoryProblem, settleSpoolDirectory } from '../../../src/cli/spool-directory.ts';
import { warnAtStart, warnOfLoops } from '../../../src/cli/start-warnings.ts';
import { createOptions } from '../../../src/options/option-set.ts';
import { RecordLog } from '../../fakes/record-log.ts';

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

describe('warnAtStart', () => {
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
