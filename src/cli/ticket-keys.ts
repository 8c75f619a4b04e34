// The key of session tickets (RFC 5077, RFC 8446 section 4.6.1): made by the process that holds what all workers have in common, so that a client may
// resume at another one, and made anew twice a day. Node takes one key at a time: a ticket of the last one is followed by a full handshake.
import { randomBytes } from 'node:crypto';
import type { Clock } from '../base/clock.ts';

const RENEW_MS = 12 * 3_600_000;
/** As tls.createSecureContext takes it. */
const OCTETS = 48;

export class TicketKeys {
  readonly #clock: Clock;
  readonly #renewed: (key: Buffer) => void;
  #key = randomBytes(OCTETS);
  #stopped = false;

  constructor(clock: Clock, renewed: (key: Buffer) => void) {
    this.#clock = clock;
    this.#renewed = renewed;
    this.#wait();
  }

  get key(): Buffer {
    return this.#key;
  }

  stop(): void {
    this.#stopped = true;
  }

  #wait(): void {
    this.#clock
      .after(RENEW_MS, () => {
        if (this.#stopped) return;
        this.#key = randomBytes(OCTETS);
        this.#renewed(this.#key);
        this.#wait();
      })
      .unref();
  }
}
