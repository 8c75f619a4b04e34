import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../src/bench/ports/clock.ts';
import { HostHealth, healthKey } from '../../../src/net/host-health.ts';

const keyOf = (host: string): string => healthKey(host, 25);
const a = keyOf('a');
const b = keyOf('b');

describe('HostHealth', () => {
  it('puts what could not be reached behind the others, for ten seconds', () => {
    const clock = new FakeClock();
    const health = new HostHealth(clock);
    const list = ['a', 'b', 'c'];
    const order = (): string => health.order(list, keyOf).join('');
    expect(order()).toBe('abc');
    health.failed(a);
    expect(order()).toBe('bca');
    health.failed(b);
    expect(order()).toBe('cab');
    health.worked(b);
    expect(order()).toBe('bca');
    expect([health.avoids(a), health.avoids(b)]).toEqual([true, false]);
    clock.advance(9999);
    expect(order()).toBe('bca');
    clock.advance(1);
    expect(order()).toBe('abc');
  });

  it('lets one caller see whether it is back, and the others go on without it until that is known', () => {
    const clock = new FakeClock();
    const health = new HostHealth(clock);
    const order = (): string => health.order(['a', 'b'], keyOf).join('');
    health.failed(a);
    clock.advance(10_000);
    expect([order(), order(), order()]).toEqual(['ab', 'ba', 'ba']);
    // That one has no answer yet: after ten seconds another one tries.
    clock.advance(10_000);
    expect([order(), order()]).toEqual(['ab', 'ba']);
    health.worked(a);
    expect([order(), order()]).toEqual(['ab', 'ab']);
  });

  it('keeps the others away for as long as the attempt may take, which is shorter for one that was dead', () => {
    const clock = new FakeClock();
    const health = new HostHealth(clock);
    const order = (): string => health.order(['a', 'b'], keyOf, 60_000).join('');
    expect(health.patience(a, 60_000)).toBe(60_000);
    health.failed(a);
    clock.advance(10_000);
    expect([order(), order()]).toEqual(['ab', 'ba']);
    expect([health.patience(a, 60_000), health.patience(a, 500)]).toEqual([10_000, 500]);
    clock.advance(59_999);
    expect(order()).toBe('ba');
    clock.advance(1);
    expect([order(), order()]).toEqual(['ab', 'ba']);
    health.worked(a);
    expect([order(), order()]).toEqual(['ab', 'ab']);
    expect(health.patience(a, 60_000)).toBe(60_000);
  });

  it('never avoids what has no key, and leaves nothing out when all are dead', () => {
    const health = new HostHealth(new FakeClock());
    health.failed(a);
    health.failed(b);
    expect(health.order(['a', 'b'], keyOf)).toEqual(['a', 'b']);
    expect(health.order(['a', '/dir', 'b'], (it) => (it === '/dir' ? undefined : keyOf(it)))).toEqual([
      '/dir',
      'a',
      'b',
    ]);
  });

  it('keeps a bounded number', () => {
    const health = new HostHealth(new FakeClock());
    for (let i = 0; i < 1500; i++) health.failed(keyOf(`h${i}`));
    expect(health.order(['h1499', 'h0', 'x'], keyOf)).toEqual(['h0', 'x', 'h1499']);
  });

  it('knows a host by any spelling of its letters, and ports apart', () => {
    expect(healthKey('MX.Example', 25)).toBe(healthKey('mx.example', 25));
    expect(healthKey('mx.example', 25)).not.toBe(healthKey('mx.example', 26));
  });
});
