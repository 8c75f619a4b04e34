// With store-required smtpe does not start while a store on another machine cannot be reached. Asked once, at the start: a worker that is replaced
// later must serve as those beside it do, whose policy says what holds meanwhile.
import { type Clock, pause } from '../base/clock.ts';
import type { Options } from '../options/options.ts';
import { readStoreUrl } from '../options/store-url.ts';
import type { Stores } from '../store/stores.ts';

/** A connection may be under way for so long: several members of Sentinel are asked one after the other. */
const PATIENCE_MS = 5000;
const STEP_MS = 20;

/** Option, name for Stores.open, URL and origin of each store. */
function storesOf(options: Options): readonly (readonly [string, string, string, string])[] {
  return [
    ['store', '', options.values.store, options.origin('store')],
    ...options
      .ofListener('store')
      .map(({ name, text, origin }) => [`store.${name}`, name, text, origin] as const),
  ];
}

/** What is wrong, or undefined. */
export async function requiredStoreProblem(
  options: Options,
  stores: Stores,
  clock: Clock,
  patienceMs = PATIENCE_MS,
): Promise<string | undefined> {
  if (!options.values['store-required']) return undefined;
  for (const [option, name, text, origin] of storesOf(options)) {
    const read = readStoreUrl(text);
    if (read.kind === 'wrong' || read.url.kind === 'memory' || read.url.kind === 'lmdb') continue;
    const outcome = await stores.open(name);
    const place = `${origin}: ${option}=${text}`;
    if (outcome.kind === 'refused') return `${place}: ${outcome.problem}`;
    const { store } = outcome;
    const until = clock.monotonic() + patienceMs;
    while (store.state() === 'trying' && clock.monotonic() < until)
      await pause(STEP_MS, clock, new AbortController().signal);
    if (store.state() !== 'up')
      return `${place}: it cannot be reached, and store-required wants it to be there at the start`;
  }
  return undefined;
}
