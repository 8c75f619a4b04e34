import { lstat, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { removePidFile, writePidFile } from '../../../src/ops/pid-file.ts';
import { Program } from '../../fakes/program.ts';

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-pid-'));
  path = join(directory, 'pid');
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

const own = `${process.pid}\n`;
/** A number that no process has: above the largest of Linux. */
const DEAD = 4_194_305;

describe('the pid file', () => {
  it('is written and removed', async () => {
    expect(await writePidFile(path)).toBe(undefined);
    expect(await readFile(path, 'latin1')).toBe(own);
    await removePidFile(path);
    await expect(lstat(path)).rejects.toThrow('ENOENT');
    await removePidFile(path);
  });

  it.each([
    ['a dead process', `${DEAD}\n`],
    ['a process with our number, before us', own],
    ['nobody', ''],
    ['a process without line end', String(DEAD)],
  ])('replaces what %s has left', async (_name, text) => {
    await writeFile(path, text);
    expect(await writePidFile(path)).toBe(undefined);
    expect(await readFile(path, 'latin1')).toBe(own);
  });

  it('replaces one whose number belongs to another program by now', async () => {
    const other = new Program('sleep', ['30']);
    await writeFile(path, `${other.pid}\n`);
    expect(await writePidFile(path)).toBe(undefined);
    other.signal('SIGKILL');
    await other.ended;
  });

  it('refuses to take the file of a service that runs', async () => {
    // Its command line is what tells it from other programs.
    const other = new Program(process.execPath, ['-e', 'setTimeout(() => 0, 30000)', 'dist/main.js']);
    await writeFile(path, `${other.pid}\n`);
    expect(await writePidFile(path)).toMatch(/process \d+ has written it and is running; stop that one or/);
    expect(await readFile(path, 'latin1')).toBe(`${other.pid}\n`);
    other.signal('SIGKILL');
    await other.ended;
  });

  it.each(['root:x:0:0:root:/root:/bin/sh\n', '12 13\n', 'abc', '\0\0'])(
    'does not write over something else: %j',
    async (text) => {
      await writeFile(path, text);
      expect(await writePidFile(path)).toMatch(/is no process number, so it is not overwritten/);
      expect(await readFile(path, 'latin1')).toBe(text);
      await removePidFile(path);
      expect(await readFile(path, 'latin1')).toBe(text);
    },
  );

  it('follows no symbolic link, neither to write nor to remove', async () => {
    const target = join(directory, 'target');
    await writeFile(target, own);
    await symlink(target, path);
    expect(await writePidFile(path)).toMatch(/that is a symbolic link, which is not written to/);
    await removePidFile(path);
    expect(await readFile(target, 'latin1')).toBe(own);
    expect((await lstat(path)).isSymbolicLink()).toBe(true);
    // Nor one to nowhere.
    await rm(target);
    expect(await writePidFile(path)).toMatch(/symbolic link/);
    await expect(lstat(target)).rejects.toThrow('ENOENT');
  });

  it('is not removed when somebody else has written it meanwhile', async () => {
    await writePidFile(path);
    await writeFile(path, '1\n');
    await removePidFile(path);
    expect(await readFile(path, 'latin1')).toBe('1\n');
  });

  it('says what keeps it from being written, and what would be right', async () => {
    await mkdir(path);
    expect(await writePidFile(path)).toBe(`pid-file=${path}: that is a directory; name a file in it`);
    const missing = join(path, 'none', 'pid');
    expect(await writePidFile(missing)).toBe(
      `pid-file=${missing}: there is no directory ${join(path, 'none')}; make it`,
    );
  });
});
