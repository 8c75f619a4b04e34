// doc/operate.md: who types what it says sees what it shows. Its paths are those of a directory of the test, its next hops a Maildir there.
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { closedPort } from '../../src/bench/ports/scripted-server.ts';
import { isAsShown, type Shown, typeAlong } from '../fakes/page-console.ts';
import { describeWith } from './needs.ts';

const root = join(import.meta.dirname, '../..');
const HOPS = 'mail1.example.com,mail2.example.com';

describeWith(['swaks', 'curl'], 'doc/operate.md', () => {
  let directory: string;
  let shown: readonly Shown[];
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'smtpe-op-'));
    const at = (name: string): string => join(directory, name);
    for (const name of ['etc', 'run', 'lib/spool', 'log', 'here'])
      await mkdir(at(name), { recursive: true, mode: 0o700 });
    const port = await closedPort();
    const ports = {
      'mx=*:25': `mx=127.0.0.1:${port}`,
      '127.0.0.1:25': `127.0.0.1:${port}`,
      [HOPS]: `maildir:${at('mail')}`,
      '/etc/smtpe': at('etc'),
      '/run/smtpe': at('run'),
      '/var/lib/smtpe': at('lib'),
      '/var/log/smtpe': at('log'),
    };
    const page = await readFile(join(root, 'doc/operate.md'), 'utf8');
    shown = await typeAlong(page, {
      ...{ directory: at('here'), main: join(root, 'dist/main.js') },
      ...{ ports, optionFile: at('etc/smtpe.cf') },
    });
  }, 300_000);
  afterAll(() => rm(directory, { recursive: true, force: true }));

  it('shows what comes out', () => {
    expect(shown.length).toBeGreaterThan(10);
    for (const one of shown) if (!isAsShown(one)) expect(one.actual, one.command).toBe(one.expected);
  });
});
