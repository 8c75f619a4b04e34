// The log file of the built program while logrotate rotates it by etc/smtpe.logrotate and mail goes on: no line is lost, twice, or cut, nor at the
// end of the process, and `smtpe why` finds every mail in what is left.
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, it, vi } from 'vitest';
import { ServiceUnderTrial } from '../fakes/service.ts';
import { SmtpClient } from '../fakes/smtp-client.ts';
import { describeWith, findProgram } from './needs.ts';

vi.setConfig({ testTimeout: 60_000 });

const etc = join(import.meta.dirname, '../../etc/smtpe.logrotate');
const main = join(import.meta.dirname, '../../dist/main.js');
const EACH = 8;
const ROUNDS = 4;

/** Messages on one connection, from numbered senders. */
async function send(port: number, first: number): Promise<void> {
  const client = await SmtpClient.connect(port);
  await client.reply();
  await client.command('EHLO c.example');
  for (let i = first; i < first + EACH; i++) {
    for (const line of [`MAIL FROM:<from${i}@b.example>`, `RCPT TO:<to${i}@d.example>`, 'DATA'])
      expect(await client.command(line)).toMatch(/^[23]/);
    expect(await client.command(`Message-ID: <${i}@b.example>\r\n\r\nx\r\n.`)).toMatch(/^250/);
  }
  client.destroy();
}

describeWith(['logrotate'], 'a log file that is rotated', () => {
  it.each([1, 2])('loses nothing (workers=%d)', async (workers) => {
    const service = await ServiceUnderTrial.start({
      policy: "function hook.forward() return '250 2.0.0 mine' end",
      options: [`workers=${workers}`, 'log-file=smtpe.log'],
    });
    try {
      const { directory } = service;
      const port = await service.port();
      const { gid, uid, username } = userInfo();
      const group = execFileSync('id', ['-gn'], { encoding: 'utf8' }).trim();
      const config = join(directory, 'logrotate.conf');
      writeFileSync(
        config,
        readFileSync(etc, 'utf8')
          .replace('/var/log/smtpe/smtpe.log {', `${join(directory, 'smtpe.log')} {`)
          .replace('create 0640 smtpe adm', `create 0640 ${username} ${group}`)
          .replace(/\/bin\/systemctl kill .*/, `kill -USR2 ${service.pid}`),
        { mode: 0o644 },
      );
      chmodSync(directory, 0o755);
      expect([uid, gid].every(Number.isInteger)).toBe(true);
      const rotate = (): void =>
        void execFileSync(findProgram('logrotate') ?? '', ['-f', '-s', join(directory, 'state'), config]);
      for (let round = 0; round < ROUNDS; round++) {
        await send(port, round * EACH);
        // logrotate leaves an empty file alone, and lines are gathered for some milliseconds.
        await expect.poll(() => statSync(join(directory, 'smtpe.log')).size).toBeGreaterThan(0);
        if (round < ROUNDS - 1) rotate();
      }
      // Right behind the last reply: what is logged then is written before the process ends.
      expect((await service.program.stop()).code).toBe(0);
      const files = readdirSync(directory).filter((name) => name.startsWith('smtpe.log'));
      expect(files.sort()).toEqual(['smtpe.log', 'smtpe.log.1', 'smtpe.log.2.gz', 'smtpe.log.3.gz']);
      const texts = files.map((name) => {
        const octets = readFileSync(join(directory, name));
        return (name.endsWith('.gz') ? gunzipSync(octets) : octets).toString('latin1');
      });
      const froms = [...texts.join('').matchAll(/ mail result=accepted from=(\S+) /g)].map(
        ([, from]) => from,
      );
      expect(froms).toHaveLength(ROUNDS * EACH);
      expect(new Set(froms).size).toBe(ROUNDS * EACH);
      for (const line of texts.join('').split('\n').slice(0, -1))
        expect(line).toMatch(/^\d{4}-\S+ smtpe\[\d+\] [a-z]+ /);
      const paths = files.map((name) => join(directory, name));
      const why = (...words: readonly string[]) =>
        spawnSync(process.execPath, [main, 'why', ...words, ...paths], { encoding: 'latin1' });
      // A mail of the oldest file, compressed by now, and all of them.
      const { status, stdout } = why('from=from1@b.example', 'to=to1@d.example');
      const heads = stdout.match(/^\d{4}-\S+ accepted, \d+ bytes {2}<1@b\.example>$/gm);
      expect([status, heads?.length]).toEqual([0, 1]);
      expect(why('from=*@b.example').stdout.match(/^ {2}from /gm)).toHaveLength(ROUNDS * EACH);
    } finally {
      await service.remove();
    }
  });
});
