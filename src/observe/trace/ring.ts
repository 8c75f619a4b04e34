// Entries of one session for one reader, until he takes them. Bounded: whoever is too slow loses the oldest, and is told how many. Pure.
import { type TraceEntry, weightOf } from './entry.ts';

export class Ring {
  #most: number;
  #entries: TraceEntry[] = [];
  /** Those before it are taken or lost. */
  #first = 0;
  #weight = 0;
  #lost = 0;

  /** Octets that it may hold. */
  constructor(most: number) {
    this.#most = most;
  }

  get isEmpty(): boolean {
    return this.#first === this.#entries.length && this.#lost === 0;
  }

  set most(octets: number) {
    this.#most = octets;
    this.#shrink();
  }

  push(entry: TraceEntry): void {
    this.#entries.push(entry);
    this.#weight += weightOf(entry);
    this.#shrink();
  }

  /** The oldest, up to so many octets, one at least; those that were lost first. */
  take(octets: number): { readonly entries: readonly TraceEntry[]; readonly weight: number } {
    const entries: TraceEntry[] = [];
    let weight = 0;
    while (weight < octets) {
      const entry = this.#entries[this.#first];
      if (entry === undefined) break;
      if (this.#lost > 0) {
        entries.push({ kind: 'lost', entries: this.#lost, session: entry.session, at: entry.at });
        this.#lost = 0;
      }
      entries.push(entry);
      weight += this.#drop();
    }
    return { entries, weight };
  }

  #shrink(): void {
    while (this.#weight > this.#most && this.#first < this.#entries.length - 1) {
      this.#drop();
      this.#lost++;
    }
  }

  /** Takes the first one off; gives what it took. */
  #drop(): number {
    const entry = this.#entries[this.#first];
    if (entry === undefined) return 0;
    this.#first++;
    const weight = weightOf(entry);
    this.#weight -= weight;
    if (this.#first > 1000 && this.#first * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
    return weight;
  }
}
