// How much memory responses hold that no policy has fetched yet, over all connections of the process: many small attacks (every URL of
// many mails answered with megabytes) must not add up to more than was planned for.

export class MemoryPool {
  #used = 0;

  /** Bytes held now. */
  get used(): number {
    return this.#used;
  }

  /** A share of the pool for one response; `limit` is the size of the pool in bytes. */
  share(limit: number): MemoryShare {
    let held = 0;
    return {
      reserve: (bytes) => {
        if (this.#used + bytes > limit) return false;
        this.#used += bytes;
        held += bytes;
        return true;
      },
      release: () => {
        this.#used -= held;
        held = 0;
      },
    };
  }
}

export interface MemoryShare {
  /** False when there is not so much left; nothing is reserved then. */
  reserve(bytes: number): boolean;
  /** Gives everything back. Idempotent. */
  release(): void;
}
