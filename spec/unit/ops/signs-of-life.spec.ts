// What the watchdog of systemd is told, and when it is not.
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../src/bench/ports/clock.ts';
import { RecordLog } from '../../../src/bench/ports/record-log.ts';
import { SignsOfLife, takeWatchdog } from '../../../src/ops/signs-of-life.ts';

const turns = async (): Promise<void> => {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
};

function rig(everyMs: number | undefined) {
  const clock = new FakeClock();
  const log = new RecordLog([]);
  const state = { told: 0, problem: undefined as string | undefined };
  const life = new SignsOfLife({
    ...{ everyMs, clock, log },
    tell: async () => void state.told++,
    problem: async () => state.problem,
  });
  const after = async (ms: number): Promise<number> => {
    clock.advance(ms);
    await turns();
    return state.told;
  };
  return { after, clock, life, log, state };
}

describe('signs of life', () => {
  it('come at each interval from the start on, until the end', async () => {
    const { after, clock, life } = rig(30_000);
    expect(await after(60_000)).toBe(0);
    life.start();
    life.start();
    expect(await after(29_999)).toBe(0);
    expect(await after(1)).toBe(1);
    expect(await after(30_000)).toBe(2);
    life.stop();
    expect([await after(60_000), clock.pending]).toEqual([2, 0]);
    life.start();
    expect(clock.pending).toBe(0);
  });

  it('do not come while nobody serves, which is said once each time', async () => {
    const { after, life, log, state } = rig(1000);
    life.start();
    state.problem = 'process 7: no answer within 1 s';
    await after(1000);
    expect(await after(1000)).toBe(0);
    state.problem = undefined;
    expect(await after(1000)).toBe(1);
    state.problem = 'no process serves';
    await after(1000);
    expect(log.lines.map(({ level, fields }) => [level, fields.cause])).toEqual([
      ['err', 'process 7: no answer within 1 s'],
      ['err', 'no process serves'],
    ]);
  });

  it('nobody wants them: nothing is begun', () => {
    const { clock, life } = rig(undefined);
    life.start();
    expect(clock.pending).toBe(0);
  });

  it.each([
    [{ WATCHDOG_USEC: '60000000' }, 30_000],
    [{ WATCHDOG_USEC: '60000000', WATCHDOG_PID: '42' }, 30_000],
    [{ WATCHDOG_USEC: '60000000', WATCHDOG_PID: '' }, 30_000],
    [{ WATCHDOG_USEC: '60000000', WATCHDOG_PID: '43' }, undefined],
    [{ WATCHDOG_USEC: '1' }, 100],
    [{ WATCHDOG_USEC: '0' }, undefined],
    [{ WATCHDOG_USEC: '' }, undefined],
    [{ WATCHDOG_USEC: '-1' }, undefined],
    [{ WATCHDOG_USEC: '1e9' }, undefined],
    [{ WATCHDOG_PID: '42' }, undefined],
    [{}, undefined],
  ])('%j', (env: Record<string, string | undefined>, expected) => {
    const other = { ...env, A: 'b' };
    expect([takeWatchdog(other, 42), other]).toEqual([expected, { A: 'b' }]);
  });
});
