// A process without a descriptor, or a process, left: what a policy starts fails with values, and everybody else goes on.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Program } from '../fakes/program.ts';
import { SmtpClient } from '../fakes/smtp-client.ts';

const main = join(import.meta.dirname, '../../dist/main.js');
let directory: string;
let program: Program | undefined;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-descriptors-'));
});
afterEach(async () => {
  if (program !== undefined && !program.over) program.signal('SIGKILL');
  await program?.ended;
  await rm(directory, { recursive: true, force: true });
});

it('answers EMFILE to os.execute, io.popen and io.open', { timeout: 60_000 }, async () => {
  await writeFile(
    join(directory, 'p.lua'),
    `function hook.mail()
      local files = {}
      while true do
        local file = io.open('/dev/null')
        if not file then break end
        files[#files + 1] = file
      end
      local a, b, c = os.execute('true')
      local d, e, f = io.popen('true')
      local g, h, i = io.open('/dev/null')
      local j, k = pcall(dofile, '/etc/passwd')
      return '250 ' .. table.concat({ tostring(a), b, c, tostring(d), e, f, tostring(g), h, i, tostring(j) }, '/')
    end
    function hook.noop() return '250 ' .. tostring(os.execute('true')) end`,
  );
  const options =
    'smtp-server-address=127.0.0.1 smtp-server-port=0 dns-client-timeout=0 lua-max-files=10000 hook-cpu-limit=5000';
  const command = `ulimit -n 300; exec ${process.execPath} ${main} file= script=${directory}/p.lua ${options}`;
  program = new Program('/bin/sh', ['-c', command]);
  const [, port] = await program.wrote(/listening on 127\.0\.0\.1:(\d+)/);
  const other = await SmtpClient.connect(Number(port));
  await other.reply();
  for (let i = 0; i < 3; i++) {
    const evil = await SmtpClient.connect(Number(port));
    await evil.reply();
    await evil.command('HELO x');
    expect(await evil.command('MAIL FROM:<a@b.example>')).toBe(
      '250 nil/Too many open files/24/nil/true: Too many open files/24/nil//dev/null: No file descriptors available/24/false\r\n',
    );
    evil.destroy();
    // Its files are closed with it.
    let answer = '';
    while (answer !== '250 0\r\n') answer = await other.command('NOOP');
  }
  expect(program.stderr).not.toMatch(/ crit |bug in/);
  expect((await program.stop()).code).toBe(0);
});

it('is loaded with as few as any program has: it is a few files, not the hundreds of its source', async () => {
  program = new Program('/bin/sh', ['-c', `ulimit -n 64; exec ${process.execPath} ${main} version`]);
  const { code, stderr, stdout } = await program.ended;
  expect([code, stderr, stdout.split('\n')[0]]).toEqual([0, '', 'smtpe 0.1.0']);
});
