import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../src/bench/ports/clock.ts';
import { RecordLog } from '../../../src/bench/ports/record-log.ts';
import { readOverflows, watchOverflows } from '../../../src/ops/listen-overflows.ts';

const text = (count: number): string =>
  `TcpExt: SyncookiesSent ListenOverflows ListenDrops\nTcpExt: 7 ${count} 9\nIpExt: InNoRoutes\nIpExt: 0\n`;

describe('connections that the system forgot', () => {
  it('are read by the name of the counter', () => {
    expect(readOverflows(text(12))).toBe(12);
    expect(readOverflows('')).toBeUndefined();
    expect(readOverflows('TcpExt: A B\nTcpExt: 1 2\n')).toBeUndefined();
  });

  it('are told when they have become more, not those of before', async () => {
    const clock = new FakeClock();
    const log = new RecordLog();
    let count = 5;
    const stop = watchOverflows(clock, log, () => Promise.resolve(text(count)));
    const turns = async (): Promise<void> => {
      for (let i = 0; i < 5; i++) await Promise.resolve();
    };
    for (count of [5, 5, 8, 8, 9]) {
      await turns();
      clock.advance(10_000);
    }
    await turns();
    expect(log.lines.map(({ fields }) => fields?.lost)).toEqual([3, 1]);
    stop();
    expect(clock.pending).toBe(0);
  });
});
