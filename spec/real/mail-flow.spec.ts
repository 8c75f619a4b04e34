// Real clients (swaks, smtp-source) through the built daemon to a real next hop (smtp-sink), and the bytes that arrive there.
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Daemon, startDaemon } from '../fakes/daemon.ts';
import { onTheWire, SmtpClient } from '../fakes/smtp-client.ts';

const execute = promisify(execFile);
const tools = ['/usr/sbin/smtp-sink', '/usr/sbin/smtp-source', '/usr/bin/swaks'];
const missing = tools.filter((tool) => !existsSync(tool));

const policy = `
function hook.rcpt(recipient, domain)
  if domain == 'refused.example' then return '550 5.1.1 no such user' end
end
`;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

interface Sink {
  readonly port: number;
  /** The messages received, newest last, with LF line ends as smtp-sink writes them. */
  messages(): Promise<readonly Buffer[]>;
  clear(): Promise<void>;
  stop(): Promise<void>;
}

async function startSink(): Promise<Sink> {
  const directory = await mkdtemp(join(tmpdir(), 'smtpe-sink-'));
  const port = await freePort();
  const user = process.getuid?.() === 0 ? ['-u', 'root'] : [];
  const child = spawn(
    '/usr/sbin/smtp-sink',
    [...user, '-4', '-d', 'm.%M.', '-R', directory, `127.0.0.1:${port}`, '100'],
    { stdio: 'ignore' },
  );
  const ended = new Promise((resolve) => child.once('exit', resolve));
  for (;;) {
    const up = await new Promise<boolean>((resolve) => {
      const probe = connect(port, '127.0.0.1', () => {
        probe.destroy();
        resolve(true);
      });
      probe.once('error', () => resolve(false));
    });
    if (up) break;
  }
  const files = async (): Promise<string[]> =>
    (await readdir(directory)).sort().map((name) => join(directory, name));
  return {
    port,
    messages: async () => Promise.all((await files()).map((name) => readFile(name))),
    clear: async () => {
      for (const name of await files()) await rm(name);
    },
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** What smtp-sink dumps below its own X- and Received lines. */
function dumped(message: Buffer): Buffer {
  const start = message.indexOf('MARK-START\n');
  return message.subarray(start + 'MARK-START\n'.length);
}

describe.skipIf(missing.length > 0)(
  `mail through the daemon with real programs (missing: ${missing.join(' ') || 'none'})`,
  () => {
    let sink: Sink;
    let daemon: Daemon;
    beforeAll(async () => {
      sink = await startSink();
      daemon = await startDaemon(policy, [`smtp-smart-host=127.0.0.1:${sink.port}`, 'spool-memory=100000']);
    });
    afterAll(async () => {
      expect(await readdir(daemon.spool)).toEqual([]);
      expect(await daemon.stop()).toBe(0);
      await sink.stop();
    });

    it('takes a message from swaks and passes it on', async () => {
      await sink.clear();
      const { stdout } = await execute('swaks', [
        ...[
          '--server',
          `127.0.0.1:${daemon.port}`,
          '-f',
          'a@example.com',
          '-t',
          'b@example.net',
          '--body',
          'hello from swaks',
        ],
      ]);
      expect(stdout).toMatch(/<- {2}250 2\.0\.0 .*accepted/);
      const [message] = await sink.messages();
      expect(message?.toString('latin1')).toContain('hello from swaks');
    });

    it('refuses to swaks what the policy refuses, and nothing reaches the next hop', async () => {
      await sink.clear();
      const failed = await execute('swaks', [
        ...['--server', `127.0.0.1:${daemon.port}`, '-f', 'a@example.com', '-t', 'b@refused.example'],
      ]).catch((error: { stdout: string }) => error);
      expect(failed.stdout).toMatch(/<\*\* 550 5\.1\.1 no such user/);
      expect(await sink.messages()).toEqual([]);
    });

    it('carries 500 messages of smtp-source over 20 sessions, new and kept connections', async () => {
      await sink.clear();
      for (const kept of [[], ['-d']]) {
        await execute('/usr/sbin/smtp-source', [
          ...[
            ...kept,
            '-4',
            '-s',
            '20',
            '-m',
            '250',
            '-l',
            '5000',
            '-f',
            'a@example.com',
            '-t',
            'b@example.net',
          ],
          `127.0.0.1:${daemon.port}`,
        ]);
      }
      expect((await sink.messages()).length).toBe(500);
    });

    const allBytes = Buffer.from(
      Array.from({ length: 256 }, (_, i) => i).filter((byte) => byte !== 10 && byte !== 13),
    );
    const contents: readonly (readonly [string, Buffer])[] = [
      ['every byte value', Buffer.concat([allBytes, Buffer.from('\r\n')])],
      ['dot lines', Buffer.from('.\r\n..\r\n...\r\n.a\r\na.\r\n\r\n.\r\n')],
      ['a body of nothing', Buffer.alloc(0)],
      ['blank lines', Buffer.from('\r\n\r\n\r\n')],
      ['a long line', Buffer.concat([Buffer.alloc(70_000, 0x61), Buffer.from('\r\n')])],
      [
        '10 MB',
        Buffer.concat(
          Array.from({ length: 131_072 }, (_, i) => Buffer.from(`${String(i).padStart(78, '.')}\r\n`)),
        ),
      ],
      ['no final line end', Buffer.from('last line')],
      ['bare line feeds', Buffer.from('one\ntwo\n.\nthree\n')],
      ['bare carriage returns', Buffer.from('one\rtwo\r.\rthree\r\n')],
    ];
    for (const [name, body] of contents) {
      it(`delivers the same bytes: ${name}`, async () => {
        await sink.clear();
        const content = Buffer.concat([Buffer.from('Subject: bytes\r\n\r\nMARK-START\r\n'), body]);
        const client = await SmtpClient.connect(daemon.port);
        expect((await client.envelope()).at(-1)).toMatch(/^354/);
        client.write(onTheWire(content));
        expect(await client.reply()).toMatch(/^250 2\.0\.0/);
        expect(await client.command('QUIT')).toMatch(/^221/);
        const [message] = await sink.messages();
        // What does not end in CRLF gets one, so that the final dot stands on a line of its own.
        const sent =
          body.length === 0 || body.toString('latin1').endsWith('\r\n')
            ? body
            : Buffer.concat([body, Buffer.from('\r\n')]);
        const right = sent.toString('latin1').replace(/\r\n|\r|\n/g, '\n');
        const arrived = dumped(message ?? Buffer.alloc(0)).toString('latin1');
        // smtp-sink ends its dump with an empty line.
        expect(arrived.length - right.length).toBeLessThanOrEqual(1);
        expect(arrived.slice(0, right.length) === right).toBe(true);
      });
    }
  },
);
