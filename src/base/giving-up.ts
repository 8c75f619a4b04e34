// An AbortSignal for work that hardly ever waits: it is made when somebody asks for it. Making one and firing it costs more than ten answers from
// a cache, and nobody listens to those.

export class GivingUp {
  readonly #reason: Error;
  #abort: AbortController | undefined;
  #isGivenUp = false;

  /** `reason` of the signal, made once: AbortController would make one with a stack trace each time. */
  constructor(reason: Error) {
    this.#reason = reason;
  }

  /** Aborted when all was given up before. */
  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#isGivenUp) this.#abort.abort(this.#reason);
    }
    return this.#abort.signal;
  }

  get isGivenUp(): boolean {
    return this.#isGivenUp;
  }

  giveUp(): void {
    this.#isGivenUp = true;
    this.#abort?.abort(this.#reason);
  }
}
