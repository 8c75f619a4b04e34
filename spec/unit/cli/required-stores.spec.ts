import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { RecordLog } from '../../../src/bench/ports/record-log.ts';
import { closedPort } from '../../../src/bench/ports/scripted-server.ts';
import { requiredStoreProblem } from '../../../src/cli/required-stores.ts';
import { createOptions, type GivenTexts } from '../../../src/options/option-set.ts';
import { ownMemory } from '../../../src/store/embedded/memory-place.ts';
import { OpenStores } from '../../../src/store/stores.ts';
import { startFakeRedis } from '../../fakes/redis-server.ts';

async function problemOf(
  texts: GivenTexts,
  near?: string,
): Promise<{ problem: string | undefined; lines: number }> {
  const options = createOptions(texts);
  if (near !== undefined) options.set('store.near', near, 'here');
  const log = new RecordLog();
  const stores = new OpenStores({
    ...{ options, log, clock: systemClock, random: () => 1, memory: ownMemory(() => 1) },
    resolver: { addresses: () => Promise.resolve([]) },
  });
  const problem = await requiredStoreProblem(options, stores, systemClock);
  await stores.close();
  return { problem, lines: log.lines.length };
}

describe('store-required', () => {
  it('looks at every store on another machine, and says which is not there', async () => {
    const up = await startFakeRedis(() => '+OK\r\n');
    const there = `redis://127.0.0.1:${up.port}`;
    const away = `redis://127.0.0.1:${await closedPort()}`;
    const required = { 'store-required': '+' };
    expect((await problemOf({ store: there, ...required }, there)).problem).toBe(undefined);
    expect((await problemOf({ store: away, ...required })).problem).toMatch(
      `: store=${away}: it cannot be reached, and store-required wants it to be there at the start`,
    );
    expect((await problemOf({ store: there, ...required }, away)).problem).toMatch(
      `here: store.near=${away}: it cannot be reached`,
    );
    await up.close();
  });

  it('opens nothing where it is not asked for, nor a store of this machine', async () => {
    const away = `redis://127.0.0.1:${await closedPort()}`;
    expect(await problemOf({ store: away })).toEqual({ problem: undefined, lines: 0 });
    expect(await problemOf({ 'store-required': '+' })).toEqual({ problem: undefined, lines: 0 });
  });

  it('does not take one that hangs for one that is there', async () => {
    const hangs = await startFakeRedis(() => undefined);
    hangs.greet = () => undefined;
    const url = `redis://127.0.0.1:${hangs.port}`;
    expect((await problemOf({ store: url, 'store-required': '+' })).problem).toMatch(/cannot be reached/);
    await hangs.close();
  });
});
