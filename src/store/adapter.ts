// How a store is opened, whatever is behind it.
import type { Clock, RandomInteger } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { AddressSource } from '../net/dial.ts';
import type { Options } from '../options/options.ts';
import type { StoreUrl } from '../options/store-url.ts';
import type { MemoryPlace } from './embedded/memory-place.ts';
import type { Store } from './store.ts';

/** What adapters are made of. */
export interface StoreParts {
  /** Of the process: the rows `store-*`. */
  readonly options: Options;
  readonly clock: Clock;
  readonly random: RandomInteger;
  readonly log: Log;
  /** Who knows the addresses of servers. */
  readonly resolver: AddressSource;
  /** The same for all workers of this service. */
  readonly memory: MemoryPlace;
  /** Looks in beside a server, perhaps with other limits: nothing is thrown out for it. */
  readonly isVisitor?: boolean;
}

export type OpenOutcome =
  | { readonly kind: 'open'; readonly store: Store }
  /** It cannot be used: what is wrong and what would be right, for a line of the log or at the start. */
  | { readonly kind: 'refused'; readonly problem: string };

/**
 * Opens a store of these kinds of URL; `name` is for log lines: `store`, or `store.NAME`. What it needs of others' code it imports when
 * it is called, never before. A server that cannot be reached now is no reason to refuse: the store is `down`.
 */
export type OpenStore<K extends StoreUrl['kind']> = (
  name: string,
  url: Extract<StoreUrl, { readonly kind: K }>,
  parts: StoreParts,
) => Promise<OpenOutcome>;
