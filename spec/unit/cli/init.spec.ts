// `smtpe init` where a directory cannot be made: what is wrong is said, at once.
import { mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { init } from '../../../src/cli/init.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-init-'));
  await writeFile(join(directory, 'file'), '');
  await symlink('nowhere', join(directory, 'dangling'));
  await symlink('round', join(directory, 'round'));
  await symlink('file', join(directory, 'to-file'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** Exit code and stderr. */
async function tried(path: string): Promise<readonly [number, string]> {
  const said: string[] = [];
  const spy = vi.spyOn(process.stderr, 'write').mockImplementation((text, ...more) => {
    said.push(String(text));
    const done = more.find((one) => typeof one === 'function');
    if (done !== undefined) (done as () => void)();
    return true;
  });
  try {
    return [await init([path]), said.join('')];
  } finally {
    spy.mockRestore();
  }
}

it.each([
  ['dangling', 64, /dangling: it is a link to nowhere, which is not there; name a new directory/],
  ['dangling/policy', 64, /dangling: it is a link to nowhere, which is not there/],
  ['file', 64, /file: that is a file; name a new directory/],
  ['to-file', 64, /to-file: that is a file; name a new directory/],
  ['file/policy', 64, /file\/policy: that is a file; name a new directory/],
  ['file/policy/deeper', 64, /file\/policy\/deeper: that is a file/],
  ['round', 64, /round: ELOOP/],
  ['/proc/policy', 71, /^smtpe: init: \/proc\/policy: no directory can be made in \/proc \(ENOENT\)/],
  ['/proc/policy/deeper', 71, /\/proc\/policy: no directory can be made in \/proc/],
])('%s', { timeout: 2000 }, async (path, code, says) => {
  const before = await readdir(directory);
  expect(await tried(path.startsWith('/') ? path : join(directory, path))).toEqual([
    code,
    expect.stringMatching(says),
  ]);
  expect(await readdir(directory)).toEqual(before);
});
