// The built program whose log cannot be written: the reader stands still, the disk is full. It serves on, says so once, and ends in time.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync } from 'node:fs';
import { readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ServiceUnderTrial } from '../fakes/service.ts';
import { canMount, type SmallDisk, smallDisk } from '../fakes/small-disk.ts';
import { SmtpClient } from '../fakes/smtp-client.ts';

vi.setConfig({ testTimeout: 60_000 });

/** Commands that are logged, each with a long text. */
async function talk(port: number, lines: number): Promise<void> {
  const client = await SmtpClient.connect(port);
  await client.reply();
  for (let i = 0; i < lines; i++) {
    expect(await client.command(`EHLO ${'x'.repeat(900)}`)).toMatch(/^250/);
  }
  expect(await client.command('QUIT')).toMatch(/^221/);
  client.destroy();
}

const policy = "function hook.ehlo(name) syslog.log(syslog.LOG_INFO, 'ehlo ' .. name) end";

describe('a log that nobody reads', () => {
  it.each([
    [1, 'pipe'],
    [2, 'pipe'],
    // As journald and Node's own children have it.
    [2, 'socket'],
  ])('keeps neither mail nor the end (workers=%d, %s)', async (workers, kind) => {
    const service = await ServiceUnderTrial.start({ policy });
    await service.program.stop();
    const { directory } = service;
    const fifo = join(directory, 'fifo');
    spawnSync('mkfifo', [fifo]);
    const pipe = openSync(fifo, constants.O_RDWR);
    const child = spawn(
      process.execPath,
      [
        join(import.meta.dirname, '../../dist/main.js'),
        ...['file=', `script=${join(directory, 'policy.lua')}`, `spool-dir=${directory}`],
        ...['smtp-server-address=127.0.0.1', 'smtp-server-port=0', 'dns-client-timeout=0'],
        ...[`workers=${workers}`, 'shutdown-timeout=2', 'limit-commands=0'],
      ],
      { stdio: ['ignore', 'pipe', kind === 'pipe' ? pipe : 'pipe'], detached: true },
    );
    const ended = once(child, 'exit');
    try {
      const { stdout } = child;
      if (stdout === null) throw new Error('no stdout');
      const [text] = (await once(stdout, 'data')) as [Buffer];
      const port = Number(/:(\d+)\n/.exec(text.toString())?.[1]);
      for (let i = 0; i < 4; i++) await talk(port, 100);
      // In a transaction, so that the whole time is needed.
      const client = await SmtpClient.connect(port);
      await client.reply();
      await client.command('EHLO c');
      await client.command('MAIL FROM:<a@b.example>');
      const before = performance.now();
      child.kill('SIGTERM');
      expect(await ended).toEqual([0, null]);
      expect(performance.now() - before).toBeLessThan(25_000);
    } finally {
      if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      closeSync(pipe);
      await service.remove();
    }
  });
});

describe.skipIf(!canMount)('a log on a full disk (skipped without root and the right to mount)', () => {
  let disk: SmallDisk | undefined;
  afterEach(() => disk?.remove());

  it.each([1, 2])(
    'is said once, and once when it is over; no line is lost or said to be (workers=%d)',
    async (workers) => {
      disk = smallDisk('256k');
      const filler = join(disk.directory, 'filler');
      const log = join(disk.directory, 'log');
      const service = await ServiceUnderTrial.start({
        policy,
        options: [`workers=${workers}`, `log-file=${log}`, 'limit-commands=0'],
      });
      try {
        const port = await service.port();
        await writeFile(filler, Buffer.alloc(512 * 1024)).catch(() => undefined);
        for (let i = 0; i < 4; i++) await talk(port, 20);
        await service.said(/log-file=.* cannot be written: ENOSPC/);
        await unlink(filler);
        await service.said(/the log file can be written again/);
        expect((await service.program.stop()).code).toBe(0);
        const lines = (await readFile(log, 'latin1')).split('\n');
        expect(lines.filter((line) => line !== '' && !/^\d{4}-\S+ smtpe\[\d+\] /.test(line))).toEqual([]);
        expect(lines.filter((line) => /ehlo x{900}$/.test(line))).toHaveLength(80);
        expect(lines.filter((line) => /lost here/.test(line))).toEqual([]);
        expect(service.program.stderr.match(/ENOSPC/g)).toHaveLength(1);
        expect(service.program.stderr.match(/written again/g)).toHaveLength(1);
      } finally {
        await service.remove();
      }
    },
  );
});
