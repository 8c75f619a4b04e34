// Gives the event loop back when judging a sender or the signatures of a message has taken a while, by the work that was done and not by a clock.
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Octets canonicalised and hashed between two turns: about a millisecond. */
const turnOctets = 524_288;
/** What a public key operation counts for: some 100 µs. */
export const keyWork = 65_536;

export class Turns {
  #work = 0;

  /** Work in octets since the last call. */
  done(work: number): undefined | Promise<void> {
    this.#work += work;
    if (this.#work < turnOctets) return undefined;
    this.#work = 0;
    return nextTurn();
  }
}
