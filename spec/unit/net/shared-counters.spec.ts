import { closeSync, fstatSync, openSync, readdirSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCountersFile } from '../../../src/net/counters-file.ts';
import { clearRegion, regionSize, SharedCounters } from '../../../src/net/shared-counters.ts';

let file: number;
function worker(slot: number): SharedCounters {
  return new SharedCounters({ file, slot, workers: 3, seed: 'seed' });
}
beforeEach(() => {
  file = openCountersFile(3, `smtpe-spec-${process.pid}`);
});
afterEach(() => {
  closeSync(file);
});

describe('SharedCounters', () => {
  it('are in a file without a name: nothing is left of them, however the processes end', () => {
    worker(0);
    expect(readdirSync('/dev/shm').filter((name) => name.includes(`smtpe-spec-${process.pid}`))).toEqual([]);
  });

  it('holds the total over all workers', () => {
    const [a, b, c] = [worker(0), worker(1), worker(2)];
    expect([a.open('x', 3, 0), b.open('y', 3, 0), c.open('z', 3, 0)]).toEqual(['open', 'open', 'open']);
    expect(a.open('x', 3, 0)).toBe('too-many');
    b.close('y');
    expect(a.open('x', 3, 0)).toBe('open');
    expect(a.total).toBe(2);
  });

  it('holds the limit of one client over all workers and leaves others alone', () => {
    const [a, b] = [worker(0), worker(1)];
    expect([a.open('x', 0, 2), b.open('x', 0, 2)]).toEqual(['open', 'open']);
    expect(b.open('x', 0, 2)).toBe('too-many-of-client');
    expect(b.open('y', 0, 2)).toBe('open');
    a.close('x');
    expect(b.open('x', 0, 2)).toBe('open');
  });

  it('does not touch its descriptor any more when it is given up: the number may be another file by then', () => {
    const own = openCountersFile(3, `smtpe-spec-${process.pid}-given-up`);
    const one = new SharedCounters({ file: own, slot: 0, workers: 3, seed: 'seed' });
    one.open('x', 0, 0);
    one.dispose();
    const path = join(tmpdir(), `smtpe-spec-${process.pid}-other`);
    const other = openSync(path, 'w+');
    expect(other).toBe(own);
    one.close('x');
    expect(fstatSync(other).size).toBe(0);
    closeSync(other);
    unlinkSync(path);
  });

  it('gives back what a dead worker held', () => {
    const [a, b] = [worker(0), worker(1)];
    for (let i = 0; i < 5; i++) a.open('x', 0, 5);
    expect(b.open('x', 0, 5)).toBe('too-many-of-client');
    clearRegion(file, 0);
    expect(b.open('x', 0, 5)).toBe('open');
  });

  it('has the places of a second, and counts a minute, over all workers', () => {
    const [a, b] = [worker(0), worker(1)];
    const take = (one: SharedCounters, now: number): number | undefined => one.place(2, now, 2500);
    expect([take(a, 1000), take(b, 1500), take(a, 1600), take(b, 1700), take(b, 1800)]).toEqual([
      0, 0, 400, 300, 1200,
    ]);
    expect([take(a, 1800), take(a, 1900), take(b, 3500), take(a, 3500)]).toEqual([1200, 2100, 500, 1500]);
    expect([take(a, 3600), take(b, 3600)]).toEqual([1400, 2400]);
    const minute = 60_000;
    expect([a.client('x', 2, minute), b.client('x', 2, minute), a.client('x', 2, minute)]).toEqual([1, 2, 3]);
    // The refused one was not counted; after a minute the first two are forgotten.
    expect(b.client('x', 2, 2 * minute - 1)).toBe(3);
    expect(b.client('x', 2, 2 * minute)).toBe(1);
  });

  it('keeps thousands of clients apart', () => {
    const [a, b] = [worker(0), worker(1)];
    for (let i = 0; i < 3000; i++) expect(a.open(`10.0.${i >> 8}.${i & 255}`, 0, 1)).toBe('open');
    let refused = 0;
    for (let i = 0; i < 3000; i++) if (b.open(`10.0.${i >> 8}.${i & 255}`, 0, 1) !== 'open') refused++;
    expect(refused).toBe(3000);
    expect(regionSize).toBeLessThan(4_000_000);
  });
});
