// How far and how fast a message is read again for a policy: a turn of the event loop between pieces, an end when nobody waits any more, and a
// number of octets that all reading of one message together may come to. Shared by everything in this folder, and by archives inside.
import { setImmediate as nextTurn } from 'node:timers/promises';

/** What is left of the octets that may be read; one for each message. */
export interface ReadBudget {
  left: number;
}

/** Nobody waits for the result. */
export class GivenUp extends Error {}

/** The budget is used up. */
export class ReadTooMuch extends Error {
  override readonly message = 'too much of the message has been read already (limit-mime-read-bytes)';
}

/** Octets between two turns: well below a millisecond of decoding. */
export const pieceOctets = 65_536;

export class Pace {
  readonly signal: AbortSignal;
  readonly #budget: ReadBudget;
  #since = 0;

  constructor(signal: AbortSignal, budget: ReadBudget) {
    this.signal = signal;
    this.#budget = budget;
  }

  /** Before `octets` are worked on. Rejects with GivenUp or ReadTooMuch. */
  async step(octets: number): Promise<void> {
    if (this.signal.aborted) throw new GivenUp('nobody waits any more');
    this.#budget.left -= octets;
    if (this.#budget.left < 0) throw new ReadTooMuch();
    this.#since += octets;
    if (this.#since < pieceOctets) return;
    this.#since = 0;
    await nextTurn();
    if (this.signal.aborted) throw new GivenUp('nobody waits any more');
  }
}
