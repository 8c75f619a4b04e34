// Whom option smtp-xclient-hosts trusts. Each listener may have a list of its own, and a reload another one: a list is read once.
import { splitList } from '../../base/lists.ts';
import type { Log } from '../../base/log.ts';
import { NetworkList } from '../../net-address/network-list.ts';

/** Lists that are kept; more than there are listeners. */
const KEPT = 64;

export class TrustedHosts {
  readonly #log: Log;
  readonly #lists = new Map<string, NetworkList>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** Whether the list (a text of the option) has the address. */
  has(list: string, address: string): boolean {
    return list !== '' && this.#list(list).contains(address);
  }

  #list(text: string): NetworkList {
    const known = this.#lists.get(text);
    if (known !== undefined) return known;
    if (this.#lists.size === KEPT) this.#lists.clear();
    const list = new NetworkList(splitList(text));
    this.#lists.set(text, list);
    if (list.invalid.length > 0) this.#log.emit('trust-fault', { items: list.invalid.join(' ') });
    return list;
  }
}
