// The one place that knows LMDB: an environment with its named tables, opened for this process. All workers have the same one open; LMDB keeps
// their writes apart. Nobody else imports `lmdb`, and this does so only when a store is opened.
import type { Database, RootDatabase } from 'lmdb';
import type { Maybe } from '../../base/maybe.ts';

export interface KeyRange {
  readonly start: Uint8Array;
  /** Not in it. */
  readonly end?: Uint8Array;
  readonly limit: number;
}

/** Octets by octets, in order. What is given out is a copy. `put` and `remove` only in a write. */
export interface Table {
  get(key: Uint8Array): Buffer | undefined;
  put(key: Uint8Array, value: Uint8Array): void;
  remove(key: Uint8Array): void;
  keys(range: KeyRange): readonly Buffer[];
}

/** How far a written transaction has got when it is answered. */
export type Durability =
  /** Written at once, into memory: the call stops the loop for some microseconds. */
  | 'memory'
  /** Together with others that came meanwhile, and on its way to the disk, while the loop goes on. */
  | 'disk';

export interface Environment {
  /** Key to record. */
  readonly values: Table;
  /** Expiry and key. */
  readonly expiry: Table;
  /** Number of a set and item. */
  readonly sets: Table;
  /** Numbers of sets whose items are to be removed. */
  readonly garbage: Table;
  /** The tally and the version of all this. */
  readonly state: Table;
  /** One transaction: all or nothing, and nobody else writes meanwhile. Throws or rejects when the system does not let us write. */
  write<T>(action: () => T): Maybe<T>;
  /** Numbers of the processes that have read here. */
  readers(): readonly number[];
  backup(directory: string): Promise<void>;
  close(): Promise<void>;
}

/** Longest key of LMDB with pages of 4096 octets is 1978; ours are 519. */
const TABLES = 5;
const MODE = 0o600;

export async function openEnvironment(path: string, durability: Durability): Promise<Environment> {
  const { open } = await import('lmdb');
  const root = open({
    ...{ path, maxDbs: TABLES + 4, encoding: 'binary', keyEncoding: 'binary', noSubdir: false },
    // In memory too commits are synced: without, several processes have been seen to write at the same time, and a sum was short.
    ...{ permissionsMode: MODE },
    // Batches of turns of the loop have promises that nobody can catch: a full disk would end the process.
    eventTurnBatching: false,
  } as Parameters<typeof open>[0]) as RootDatabase<Buffer, Uint8Array>;
  const table = (name: string): Table =>
    new LmdbTable(root.openDB<Buffer, Uint8Array>({ name, encoding: 'binary', keyEncoding: 'binary' }));
  return {
    values: table('values'),
    expiry: table('expiry'),
    sets: table('sets'),
    garbage: table('garbage'),
    state: table('state'),
    write:
      durability === 'memory'
        ? (action) => {
            try {
              return root.transactionSync(action);
            } finally {
              // Else what is read in this turn of the loop may be as old as its beginning.
              root.resetReadTxn();
            }
          }
        : async (action) => {
            try {
              const result = await root.transaction(action);
              root.resetReadTxn();
              return result;
            } catch (error) {
              throw await causeOf(error);
            }
          },
    readers: () => [...root.readerList().matchAll(/^\s*(\d+)\s/gm)].map(([, pid]) => Number(pid)),
    backup: (directory) => root.backup(directory, true),
    close: () => root.close(),
  };
}

/** Why a commit failed stands in a promise of its own, which nobody else looks at: not looked at, it would end the process. */
async function causeOf(error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !('commitError' in error)) return error;
  let cause: unknown = error;
  Promise.resolve(error.commitError).catch((why: unknown) => {
    cause = why;
  });
  await new Promise((resolve) => setImmediate(resolve));
  return cause;
}

class LmdbTable implements Table {
  readonly #database: Database<Buffer, Uint8Array>;

  constructor(database: Database<Buffer, Uint8Array>) {
    this.#database = database;
  }

  get(key: Uint8Array): Buffer | undefined {
    return this.#database.getBinary(key);
  }
  put(key: Uint8Array, value: Uint8Array): void {
    this.#database.putSync(key, value as Buffer);
  }
  remove(key: Uint8Array): void {
    this.#database.removeSync(key);
  }
  keys({ start, end, limit }: KeyRange): readonly Buffer[] {
    return Array.from(this.#database.getKeys({ start, limit, ...(end && { end }) })) as Buffer[];
  }
}
