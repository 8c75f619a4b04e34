// The embedded store against the table of cases: in memory and on disk, with two handles to one environment.
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { FakeClock } from '../../../src/bench/ports/clock.ts';
import { RecordLog } from '../../../src/bench/ports/record-log.ts';
import { createOptions } from '../../../src/options/option-set.ts';
import type { StoreUrl } from '../../../src/options/store-url.ts';
import { openEmbedded } from '../../../src/store/embedded/open-embedded.ts';
import type { Store } from '../../../src/store/store.ts';
import { type Adapter, closedCase, storeCases } from './cases.ts';

const directories: string[] = [];
afterAll(() => Promise.all(directories.map((path) => rm(path, { recursive: true, force: true }))));

function adapter(kind: 'memory' | 'lmdb'): Adapter {
  return {
    async open(texts) {
      // In memory as it is, where there is some: a disk may be slow.
      const place = kind === 'memory' && existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
      const base = await mkdtemp(join(place, 'smtpe-store-spec-'));
      directories.push(base);
      const clock = new FakeClock();
      const parts = {
        ...{ clock, log: new RecordLog(), options: createOptions(texts), random: () => 1 },
        resolver: { addresses: async () => [] },
        memory: { path: async () => base, close: async () => undefined },
      };
      const url: StoreUrl = kind === 'memory' ? { kind } : { kind, path: base };
      const open = async (): Promise<Store> => {
        const outcome = await openEmbedded('store', url, parts);
        if (outcome.kind === 'refused') throw new Error(outcome.problem);
        return outcome.store;
      };
      const [store, other] = [await open(), await open()];
      return {
        ...{ store, other },
        advance: async (ms) => clock.advance(ms),
        close: async () => {
          await other.close();
          await store.close();
        },
      };
    },
  };
}

storeCases('in memory', adapter('memory'));
storeCases('on disk', adapter('lmdb'));
closedCase('a store in memory', adapter('memory'));
closedCase('a store on disk', adapter('lmdb'));
