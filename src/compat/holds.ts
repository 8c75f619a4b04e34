// How long scripts live that a reload has replaced: as long as somebody holds them, for a call or for all calls of a request that belong together.

export class Holds {
  #count = 0;
  #whenFree: (() => void) | undefined;
  #isRetired = false;

  /** Gives a function that gives the hold up, once however often it is called. */
  hold(): () => void {
    this.#count++;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#count--;
      this.#look();
    };
  }

  /** `whenFree` is called once: when nobody holds it, now or later. The first that was said counts. */
  retire(whenFree: () => void): void {
    if (this.#isRetired) return;
    this.#isRetired = true;
    this.#whenFree = whenFree;
    this.#look();
  }

  #look(): void {
    if (this.#count > 0) return;
    const whenFree = this.#whenFree;
    this.#whenFree = undefined;
    whenFree?.();
  }
}
