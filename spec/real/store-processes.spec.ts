// Several processes with one store: sums are exact, and nothing that was answered is lost when they are killed in the middle of writing.
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock, systemRandom } from '../../src/base/clock.ts';
import { RecordLog } from '../../src/bench/ports/record-log.ts';
import { createOptions } from '../../src/options/option-set.ts';
import { givenMemory } from '../../src/store/embedded/memory-place.ts';
import { shareEnvironment } from '../../src/store/embedded/shared-environment.ts';
import { inTurnAlone } from '../../src/store/embedded/turn.ts';
import { OpenStores } from '../../src/store/stores.ts';
import { Program } from '../fakes/program.ts';

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'smtpe-processes-'));
});
afterAll(() => rm(base, { recursive: true, force: true }));

const script = join(import.meta.dirname, '../fakes/store-process.mjs');
const start = (url: string, directory: string, times: number, rounds = 1): Program =>
  new Program(process.execPath, [script, url, directory, String(times), String(rounds)]);

/** What the store says now, and whether it was whole. */
async function sumIn(url: string, directory: string): Promise<unknown> {
  const log = new RecordLog();
  const stores = new OpenStores({
    ...{ clock: systemClock, random: systemRandom, log, options: createOptions({ store: url }) },
    resolver: { addresses: async () => [] },
    memory: givenMemory(directory),
  });
  const opened = await stores.open('');
  const sum = opened.kind === 'open' ? await opened.store.incr(Buffer.from('sum'), 0, 600) : opened;
  await stores.close();
  expect(log.lines.filter(({ level }) => level === 'err')).toEqual([]);
  return sum;
}

describe.each(['memory', 'lmdb'] as const)('processes with one store (%s)', (kind) => {
  const placeOf = (name: string): readonly [string, string] => {
    const directory = join(base, `${kind}-${name}`);
    return [kind === 'memory' ? 'memory' : `lmdb:${directory}`, directory];
  };

  it('count exactly', async () => {
    const [url, directory] = placeOf('sum');
    const times = kind === 'memory' ? 2500 : 100;
    const all = [1, 2, 3, 4].map(() => start(url, directory, times));
    for (const one of all) expect((await one.ended).stderr).toBe('');
    expect(await sumIn(url, directory)).toEqual({ kind: 'number', value: 4 * times });
  });

  it('count exactly while others open and close it', async () => {
    const [url, directory] = placeOf('cycles');
    const all = [start(url, directory, 120), ...[1, 2, 3].map(() => start(url, directory, 3, 15))];
    for (const one of all) expect((await one.ended).stderr).toBe('');
    expect(await sumIn(url, directory)).toEqual({ kind: 'number', value: 120 + 3 * 3 * 15 });
    // Nobody left a turn.
    const place = kind === 'memory' ? join(directory, 'store') : directory;
    expect(await readdir(place)).toEqual(['data.mdb', 'lock.mdb']);
  });

  it('do not let the file grow because one was killed while it read', async () => {
    const [url, directory] = placeOf('readers');
    const stores = new OpenStores({
      ...{ clock: systemClock, random: systemRandom, log: new RecordLog() },
      options: createOptions({ store: url }),
      resolver: { addresses: async () => [] },
      memory: givenMemory(directory),
    });
    const opened = await stores.open('');
    if (opened.kind === 'refused') throw new Error(opened.problem);
    const { store } = opened;
    const place = kind === 'memory' ? join(directory, 'store') : directory;
    const size = async (): Promise<number> => (await stat(join(place, 'data.mdb'))).size;
    const countTo = async (times: number): Promise<void> => {
      for (let i = 0; i < times; i++) await store.incr(Buffer.from(`key ${i % 50}`), 1, 600);
    };
    await countTo(100);
    const other = start(url, directory, 0);
    await other.wrote(/\n2\n/);
    process.kill(other.pid, 'SIGKILL');
    await other.ended;
    const before = await size();
    const environment = await inTurnAlone(place, () =>
      shareEnvironment(place, kind === 'memory' ? 'memory' : 'disk'),
    );
    expect(environment.readers()).toContain(other.pid);
    await countTo(kind === 'memory' ? 2000 : 200);
    expect(environment.readers()).not.toContain(other.pid);
    expect((await size()) - before).toBeLessThan(2_000_000);
    await environment.close();
    await stores.close();
  });

  it('lose nothing that was answered when they are killed', async () => {
    const [url, directory] = placeOf('kill');
    let answered = 0;
    for (let round = 0; round < 3; round++) {
      const both = [start(url, directory, 0), start(url, directory, 0)];
      for (const one of both) await one.wrote(/\n\d+\n/);
      for (const one of both) process.kill(one.pid, 'SIGKILL');
      for (const one of both) {
        const { stdout } = await one.ended;
        // The last line may have been cut.
        for (const [, sum] of stdout.matchAll(/^(\d+)\n/gm)) answered = Math.max(answered, Number(sum));
      }
      const sum = await sumIn(url, directory);
      expect(sum).toMatchObject({ kind: 'number' });
      // Each may have written one more that it did not get to say.
      expect((sum as { readonly value: number }).value).toBeGreaterThanOrEqual(answered);
      expect((sum as { readonly value: number }).value).toBeLessThanOrEqual(answered + 2 * (round + 1));
    }
  });
});
