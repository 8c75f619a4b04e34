// Connections open at once, in total and for each client (options limit-connections and limit-client-connections), of one process.
// Whoever opens a connection here closes it here.

export type OpenResult = 'open' | 'too-many' | 'too-many-of-client';

export class ConnectionLimits {
  #total = 0;
  readonly #byClient = new Map<string, number>();

  /** Connections open now. */
  get total(): number {
    return this.#total;
  }

  /** Clients with a connection open now. */
  get clients(): number {
    return this.#byClient.size;
  }

  /** Counts a connection of `key` unless a limit says no (0 is no limit). Only an 'open' one is to be closed again. */
  open(key: string, limit: number, limitOfClient: number): OpenResult {
    if (limit > 0 && this.#total >= limit) return 'too-many';
    const ofClient = this.#byClient.get(key) ?? 0;
    if (limitOfClient > 0 && ofClient >= limitOfClient) return 'too-many-of-client';
    this.#total++;
    this.#byClient.set(key, ofClient + 1);
    return 'open';
  }

  close(key: string): void {
    const ofClient = this.#byClient.get(key);
    if (ofClient === undefined) return;
    this.#total--;
    if (ofClient <= 1) this.#byClient.delete(key);
    else this.#byClient.set(key, ofClient - 1);
  }
}
