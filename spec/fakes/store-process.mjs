// A process that counts in a store on disk or in memory: `store-process.mjs URL DIRECTORY TIMES [ROUNDS]`. Says `open`, then each sum that was
// answered when TIMES is 0, until it is killed; else `done`. With ROUNDS it opens, counts and closes so often.
import { systemClock, systemRandom } from '../../build/base/clock.js';
import { silentWriter } from '../../build/base/log.js';
import { openEventLog } from '../../build/observe/event-log.js';
import { createOptions } from '../../build/options/option-set.js';
import { givenMemory } from '../../build/store/embedded/memory-place.js';
import { OpenStores } from '../../build/store/stores.js';

const [, , url = '', directory = '', times = '0', rounds = '1'] = process.argv;
const key = Buffer.from('sum');

async function open() {
  const stores = new OpenStores({
    options: createOptions({ store: url }),
    log: openEventLog(silentWriter),
    ...{ clock: systemClock, random: systemRandom },
    resolver: { addresses: async () => [] },
    memory: givenMemory(directory),
  });
  const opened = await stores.open('');
  if (opened.kind === 'refused') throw new Error(opened.problem);
  process.stdout.write('open\n');
  return { stores, store: opened.store };
}

async function count(store) {
  const counted = await store.incr(key, 1, 600);
  if (counted.kind !== 'number') throw new Error(JSON.stringify(counted));
  return counted.value;
}

if (times !== '0') {
  for (let round = 0; round < Number(rounds); round++) {
    const { store, stores } = await open();
    for (let i = 0; i < Number(times); i++) {
      await count(store);
      if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await stores.close();
  }
  process.stdout.write('done\n');
} else {
  const { store } = await open();
  for (;;) {
    const line = `${await count(store)}\n`;
    // What nobody reads is kept back, and would be lost with the process: it is said before the next one is counted.
    await new Promise((resolve) => process.stdout.write(line, resolve));
    // Who has read has a place among the readers.
    await store.get(key);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
