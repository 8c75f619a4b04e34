// What entries are said to cost, beside what the file of LMDB grows by: filled in random order, then all replaced, as strangers do it.
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FakeClock } from '../../../src/bench/ports/clock.ts';
import { RecordLog } from '../../../src/bench/ports/record-log.ts';
import { createOptions } from '../../../src/options/option-set.ts';
import { openEmbedded } from '../../../src/store/embedded/open-embedded.ts';
import { costOf, HEADER, itemCost } from '../../../src/store/embedded/record.ts';
import type { Store } from '../../../src/store/store.ts';
import { Seeded } from '../../fakes/seeded.ts';

const options = createOptions({ 'store-max-memory': '1g', 'store-max-entries': '1000000' });
let base: string;
let store: Store;
let empty: number;
const size = async (): Promise<number> => (await stat(join(base, 'store/data.mdb'))).size;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'smtpe-cost-'));
  const parts = {
    ...{ clock: new FakeClock(), log: new RecordLog(), options, random: () => 1 },
    resolver: { addresses: async () => [] },
    memory: { path: async () => base, close: async () => undefined },
  };
  const opened = await openEmbedded('store', { kind: 'memory' }, parts);
  if (opened.kind === 'refused') throw new Error(opened.problem);
  store = opened.store;
  empty = await size();
});
afterEach(async () => {
  await store.close();
  await rm(base, { recursive: true, force: true });
});

const random = new Seeded(6);
const octets = (length: number): Buffer => Buffer.from(Array.from({ length }, () => random.below(256)));

it.each([
  [20, 2, 2000],
  [60, 14, 2000],
  [60, 300, 2000],
  [512, 14, 1000],
  [60, 1000, 1000],
  [60, 5000, 200],
])('an entry with a key of %i and a value of %i octets', async (keyLength, valueLength, entries) => {
  const value = Buffer.alloc(valueLength, 7);
  const put = (key: Buffer): unknown => store.set(key, value, 3600 + random.below(80_000));
  const keys = Array.from({ length: entries }, () => octets(keyLength));
  for (const key of keys) await put(key);
  for (let i = 0; i < entries; i++) {
    const at = random.below(entries);
    await store.delete(keys[at] ?? octets(1));
    const key = octets(keyLength);
    keys[at] = key;
    await put(key);
  }
  const ratio = ((await size()) - empty) / entries / costOf(keyLength, HEADER + valueLength);
  expect(ratio).toBeLessThan(1.15);
  expect(ratio).toBeGreaterThan(0.7);
});

it.each([10, 60, 512])('an item of %i octets', async (length) => {
  for (let i = 0; i < 2000; i++) await store.member(Buffer.from(`set:${i % 4}`), octets(length), 3600);
  const ratio = ((await size()) - empty) / 2000 / itemCost(length);
  expect(ratio).toBeLessThan(1.1);
  expect(ratio).toBeGreaterThan(0.6);
});
