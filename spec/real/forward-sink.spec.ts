// The SMTP client against postfix's smtp-sink, with and without the extensions, refusing and dropping at each command.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { RecordLog } from '../../src/bench/ports/record-log.ts';
import { FakeResolver } from '../../src/bench/ports/resolver.ts';
import type { DeliveryOutcome } from '../../src/delivery/port/delivery.ts';
import { createOptions } from '../../src/options/option-set.ts';
import { createSmtpClient, type SmtpClient } from '../../src/smtp/client/smtp-client.ts';
import { delivery, source } from '../unit/smtp/client/support.ts';
import { describeWith, findProgram } from './needs.ts';

const sinks: { readonly child: ChildProcess; readonly directory: string }[] = [];
const clients: SmtpClient[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  for (const { child, directory } of sinks.splice(0)) {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await ended;
    await rm(directory, { recursive: true, force: true });
  }
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(port, '127.0.0.1', () => probe.destroy());
    probe.once('error', () => resolve(false));
    probe.once('close', (failed) => resolve(!failed));
  });
}

interface Sink {
  readonly target: string;
  /** What arrived, as smtp-sink stores it: LF line ends, its own header lines taken off. */
  messages(): Promise<readonly Buffer[]>;
}

async function startSink(...flags: readonly string[]): Promise<Sink> {
  const directory = await mkdtemp(join(tmpdir(), 'smtpe-real-sink-'));
  const port = await freePort();
  const user = process.getuid?.() === 0 ? ['-u', 'root'] : [];
  const program = findProgram('smtp-sink') ?? 'smtp-sink';
  const parts = [...user, '-4', ...flags, '-d', 'm.%M.', '-R', directory, `127.0.0.1:${port}`, '100'];
  sinks.push({ child: spawn(program, parts, { stdio: 'ignore' }), directory });
  while (!(await answers(port))) await new Promise((resolve) => setImmediate(resolve));
  return {
    target: `127.0.0.1:${port}`,
    async messages() {
      const names = (await readdir(directory)).sort();
      const dumps = await Promise.all(names.map((name) => readFile(join(directory, name))));
      return dumps.map((dump) => dump.subarray(dump.indexOf('Subject:')));
    },
  };
}

function client(log = new RecordLog()): SmtpClient {
  const made = createSmtpClient({
    options: createOptions({ 'smtp-forward-tls': 'may' }),
    resolver: new FakeResolver({ 'sink.test': ['127.0.0.1'] }),
    clock: systemClock,
    log,
    helo: 'mx.client.example',
  });
  clients.push(made);
  return made;
}

const never = new AbortController().signal;
const send = (one: SmtpClient, host: string, changes: object = {}): Promise<DeliveryOutcome> =>
  one.deliver({ ...delivery([host]), ...changes }, never);

describeWith(['smtp-sink'], 'the SMTP client and smtp-sink', () => {
  it.each([
    ['with PIPELINING and 8BITMIME', []],
    ['without PIPELINING', ['-p']],
    ['without 8BITMIME', ['-8']],
    ['without ESMTP', ['-e']],
  ])('delivers all bytes %s, several messages over one connection', async (_, flags) => {
    const sink = await startSink(...flags);
    const one = client();
    const bytes = Buffer.from(
      Array.from({ length: 256 }, (_, i) => i).filter((byte) => byte !== 10 && byte !== 13),
    );
    const body = Buffer.concat([
      Buffer.from('Subject: x\r\n\r\n..a\r\n.\r\n'),
      bytes,
      Buffer.from('\r\n.end\r\n'),
    ]);
    for (let i = 0; i < 3; i++) {
      expect(await send(one, sink.target, { message: source(body), eightBit: true })).toMatchObject({
        kind: 'delivered',
        code: 250,
      });
    }
    expect(one.idleConnections).toBe(1);
    const expected = body.toString('latin1').replaceAll('\r\n', '\n');
    const messages = await sink.messages();
    // smtp-sink may add a line end of its own behind the message.
    expect(messages.map((message) => message.toString('latin1').slice(0, expected.length))).toEqual([
      expected,
      expected,
      expected,
    ]);
  });

  it('delivers 10 MB', async () => {
    const sink = await startSink();
    const body = Buffer.concat([
      Buffer.from('Subject: big\r\n\r\n'),
      Buffer.alloc(10_000_000, `${'x'.repeat(75)}.\r\n.`),
    ]);
    expect((await send(client(), sink.target, { message: source(body) })).kind).toBe('delivered');
    const [message] = await sink.messages();
    const expected = body.toString('latin1').replaceAll('\r\n', '\n');
    expect(message?.toString('latin1').startsWith(expected)).toBe(true);
  });

  it.each([
    ['MAIL', 'mail'],
    ['RCPT', 'rcpt'],
    ['DATA', 'data'],
    ['.', 'dot'],
  ])('hears a soft and a hard refusal of %s', async (command, stage) => {
    const soft = await startSink('-r', command, '-b', '450 4.7.1 soft');
    const hard = await startSink('-f', command, '-B', '550 5.7.1 hard');
    const one = client();
    for (const [sink, code] of [
      [soft, 450],
      [hard, 550],
    ] as const) {
      expect(await send(one, sink.target)).toMatchObject({ kind: 'refused', stage, code });
      // The connection is in step still.
      expect(await send(one, sink.target)).toMatchObject({ kind: 'refused', stage, code });
    }
    expect(one.idleConnections).toBe(2);
  });

  it.each([
    ['CONNECT', 'banner'],
    ['HELO', 'helo'],
    ['MAIL', 'mail'],
    ['RCPT', 'rcpt'],
    ['DATA', 'data'],
    ['.', 'dot'],
  ])(
    'notices that the connection is dropped at %s, and goes on to the next host before the dot',
    async (command, stage) => {
      for (const drop of ['-q', '-Q']) {
        const bad = await startSink(drop, command === 'HELO' ? 'HELO,EHLO' : command);
        const good = await startSink();
        const log = new RecordLog();
        const outcome = await client(log).deliver(delivery([bad.target, good.target]), never);
        if (stage === 'dot') expect(outcome).toMatchObject({ stage, host: bad.target });
        else expect(outcome).toMatchObject({ kind: 'delivered', host: good.target });
        expect(log.lines[0]?.fields).toMatchObject({ host: bad.target, stage });
      }
    },
  );

  it('reaches it by name', async () => {
    const sink = await startSink();
    const target = sink.target.replace('127.0.0.1', 'sink.test');
    expect(await send(client(), target)).toMatchObject({ kind: 'delivered', host: target });
  });
});
