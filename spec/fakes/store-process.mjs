// A process that counts in a store on disk or in memory: `store-process.mjs URL DIRECTORY TIMES`. Says `open`, then each sum that was answered
// when TIMES is 0, until it is killed; else `done`.
import { systemClock, systemRandom } from '../../dist/base/clock.js';
import { silentWriter } from '../../dist/base/log.js';
import { openEventLog } from '../../dist/observe/event-log.js';
import { createOptions } from '../../dist/options/option-set.js';
import { givenMemory } from '../../dist/store/embedded/memory-place.js';
import { OpenStores } from '../../dist/store/stores.js';

const [, , url = '', directory = '', times = '0'] = process.argv;
const stores = new OpenStores({
  options: createOptions({ store: url }),
  log: openEventLog(silentWriter),
  ...{ clock: systemClock, random: systemRandom },
  resolver: { addresses: async () => [] },
  memory: givenMemory(directory),
});
const opened = await stores.open('');
if (opened.kind === 'refused') throw new Error(opened.problem);
const { store } = opened;
const key = Buffer.from('sum');
process.stdout.write('open\n');
if (times !== '0') {
  for (let i = 0; i < Number(times); i++) {
    const counted = await store.incr(key, 1, 600);
    if (counted.kind !== 'number') throw new Error(JSON.stringify(counted));
    if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await stores.close();
  process.stdout.write('done\n');
} else {
  for (;;) {
    const counted = await store.incr(key, 1, 600);
    if (counted.kind !== 'number') throw new Error(JSON.stringify(counted));
    process.stdout.write(`${counted.value}\n`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
