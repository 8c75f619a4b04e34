// What session:lock holds: one for each service and worker, first come first served. Who holds it is a call; when that ends, in whatever way,
// it gives it back.
export class Mutex {
  #holder: object | undefined;
  readonly #waiting = new Map<object, () => void>();

  /** Resolves when `call` has it; at once when nobody has it, or when it has it already. */
  lock(call: object): Promise<void> | undefined {
    if (this.#holder === undefined || this.#holder === call) {
      this.#holder = call;
      return undefined;
    }
    return new Promise((resolve) => this.#waiting.set(call, resolve));
  }

  /** Gives it back, or gives up waiting; nothing happens when `call` does neither hold it nor wait for it. */
  unlock(call: object): void {
    this.#waiting.delete(call);
    if (this.#holder !== call) return;
    const [next] = this.#waiting;
    this.#holder = next?.[0];
    if (next === undefined) return;
    this.#waiting.delete(next[0]);
    next[1]();
  }
}
