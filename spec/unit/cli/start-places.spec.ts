// What `smtpe check` finds of the places that a start uses: what the start refuses, in the words of the start.
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { AdminToken } from '../../../src/cli/admin-token.ts';
import { recordProblem } from '../../../src/cli/record-sessions.ts';
import { checkPlaces } from '../../../src/cli/start-places.ts';
import { createOptions } from '../../../src/options/option-set.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-places-'));
  await mkdir(join(directory, 'here'));
  await writeFile(join(directory, 'file'), 'short\n', { mode: 0o600 });
  await writeFile(join(directory, 'token'), '0123456789abcdef\n', { mode: 0o600 });
});
afterEach(() => rm(directory, { recursive: true }));

const at = (values: Readonly<Record<string, string>>) =>
  createOptions(
    Object.fromEntries(Object.entries(values).map(([name, text]) => [name, text.replace('DIR', directory)])),
  );

it.each([
  [
    { 'record-dir': 'DIR/none' },
    /record-dir=\S+\/none: there is no such directory; make it with: mkdir -p -m 700 \S+$/,
  ],
  [{ 'record-dir': 'DIR/file' }, /record-dir=\S+\/file: that is no directory$/],
  [{ 'log-file': 'DIR/here' }, /log-file=\S+\/here: that is a directory; name a file in it$/],
  [{ 'log-file': 'DIR/file/smtpe.log' }, /log-file=\S+\/smtpe.log: \S+\/file is no directory$/],
  [{ 'pid-file': 'DIR/here' }, /pid-file=\S+\/here: that is a directory; name a file in it$/],
  [
    { 'admin-listen': 'unix:DIR/here' },
    /admin-listen=unix:\S+\/here: that is a directory; name a file in it$/,
  ],
  [
    { 'admin-listen': '127.0.0.1:9101', 'admin-token-file': 'DIR/none' },
    /admin-token-file=\S+\/none: there is no such file$/,
  ],
  [
    { 'admin-listen': '127.0.0.1:9101', 'admin-token-file': 'DIR/file' },
    /its first line is no token: expected 16 or more characters/,
  ],
] as const)('%j: a mistake', async (values, problem) => {
  const { problems, warnings } = await checkPlaces(at(values));
  expect(problems).toEqual([expect.stringMatching(problem)]);
  expect(warnings).toEqual([]);
});

it.each([
  [{ 'log-file': 'DIR/none/smtpe.log' }],
  [{ 'pid-file': 'DIR/none/smtpe.pid' }],
  [{ 'admin-listen': 'unix:DIR/none/admin.sock' }],
] as const)('%j: a warning, as a service manager may make the directory', async (values) => {
  const { problems, warnings } = await checkPlaces(at(values));
  expect(problems).toEqual([]);
  expect(warnings).toEqual([
    expect.stringMatching(/: there is no directory \S+\/none; it must be there when smtpe starts$/),
  ]);
});

it('says nothing of what can be used, nor of what is not, and makes nothing', async () => {
  const values = {
    'record-dir': 'DIR/here',
    'log-file': 'DIR/smtpe.log',
    'pid-file': 'DIR/smtpe.pid',
    'admin-listen': 'unix:DIR/admin.sock',
    'admin-token-file': 'DIR/token',
  };
  const before = await readdir(directory);
  expect(await checkPlaces(at(values))).toEqual({ problems: [], warnings: [] });
  expect(await checkPlaces(at({ 'admin-token-file': 'DIR/none' }))).toEqual({ problems: [], warnings: [] });
  expect(await checkPlaces(at({}))).toEqual({ problems: [], warnings: [] });
  expect(await readdir(directory)).toEqual(before);
});

it('says it as the start does', async () => {
  const wrong = at({
    'record-dir': 'DIR/none',
    'admin-listen': '127.0.0.1:9101',
    'admin-token-file': 'DIR/none',
  });
  const token = await new AdminToken().read(wrong);
  expect((await checkPlaces(wrong)).problems).toEqual([
    await recordProblem(wrong),
    token.kind === 'wrong' ? token.problem : '',
  ]);
});
