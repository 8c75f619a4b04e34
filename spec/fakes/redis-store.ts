// A store over Redis with ports that a spec sees: its clock, its log.
import type { Clock } from '../../src/base/clock.ts';
import { RecordLog } from '../../src/bench/ports/record-log.ts';
import { createOptions, type GivenTexts } from '../../src/options/option-set.ts';
import { readStoreUrl } from '../../src/options/store-url.ts';
import { ownMemory } from '../../src/store/embedded/memory-place.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';

export interface StoreRig {
  readonly store: Store;
  readonly log: RecordLog;
}

/** Rejects with the problem when it is refused. */
export async function openRedisStore(url: string, clock: Clock, options: GivenTexts = {}): Promise<StoreRig> {
  const read = readStoreUrl(url);
  if (read.kind === 'wrong') throw new Error(`expected ${read.expected}`);
  const log = new RecordLog();
  const opened = await openStore('store', read.url, {
    ...{ clock, log, options: createOptions(options) },
    random: (limit) => Math.floor(limit / 2),
    resolver: { addresses: () => Promise.resolve([]) },
    memory: ownMemory(() => 1),
  });
  if (opened.kind === 'refused') throw new Error(opened.problem);
  return { store: opened.store, log };
}
