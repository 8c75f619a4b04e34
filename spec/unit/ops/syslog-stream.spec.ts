import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/ops/clock.ts';
import type { LogRecord } from '../../../src/ops/log-line.ts';
import { SyslogStreamSink } from '../../../src/ops/syslog-stream.ts';
import { FakeClock } from '../../fakes/clock.ts';

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
