// doc/start.md: who types what it says sees what it shows. The policy that grows there is etc/examples/disposable.lua in the end.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { closedPort } from '../../src/bench/ports/scripted-server.ts';
import { isAsShown, type Shown, typeAlong } from '../fakes/page-console.ts';
import { describeWith } from './needs.ts';

const root = join(import.meta.dirname, '../..');

describeWith(['swaks'], 'doc/start.md', () => {
  let directory: string;
  let shown: readonly Shown[];
  const ports: Record<string, string> = {};
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'smtpe-start-page-'));
    const page = await readFile(join(root, 'doc/start.md'), 'utf8');
    for (const port of ['2525', '9101', '3310']) ports[port] = String(await closedPort());
    shown = await typeAlong(page, { directory, main: join(root, 'dist/main.js'), ports });
  }, 300_000);
  afterAll(() => rm(directory, { recursive: true, force: true }));

  it('shows what comes out', () => {
    expect(shown.length).toBeGreaterThan(15);
    for (const one of shown) if (!isAsShown(one)) expect(one.actual, one.command).toBe(one.expected);
  });

  it('ends with an example that comes with smtpe, and with its test', async () => {
    for (const [mine, example] of [
      ['policy.lua', 'disposable.lua'],
      ['policy_test.lua', 'disposable_test.lua'],
      ['people.txt', 'people.txt'],
    ] as const) {
      const text = await readFile(join(directory, 'post', mine), 'utf8');
      expect(text.replace(`:${ports['3310']}`, ':3310')).toBe(
        await readFile(join(root, 'etc/examples', example), 'utf8'),
      );
    }
  });
});
