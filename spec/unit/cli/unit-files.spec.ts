// What etc/smtpe.service and etc/smtpe.logrotate say is what the program does: its verbs, exit codes, signals and times.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { exitCode } from '../../../src/cli/exit-code.ts';
import { readCommandLine } from '../../../src/cli/verb.ts';
import { createOptions, findOption } from '../../../src/options/option-set.ts';

const etc = join(import.meta.dirname, '../../../etc');

describe('etc/smtpe.service', async () => {
  const text = await readFile(join(etc, 'smtpe.service'), 'utf8');
  const values = (name: string): readonly string[] =>
    [...text.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, value = '']) => value);

  it('runs the verbs that there are, with options that there are, and checks the same that it starts', () => {
    const lines = [...values('ExecStartPre'), ...values('ExecStart'), ...values('ExecReload')].filter(
      (line) => line.includes('smtpe '),
    );
    const read = lines.map((line) => {
      const [program, ...words] = line.split(' ');
      const { problems, verb, words: options } = readCommandLine(words);
      expect([program, problems]).toEqual(['/usr/local/bin/smtpe', []]);
      for (const option of options) expect(findOption(option.split('=')[0] ?? '')).toBeDefined();
      return [verb, ...options];
    });
    expect(read).toEqual([
      ['check', 'workers=0'],
      ['run', 'workers=0'],
      ['check', 'workers=0'],
    ]);
  });

  it('is told by smtpe when it serves, reloads by the signal that does so, after the check', () => {
    expect(values('Type')).toEqual(['notify']);
    // A shorter one starts systemd-notify too often; it must be longer than what the event loop may stand still (watchdog-timeout).
    expect(Number(values('WatchdogSec'))).toBeGreaterThanOrEqual(
      2 * createOptions({}).values['watchdog-timeout'],
    );
    expect(values('ExecReload').at(-1)).toBe('/bin/kill -HUP $MAINPID');
  });

  it('is not started again with wrong options, and is waited for as long as smtpe may take to end', () => {
    expect(values('RestartPreventExitStatus')).toEqual([String(exitCode.usage)]);
    const [stop = ''] = values('TimeoutStopSec');
    expect(Number(stop)).toBeGreaterThan(createOptions({}).values['shutdown-timeout'] + 5);
  });
});

describe('etc/smtpe.logrotate', async () => {
  const text = await readFile(join(etc, 'smtpe.logrotate'), 'utf8');

  it('tells the main process to open the log again, and compresses nothing that is written to', () => {
    expect(text).toMatch(/^ +\/bin\/systemctl kill --kill-who=main --signal=USR2 smtpe\.service$/m);
    expect(text).toMatch(/^ +delaycompress$/m);
    expect(text).not.toContain('copytruncate');
  });
});
