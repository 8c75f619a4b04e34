// Several who open one store at the same moment: nobody moves aside, or writes over, what another has just made.
import { lutimes, mkdir, mkdtemp, readdir, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { FakeClock } from '../../../src/bench/ports/clock.ts';
import { RecordLog } from '../../../src/bench/ports/record-log.ts';
import { createOptions } from '../../../src/options/option-set.ts';
import { openEmbedded } from '../../../src/store/embedded/open-embedded.ts';
import { inTurn } from '../../../src/store/embedded/turn.ts';

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'smtpe-turn-'));
});
afterAll(() => rm(base, { recursive: true, force: true }));

const link = (): string => join(base, '.opening');

it('is had by one at a time, in this process too', async () => {
  let inside = 0;
  let most = 0;
  const one = async (): Promise<void> => {
    inside++;
    most = Math.max(most, inside);
    await new Promise((resolve) => setImmediate(resolve));
    inside--;
  };
  await Promise.all([1, 2, 3, 4].map(() => inTurn(base, one)));
  expect(most).toBe(1);
  expect(await readdir(base)).toEqual([]);
});

it('is given back by who fails', async () => {
  await expect(inTurn(base, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await readdir(base)).toEqual([]);
});

it.each([
  // Above the largest number of a process.
  ['that is no more', '4194999'],
  ['of this number, before this process began', String(process.pid)],
])('is taken from a process %s', async (_, pid) => {
  await symlink(pid, link());
  await lutimes(link(), 1, 1);
  expect(await inTurn(base, () => readlink(link()))).toBe(String(process.pid));
});

it('makes one new store of one damaged file, however many open it', async () => {
  const path = join(base, 'damaged');
  await mkdir(path, { mode: 0o700 });
  await writeFile(join(path, 'data.mdb'), Buffer.alloc(3_000_000, 1));
  const [clock, log] = [new FakeClock(), new RecordLog()];
  void log.events;
  const parts = {
    ...{ clock, log, options: createOptions({}), random: () => 1 },
    resolver: { addresses: async () => [] },
    memory: { path: async () => base, close: async () => undefined },
  };
  const all = await Promise.all([1, 2, 3, 4].map(() => openEmbedded('store', { kind: 'lmdb', path }, parts)));
  const stores = all.map((outcome) => {
    if (outcome.kind === 'refused') throw new Error(outcome.problem);
    return outcome.store;
  });
  expect(log.events.of('store-damaged')).toHaveLength(1);
  for (const store of stores) await store.incr(Buffer.from('sum'), 1, 60);
  for (const store of stores)
    expect(await store.get(Buffer.from('sum'))).toEqual({ kind: 'value', value: Buffer.from('4') });
  for (const store of stores) await store.close();
});
