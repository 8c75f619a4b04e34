import { mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makePath } from '../../../src/ops/make-path.ts';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-path-'));
});
afterEach(() => rm(directory, { recursive: true }));
const never = new AbortController().signal;

describe('makePath', () => {
  it('makes names of any octets', async () => {
    expect(await makePath(`${directory}/\xff\xfe/b"'\\`, never)).toEqual({ kind: 'made' });
    const octets = Buffer.concat([Buffer.from(`${directory}/`), Buffer.from('\xff\xfe/b"\'\\', 'latin1')]);
    expect((await stat(octets)).isDirectory()).toBe(true);
  });

  it('goes through links to directories, and takes many slashes for one', async () => {
    await symlink('.', join(directory, 'here'));
    expect(await makePath(`${directory}//here///a/`, never)).toEqual({ kind: 'made' });
    expect((await stat(join(directory, 'a'))).isDirectory()).toBe(true);
  });

  it('says which part failed, and why', async () => {
    await writeFile(join(directory, 'file'), '');
    expect(await makePath(`${directory}/file/a/b`, never)).toEqual({
      kind: 'failed',
      part: `${directory}/file`,
      code: 'EEXIST',
    });
    expect(await makePath(`${directory}/${'x'.repeat(300)}`, never)).toMatchObject({ code: 'ENAMETOOLONG' });
    expect(await makePath('x'.repeat(1_000_000), never)).toMatchObject({
      kind: 'failed',
      code: 'ENAMETOOLONG',
    });
    expect(await makePath('a\0b', never)).toMatchObject({ kind: 'failed', code: 'EINVAL' });
  });

  it('stops when it is cancelled', async () => {
    const abort = new AbortController();
    const running = makePath(`${directory}/a/b/c/d/e/f/g/h`, abort.signal);
    abort.abort();
    expect(await running).toEqual({ kind: 'cancelled' });
    await expect(stat(join(directory, 'a/b/c/d/e/f/g/h'))).rejects.toThrow('ENOENT');
  });
});
