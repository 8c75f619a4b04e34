import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { FakeClock } from '../../../src/bench/ports/clock.ts';
import type { LogRecord } from '../../../src/ops/log-line.ts';
import { SyslogStreamSink } from '../../../src/ops/syslog-stream.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-syslog-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

const record = (message: string): LogRecord => ({ time: 0, level: 'info', message, fields: {} });

describe('SyslogStreamSink', () => {
  it('keeps a bounded number of lines while the server is away, and says what was lost', async () => {
    const path = join(directory, 'syslog');
    const clock = new FakeClock();
    const sink = new SyslogStreamSink({ kind: 'unix', path }, { host: 'h', pid: 1, clock });
    const long = 'x'.repeat(8000);
    for (let i = 0; i < 600; i++) sink.write(record(long));
    await expect.poll(() => clock.pending).toBe(1);
    const server = createServer().listen(path);
    const connection = once(server, 'connection');
    clock.advance(500);
    const [socket] = (await connection) as [Socket];
    let received = '';
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
    });
    await expect.poll(() => /(\d+) log lines lost: the syslog server was away\n$/.test(received)).toBe(true);
    const lost = Number(/(\d+) log lines lost/.exec(received)?.[1]);
    expect(received.split('\n').length - 2 + lost).toBe(600);
    await sink.close();
    server.close();
    expect(clock.pending).toBe(0);
  });

  it('says how many lines a connection may have lost that broke, and sends again what had not left', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const connections: Socket[] = [];
    server.on('connection', (socket) => {
      socket.on('error', () => undefined);
      connections.push(socket);
    });
    const clock = { ...systemClock, after: (_ms: number, fire: () => void) => systemClock.after(1, fire) };
    const sink = new SyslogStreamSink({ kind: 'tcp', host: '127.0.0.1', port }, { host: 'h', pid: 1, clock });
    sink.write(record('first'));
    await expect.poll(() => connections.length).toBe(1);
    // It reads no more: what the system takes is in doubt, the rest stays here.
    connections[0]?.pause();
    const long = 'x'.repeat(8000);
    for (let i = 0; i < 2000; i++) {
      sink.write(record(`${i} ${long}`));
      if (i % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    connections[0]?.resetAndDestroy();
    await expect.poll(() => connections.length).toBe(2);
    let received = '';
    connections[1]?.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
    });
    await expect.poll(() => received).toMatch(/up to (\d+) log lines before this one may be lost/);
    await sink.close();
    server.close();
    const numbers = [...received.matchAll(/ (\d+) x{8000}/g)].map((it) => Number(it[1]));
    const doubtful = Number(/up to (\d+) log lines before/.exec(received)?.[1]);
    const lost = Number(/ (\d+) log lines lost/.exec(received)?.[1] ?? 0);
    expect(doubtful).toBeGreaterThan(0);
    expect(new Set(numbers).size + doubtful + lost).toBeGreaterThanOrEqual(2000);
  });

  it('tries again in growing steps, and stops at close', async () => {
    const delays: number[] = [];
    const clock = {
      ...systemClock,
      after: (ms: number, fire: () => void) => {
        delays.push(ms);
        return systemClock.after(1, fire);
      },
    };
    const target = { kind: 'unix', path: join(directory, 'nobody') } as const;
    const sink = new SyslogStreamSink(target, { host: 'h', pid: 1, clock });
    sink.write(record('x'));
    await expect.poll(() => delays.length).toBeGreaterThan(8);
    await sink.close();
    expect(delays.slice(0, 9)).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  });
});
