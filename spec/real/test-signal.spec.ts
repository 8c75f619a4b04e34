// `smtpe test`, `smtpe trace FILE` and `smtpe replay` that are ended by a signal leave nothing in the directory for temporary files.
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Program } from '../fakes/program.ts';
import { waitUntil } from '../fakes/wait-until.ts';

const main = join(import.meta.dirname, '../../dist/main.js');

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-signal-'));
  const long = 'for i = 1, 3e6 do local x = i end ';
  await writeFile(join(directory, 'x.lua'), `function hook.noop() ${long} return '250 ok' end`);
  const test = `t.case('long', function(s) for i = 1, 3 do s:command('NOOP'):expect(250) end end)\n`;
  await writeFile(join(directory, 'x_test.lua'), `local t = require 'smtpe.test'\n${test.repeat(500)}`);
  await writeFile(join(directory, 's.txt'), `EHLO a.example\r\n${'NOOP\r\n'.repeat(2000)}QUIT\r\n`);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

it.each([
  ['SIGINT', ['test', '.']],
  ['SIGTERM', ['test', '.']],
  ['SIGTERM', ['trace', 's.txt', 'x.lua', 'file=']],
] as const)('%s to %s', async (signal, words) => {
  const scratch = join(directory, `tmp-${signal}-${words[0]}`);
  await mkdir(scratch);
  const program = new Program(process.execPath, [main, ...words], {
    cwd: directory,
    env: { ...process.env, TMPDIR: scratch },
  });
  await waitUntil(async () => expect(await readdir(scratch)).not.toEqual([]));
  program.signal(signal);
  // By the signal, as whoever started it expects.
  expect((await program.ended).code).toBeNull();
  expect(await readdir(scratch)).toEqual([]);
});
