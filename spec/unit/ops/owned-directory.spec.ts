// Directories that say whose they are: what a process left that was killed goes, and nothing else does.
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStage } from '../../../src/bench/prepare.ts';
import { Stage } from '../../../src/bench/stage.ts';
import { ownedDirectories, ownedPrefix, removeOwned } from '../../../src/ops/owned-directory.ts';

/** Above any process number that the system gives (PID_MAX_LIMIT is 4194304). */
const NOBODY = 4_194_305;

let base: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'smtpe-owned-'));
});
afterEach(() => rm(base, { recursive: true }));

const nameOf = async (kind: 'store' | 'test', pid: number): Promise<string> =>
  `${(await ownedPrefix(kind)).replace(/\d+-$/, `${pid}-`)}abc`;

test('those of processes that are no more are removed, with what is in them', async () => {
  const dead = join(base, await nameOf('test', NOBODY));
  const own = await mkdtemp(join(base, await ownedPrefix('test')));
  await mkdir(join(dead, 'spool'), { recursive: true });
  await writeFile(join(dead, 'spool/a'), 'a');
  expect((await ownedDirectories('test', [base])).map(({ pid }) => pid).sort()).toEqual(
    [NOBODY, process.pid].sort(),
  );
  expect(await removeOwned('test', [base], (pid) => Promise.resolve(pid === process.pid))).toBe(1);
  expect(await readdir(base)).toEqual([basename(own)]);
});

test('nothing else is: another kind, another name, a file, a link', async () => {
  const target = join(base, 'kept');
  await mkdir(target);
  const test = await nameOf('test', NOBODY);
  await mkdir(join(base, await nameOf('store', NOBODY)));
  await mkdir(join(base, `${test}.d`));
  await mkdir(join(base, 'smtpe-test-abc'));
  await writeFile(join(base, `${test}x`), '');
  await symlink(target, join(base, `${test}y`));
  const before = await readdir(base);
  expect(await removeOwned('test', [base, join(base, 'nowhere')], () => Promise.resolve(false))).toBe(0);
  expect(await readdir(base)).toEqual(before);
});

test('a bench removes what one left that was killed, and its own at the end', async () => {
  const left = join(tmpdir(), await nameOf('test', NOBODY));
  await mkdir(left, { recursive: true });
  const stage = await openStage();
  expect(stage).toBeInstanceOf(Stage);
  const names = await readdir(tmpdir());
  expect(names).not.toContain(basename(left));
  expect(names).toContain(basename(stage.scratch));
  await stage.close();
  expect(await readdir(tmpdir())).not.toContain(basename(stage.scratch));
});
