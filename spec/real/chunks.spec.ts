// BDAT between real servers: exim sends a message to smtpe in chunks, and smtpe hands it on to postfix in chunks, octet for octet.
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Daemon, startDaemon } from '../fakes/daemon.ts';
import { SmtpClient } from '../fakes/smtp-client.ts';
import { describeWith } from './needs.ts';
import { type Postfix, postfixNeeds, startPostfix } from './postfix-server.ts';

const execute = promisify(execFile);
const EXIM = '/opt/smtpe-test/exim/usr/sbin/exim4';

/** Exim that sends everything to this port of loopback. */
const eximConfiguration = (directory: string, port: number): string => `exim_path = ${EXIM}
primary_hostname = client.example
qualify_domain = client.example
spool_directory = ${directory}
log_file_path = ${directory}/log-%s
message_size_limit = 100M
never_users =
keep_environment =
tls_advertise_hosts =
begin routers
all:
  driver = manualroute
  transport = out
  route_list = * 127.0.0.1
  self = send
begin transports
out:
  driver = smtp
  port = ${port}
  hosts_avoid_tls = *
  message_linelength_limit = 100000
begin retry
* * F,1s,1s
`;

const md5 = (bytes: Buffer): string => createHash('md5').update(bytes).digest('hex');

/** A body of so many bytes: long and short lines, dots, what looks like an end of data and a command. */
function bodyOf(bytes: number): string {
  const lines = [
    '.',
    '..',
    '.QUIT',
    'MAIL FROM:<x@y>',
    '',
    'x'.repeat(900),
    'BDAT 5 LAST',
    'line with \xfc\xe9',
    'y',
  ];
  const part = `${lines.join('\n')}\n`;
  return part.repeat(Math.ceil(bytes / part.length));
}

describeWith(
  existsSync(EXIM) ? postfixNeeds : [...postfixNeeds, 'exim (unpacked to /opt/smtpe-test)'],
  'chunks between exim, smtpe and postfix',
  () => {
    let postfix: Postfix;
    let daemon: Daemon;
    let directory: string;
    beforeAll(async () => {
      postfix = await startPostfix('message_size_limit = 50000000');
      daemon = await startDaemon('', [
        `smtp-smart-host=127.0.0.1:${postfix.port}`,
        'smtp-forward-connections=0',
      ]);
      directory = await mkdtemp(join(tmpdir(), 'smtpe-exim-'));
      await chmod(directory, 0o777);
      await mkdir(join(directory, 'spool'));
      await execute('chown', ['Debian-exim', directory, join(directory, 'spool')]);
      await writeFile(join(directory, 'exim.conf'), eximConfiguration(join(directory, 'spool'), daemon.port));
    }, 60_000);
    afterAll(async () => {
      expect(await readdir(daemon.spool)).toEqual([]);
      expect(await daemon.stop()).toBe(0);
      await postfix.stop();
      await rm(directory, { recursive: true, force: true });
    });

    /** Resolves with the first line of a log file that matches. */
    async function logged(path: string, pattern: RegExp): Promise<string> {
      for (;;) {
        const text = await readFile(path, 'latin1').catch(() => '');
        const line = text.split('\n').find((one) => pattern.test(one));
        if (line !== undefined) return line;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }

    /** The body of the message with that subject, as postfix has stored it. */
    async function stored(subject: string): Promise<Buffer> {
      for (;;) {
        for (const name of await readdir(postfix.mail).catch(() => [])) {
          const message = await readFile(join(postfix.mail, name));
          if (message.includes(`Subject: ${subject}\n`)) return message.subarray(message.indexOf('\n\n') + 2);
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }

    it('carry 10 MB octet for octet', async () => {
      const body = Buffer.from(bodyOf(10_000_000), 'latin1');
      const options = ['-C', join(directory, 'exim.conf'), '-odf', '-oi', '-f', 'a@b.example', 'c@d.example'];
      const exim = spawn(EXIM, options, { stdio: ['pipe', 'ignore', 'ignore'] });
      const ended = new Promise((resolve) => exim.once('exit', resolve));
      exim.stdin.end(Buffer.concat([Buffer.from('Subject: ten\nFrom: a@b.example\n\n'), body]));
      expect(await ended).toBe(0);
      // K: exim says that it sent chunks.
      expect(await logged(join(directory, 'spool/log-main'), /=> c@d\.example/)).toMatch(/ K .*accepted/);
      expect(md5(await stored('ten'))).toBe(md5(body));
    }, 60_000);

    it('and postfix got chunks', async () => {
      const client = await SmtpClient.connect(daemon.port);
      await client.envelope();
      client.write('Subject: one\r\n\r\n..\r\n.\r\n');
      expect(await client.reply()).toMatch(/^250/);
      await client.command('QUIT');
      client.destroy();
      expect((await stored('one')).toString()).toBe('.\n');
      expect(await logged(join(postfix.mail, '../../../log'), /disconnect from .* bdat=/)).not.toContain(
        ' data=',
      );
    });
  },
);
