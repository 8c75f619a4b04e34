// `smtpe init`: every recipe passes `smtpe check` and `smtpe test` as it was made; nothing is overwritten, and it is said what to type next.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recipes } from '../../src/cli/init.ts';
import { type Ended, Program } from '../fakes/program.ts';

const main = join(import.meta.dirname, '../../dist/main.js');
const names = (await recipes()).map(({ name }) => name);

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-init-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const smtpe = (cwd: string, ...args: readonly string[]): Promise<Ended> =>
  new Program(process.execPath, [main, ...args], { cwd }).ended;

describe('smtpe init', () => {
  it('has the recipes that people ask for, each with a line of what it does', async () => {
    expect(names).toEqual([
      ...[
        'archive',
        'attachments',
        'auth-http',
        'dnsbl',
        'greylist',
        'quarantine',
        'relay-guard',
        'route-by-domain',
      ],
      ...['scan', 'sender-checks', 'spam-folder', 'submission', 'tag-and-footer', 'tarpit'],
    ]);
    const { code, stdout } = await smtpe(directory, 'init', '--list');
    expect(code).toBe(0);
    expect(stdout.trimEnd().split('\n')).toEqual(
      names.map((name) => expect.stringMatching(`^${name} +[A-Za-z].{20,}`)),
    );
  });

  it.each(names)('%s: passes check at once', async (name) => {
    const made = await smtpe(directory, 'init', name, name);
    expect(made).toMatchObject({ code: 0, stderr: '' });
    expect(made.stdout).toMatch(
      new RegExp(`\nnext: cd ${name} && smtpe test \\. && smtpe check && smtpe file=smtpe\\.cf`),
    );
    const place = join(directory, name);
    expect(await readdir(place)).toEqual(
      expect.arrayContaining([
        '.luacheckrc',
        '.luarc.json',
        'README.md',
        'policy.lua',
        'policy_test.lua',
        'smtpe.cf',
      ]),
    );
    for (const file of ['.luarc.json', 'README.md'])
      expect(await readFile(join(place, file), 'utf8')).not.toMatch(/\{(?:name|about|files|stubs|library)\}/);
    expect(await smtpe(place, 'check')).toMatchObject({ code: 0, stderr: '' });
  });

  // All of them by one process: each alone would cost a start.
  it('what was made passes test at once', async () => {
    const tested = await smtpe(directory, 'test', '.');
    expect(tested.stdout).toMatch(/\d ok/);
    for (const name of names) expect(tested.stdout).toContain(join(name, 'policy_test.lua'));
    expect(tested.stdout).not.toMatch(/never used|FAIL/);
    expect(tested).toMatchObject({ code: 0, stderr: '' });
  });

  it('overwrites nothing', async () => {
    const place = join(directory, 'mine');
    expect((await smtpe(directory, 'init', 'mine')).code).toBe(0);
    await writeFile(join(place, 'policy.lua'), '-- mine');
    const again = await smtpe(directory, 'init', 'mine', 'scan');
    expect(again).toMatchObject({ code: 64, stderr: expect.stringContaining('it has files already') });
    expect(await readFile(join(place, 'policy.lua'), 'utf8')).toBe('-- mine');
    expect(await smtpe(directory, 'init', 'mine/policy.lua')).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('that is a file'),
    });
    expect(await smtpe(directory, 'init', 'new', 'greylst')).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('did you mean greylist?'),
    });
    expect(await smtpe(directory, 'init')).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('usage: smtpe init'),
    });
  });
});
