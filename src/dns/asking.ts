// How long a question is waited for, as the resolver takes it. It looks at the signal only where no answer is at hand, and not before that is one made.
import type { GivingUp } from '../base/giving-up.ts';

export class Asking {
  /** For this question, in ms. */
  readonly timeoutMs: number;
  readonly #until: GivingUp;

  constructor(until: GivingUp, timeoutMs: number) {
    this.#until = until;
    this.timeoutMs = timeoutMs;
  }

  get signal(): AbortSignal {
    return this.#until.signal;
  }
}
