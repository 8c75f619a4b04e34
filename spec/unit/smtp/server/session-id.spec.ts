import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../src/bench/ports/clock.ts';
import { SessionIds, TransactionIds } from '../../../../src/smtp/server/session-id.ts';

/** 2026-11-20 20:02:20 UTC, the example of the specification. */
const NOW = Date.UTC(2026, 10, 20, 20, 2, 20);

describe('SessionIds', () => {
  it('writes time, process and count in 18 characters', () => {
    expect(new SessionIds(new FakeClock(NOW), () => 0, 13_210).next()).toBe('2AJK2K132100000100');
    expect(new SessionIds(new FakeClock(NOW), () => 0, 7).next()).toBe('2AJK2K000070000100');
  });

  it.each([99_999, 100_000, 999_999, 1_000_000, 4_194_304])(
    'stays 18 characters long for process id %i',
    (pid) => {
      const id = new SessionIds(new FakeClock(NOW), () => 0, pid).next();
      expect(id).toMatch(/^[0-9A-Za-z]{16}00$/);
    },
  );

  it('is different for every process and every count', () => {
    const clock = new FakeClock(NOW);
    const ids = new Set<string>();
    for (const pid of [1, 12_345, 99_999, 100_000, 123_456, 999_999, 1_234_567, 4_194_304])
      ids.add(new SessionIds(clock, () => 0, pid).next());
    expect(ids.size).toBe(8);
    const one = new SessionIds(clock, () => 65_530, 1);
    for (let i = 0; i < 65_535; i++) ids.add(one.next());
    expect(ids.size).toBe(8 + 65_535 - 1);
    expect(ids.has('2AJK2K000010000000')).toBe(false);
  });
});

describe('TransactionIds', () => {
  it('changes the last two characters, counts up, and never comes to 00', () => {
    const ids = new TransactionIds('2AJK2K132100000100', () => 3841);
    expect([ids.next(), ids.next(), ids.next(), ids.next()].map((id) => id.slice(16))).toEqual([
      'zy',
      'zz',
      '01',
      '02',
    ]);
    const all = new Set(Array.from({ length: 3843 }, () => ids.next()));
    expect(all.size).toBe(3843);
    expect(
      [...all].every((id) => id.length === 18 && id.startsWith('2AJK2K1321000001') && !id.endsWith('00')),
    ).toBe(true);
  });
});
