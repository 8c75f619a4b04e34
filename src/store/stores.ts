// The stores of a process by their names, each opened when it is first asked for. One that cannot be opened is tried again while it is asked for.
import { textOf } from '../base/errors.ts';
import { chain, type Maybe } from '../base/maybe.ts';
import type { Options } from '../options/options.ts';
import { readStoreUrl } from '../options/store-url.ts';
import type { OpenOutcome, StoreParts } from './adapter.ts';
import { openStore } from './open-store.ts';
import type { StoreState } from './store.ts';

/** Ask again, when it could not be opened. */
const AGAIN_MS = 10_000;
/** The name of the one on this machine, whatever option `store` says. */
const LOCAL = 'local';

/** A call of a policy: the option of the store, the function, and its arguments as JSON. */
export interface RecordedCall {
  readonly store: string;
  readonly op: string;
  readonly args: string;
}

export interface Stores {
  /** Is there such a store? `''` is the one of option `store`; `local` the one on this machine. */
  has(name: string): boolean;
  /** At once when it is open. Never rejects. */
  open(name: string): Maybe<OpenOutcome>;
  /** How those do that were asked for, by their option; one that could not be opened is down. */
  states?(): ReadonlyMap<string, StoreState>;
  /** What the same call was told when the session that is played was recorded; undefined: it was not made, or not so often. */
  recorded?(call: RecordedCall): readonly unknown[] | undefined;
  /** Closes all, and what they have in memory is gone. */
  close(): Promise<void>;
}

interface Slot {
  outcome: Maybe<OpenOutcome>;
  /** Monotonic. */
  readonly at: number;
  readonly option: string;
}

/** Option and URL of a name. */
function placeOf(
  options: Options,
  name: string,
): { readonly option: string; readonly url: string } | undefined {
  const main = { option: 'store', url: options.values.store };
  if (name === '') return main;
  const option = `store.${name.toLowerCase()}`;
  if (name.toLowerCase() === LOCAL)
    return /^(?:memory$|lmdb:)/i.test(main.url) ? main : { option, url: 'memory' };
  const url = options.text(option);
  return url === undefined ? undefined : { option, url };
}

export const hasStore = (options: Options, name: string): boolean => placeOf(options, name) !== undefined;

export class OpenStores implements Stores {
  readonly #parts: StoreParts;
  readonly #slots = new Map<string, Slot>();
  #isClosed = false;

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  has(name: string): boolean {
    return hasStore(this.#parts.options, name);
  }

  open(name: string): Maybe<OpenOutcome> {
    const slot = this.#slots.get(name);
    if (slot === undefined) return this.#openFirst(name);
    const { outcome } = slot;
    if (outcome instanceof Promise || outcome.kind === 'open') return outcome;
    return this.#parts.clock.monotonic() - slot.at < AGAIN_MS ? outcome : this.#openFirst(name);
  }

  states(): ReadonlyMap<string, StoreState> {
    const states = new Map<string, StoreState>();
    for (const { option, outcome } of this.#slots.values()) {
      if (outcome instanceof Promise) continue;
      states.set(option, outcome.kind === 'open' ? outcome.store.state() : 'down');
    }
    return states;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(
      [...this.#slots.values()].map(({ outcome }) =>
        chain(outcome, (it) => (it.kind === 'open' ? it.store.close() : undefined)),
      ),
    );
    await this.#parts.memory.close();
  }

  #openFirst(name: string): Maybe<OpenOutcome> {
    const place = placeOf(this.#parts.options, name);
    if (place === undefined) return { kind: 'refused', problem: `there is no option store.${name}` };
    if (this.#isClosed) return { kind: 'refused', problem: 'the process ends' };
    // Two names may mean the same one.
    const key = place.option;
    const there = name === key ? undefined : this.#slots.get(key);
    const at = this.#parts.clock.monotonic();
    if (
      there !== undefined &&
      (there.outcome instanceof Promise || there.outcome.kind === 'open' || at - there.at < AGAIN_MS)
    ) {
      this.#slots.set(name, there);
      return there.outcome;
    }
    const slot: Slot = { at, option: place.option, outcome: this.#open(place.option, place.url) };
    this.#slots.set(key, slot);
    this.#slots.set(name, slot);
    void chain(slot.outcome, (outcome) => {
      slot.outcome = outcome;
    });
    return slot.outcome;
  }

  async #open(option: string, text: string): Promise<OpenOutcome> {
    const read = readStoreUrl(text);
    let outcome: OpenOutcome;
    try {
      outcome =
        read.kind === 'wrong'
          ? { kind: 'refused', problem: `expected ${read.expected}` }
          : await openStore(option, read.url, this.#parts);
    } catch (error) {
      // A bug, or a package that is not there.
      outcome = { kind: 'refused', problem: textOf(error) };
    }
    if (outcome.kind === 'refused')
      this.#parts.log.emit('store-refused', { store: option, cause: outcome.problem });
    return outcome;
  }
}
