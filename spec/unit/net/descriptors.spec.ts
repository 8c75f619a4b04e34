import { closeSync, openSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../src/bench/ports/clock.ts';
import { RecordLog } from '../../../src/bench/ports/record-log.ts';
import { Descriptors, readDescriptorLimit, reserveOf } from '../../../src/net/descriptors.ts';

const emfile = (): never => {
  throw Object.assign(new Error('EMFILE'), { code: 'EMFILE' });
};

describe('Descriptors', () => {
  it('reads the limit of this process', () => {
    expect(readDescriptorLimit()).toBeGreaterThan(10);
  });

  it('keeps an eighth back, 100 at most', () => {
    expect([64, 300, 1024, 1_048_576].map(reserveOf)).toEqual([8, 38, 100, 100]);
  });

  it('calls the last ones scarce, and follows a limit that is changed meanwhile', () => {
    const clock = new FakeClock();
    let limit = 1024;
    const descriptors = new Descriptors(clock, new RecordLog(), () => limit);
    expect([923, 924, 5000].map((number) => descriptors.scarce(number))).toEqual([false, true, true]);
    limit = 64;
    clock.advance(1000);
    expect([55, 56].map((number) => descriptors.scarce(number))).toEqual([false, true]);
  });

  it('takes it for scarce when not even the limit can be read', () => {
    expect(new Descriptors(new FakeClock(), new RecordLog(), emfile).scarce(5)).toBe(true);
  });

  it('gives its spare ones up when there are no others, says so now and then, and leaves nothing behind', () => {
    const next = (): number => {
      const number = openSync('/dev/null', 'r');
      closeSync(number);
      return number;
    };
    const clock = new FakeClock();
    const log = new RecordLog();
    let limit = 1_000_000;
    const before = next();
    const descriptors = new Descriptors(clock, log, () => limit);
    descriptors.scarce(0);
    descriptors.watch();
    for (let i = 0; i < 6; i++) clock.advance(1000);
    expect(next()).toBeGreaterThan(before);
    expect(log.lines).toEqual([]);
    limit = before + 5;
    descriptors.scarce(0);
    for (let i = 0; i < 8; i++) clock.advance(1000);
    expect(next()).toBeLessThanOrEqual(before + 1);
    expect(log.lines.map(({ message }) => message)).toEqual(['no file descriptor is left']);
    descriptors.stop();
    expect([next(), clock.pending]).toEqual([before, 0]);
  });
});
