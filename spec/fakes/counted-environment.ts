// An environment of the embedded store that counts what is done in it: how much one transaction changes and reads is how long it stops everybody.
import type { Maybe } from '../../src/base/maybe.ts';
import type { Environment, Table } from '../../src/store/embedded/environment.ts';

export interface Work {
  /** Records that were put or removed. */
  changes: number;
  /** Records that were read. */
  reads: number;
}

export class CountedEnvironment implements Environment {
  readonly #inner: Environment;
  readonly values: Table;
  readonly expiry: Table;
  readonly sets: Table;
  readonly garbage: Table;
  readonly state: Table;
  /** Of the transaction that is under way. */
  #now: Work = { changes: 0, reads: 0 };
  /** Each transaction since the beginning, or since `forget`. */
  readonly transactions: Work[] = [];
  /** Records that were read, in transactions or not. */
  reads = 0;

  constructor(inner: Environment) {
    this.#inner = inner;
    this.values = this.#counted(inner.values);
    this.expiry = this.#counted(inner.expiry);
    this.sets = this.#counted(inner.sets);
    this.garbage = this.#counted(inner.garbage);
    this.state = this.#counted(inner.state);
  }

  #counted(table: Table): Table {
    return {
      get: (key) => {
        this.#now.reads++;
        this.reads++;
        return table.get(key);
      },
      put: (key, value) => {
        this.#now.changes++;
        table.put(key, value);
      },
      remove: (key) => {
        this.#now.changes++;
        table.remove(key);
      },
      keys: (range) => table.keys(range),
      count: (range) => table.count(range),
    };
  }

  write<T>(action: () => T): Maybe<T> {
    return this.#inner.write(() => {
      this.#now = { changes: 0, reads: 0 };
      try {
        return action();
      } finally {
        this.transactions.push(this.#now);
      }
    });
  }

  writeInTurn<T>(action: () => T): Maybe<T> {
    return this.#inner.writeInTurn(action);
  }

  /** The most that one transaction has done; it is forgotten. */
  most(): Work {
    const most = {
      changes: Math.max(0, ...this.transactions.map(({ changes }) => changes)),
      reads: Math.max(0, ...this.transactions.map(({ reads }) => reads)),
    };
    this.transactions.length = 0;
    return most;
  }

  readers(): readonly number[] {
    return this.#inner.readers();
  }
  backup(directory: string): Promise<void> {
    return this.#inner.backup(directory);
  }
  finish(): Promise<void> {
    return this.#inner.finish();
  }
  close(): Promise<void> {
    return this.#inner.close();
  }
}
