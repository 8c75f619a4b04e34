// Who is to be told when an AbortSignal fires: one listener for each signal, however many wait with it. Adding and removing a listener of
// an EventTarget for each query costs more than asking a cache, or than a reply of a next hop.

export interface Abortable {
  aborted(): void;
}

export class AbortListeners {
  /** Gone with their signals. */
  readonly #waiting = new WeakMap<AbortSignal, Set<Abortable>>();

  /** `who` is told when the signal fires, unless it is removed before. */
  add(signal: AbortSignal, who: Abortable): void {
    const known = this.#waiting.get(signal);
    if (known !== undefined) {
      known.add(who);
      return;
    }
    const all = new Set([who]);
    this.#waiting.set(signal, all);
    signal.addEventListener('abort', () => {
      // One who is told may end another.
      for (const one of [...all]) if (all.has(one)) one.aborted();
    });
  }

  remove(signal: AbortSignal, who: Abortable): void {
    this.#waiting.get(signal)?.delete(who);
  }
}
