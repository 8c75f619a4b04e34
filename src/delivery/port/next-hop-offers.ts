// What each next hop offered in its last reply to EHLO (RFC 5321 section 4.1.1.1): what smtpe offers to its own clients can go by it.
//
// Must never ask anybody, and never say that a next hop offers what it has not said itself.

import { healthKey } from '../../net/host-health.ts';
import type { SmtpTarget } from '../../net-address/host-list.ts';
import type { Capabilities } from '../../smtp/protocol/capabilities.ts';

const MAX_REMEMBERED = 1000;

export class NextHopOffers {
  /** In the order in which they were heard first. */
  readonly #last = new Map<string, Capabilities>();

  /** It has said what it offers, behind STARTTLS where that was used. */
  heard(target: Pick<SmtpTarget, 'host' | 'port'>, capabilities: Capabilities): void {
    const key = healthKey(target.host, target.port);
    if (!this.#last.has(key) && this.#last.size >= MAX_REMEMBERED) {
      for (const oldest of this.#last.keys()) {
        this.#last.delete(oldest);
        break;
      }
    }
    this.#last.set(key, capabilities);
  }

  /** What it offered last; undefined when it was never asked, or too long ago to be known. */
  of({ host, port }: Pick<SmtpTarget, 'host' | 'port'>): Capabilities | undefined {
    return this.#last.get(healthKey(host, port));
  }
}
