import { describe, expect, it } from 'vitest';
import { Deadline } from '../../../src/base/deadline.ts';
import { FakeClock } from '../../../src/bench/ports/clock.ts';

const rig = () => {
  const clock = new FakeClock();
  const fired: number[] = [];
  const start = clock.now();
  const deadline = new Deadline(clock, () => fired.push(clock.now() - start));
  return { clock, deadline, fired };
};

describe('Deadline', () => {
  it('fires once, when it is due', () => {
    const { clock, deadline, fired } = rig();
    deadline.start(100);
    clock.advance(99);
    expect(fired).toEqual([]);
    clock.advance(500);
    expect(fired).toEqual([100]);
    expect(clock.pending).toBe(0);
  });

  it('is moved without a new timer each time', () => {
    const { clock, deadline, fired } = rig();
    for (let i = 0; i < 1000; i++) {
      deadline.start(100);
      expect(clock.pending).toBe(1);
      clock.advance(1);
    }
    expect(fired).toEqual([]);
    clock.advance(200);
    expect(fired).toEqual([1099]);
  });

  it('can be moved nearer', () => {
    const { clock, deadline, fired } = rig();
    deadline.start(1000);
    deadline.start(10);
    clock.advance(2000);
    expect(fired).toEqual([10]);
  });

  it('does not fire once it was stopped, and starts again', () => {
    const { clock, deadline, fired } = rig();
    deadline.start(100);
    deadline.stop();
    clock.advance(200);
    expect(fired).toEqual([]);
    deadline.start(50);
    clock.advance(50);
    expect(fired).toEqual([250]);
  });

  it('leaves no timer behind', () => {
    const { clock, deadline, fired } = rig();
    deadline.start(100);
    deadline.dispose();
    expect(clock.pending).toBe(0);
    clock.advance(200);
    expect(fired).toEqual([]);
  });
});
