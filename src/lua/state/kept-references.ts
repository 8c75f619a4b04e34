// References that somebody holds until he ends. Those that were released meanwhile are forgotten now and then.
import type { Anchor } from './references.ts';

/** So many are kept without a look at them. */
const FEW = 100;

export class KeptReferences {
  readonly #refs = new Set<Anchor>();
  #many = FEW;

  add(ref: Anchor): void {
    if (this.#refs.size >= this.#many) this.#forgetReleased();
    this.#refs.add(ref);
  }

  #forgetReleased(): void {
    for (const ref of this.#refs) if (ref.released) this.#refs.delete(ref);
    this.#many = Math.max(FEW, 2 * this.#refs.size);
  }

  release(): void {
    for (const ref of this.#refs) ref.release();
    this.#refs.clear();
  }
}
