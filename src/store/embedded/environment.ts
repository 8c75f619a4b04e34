// The one place that knows LMDB: an environment with its named tables, opened for this process. All workers have the same one open; LMDB keeps
// their writes apart, and turn.ts keeps writes apart from who opens it. Nobody else imports `lmdb`, and this does so only when a store is opened.
import type { Database, RootDatabase } from 'lmdb';
import type { Maybe } from '../../base/maybe.ts';
import { ownMark } from '../../ops/process-mark.ts';
import { linksInMemory, linksOnDisk, WriteTurn } from './write-turn.ts';

export interface KeyRange {
  readonly start: Uint8Array;
  /** Not in it. */
  readonly end?: Uint8Array;
  readonly limit: number;
  /** From `start` down to `end`. */
  readonly isBackward?: boolean;
}

/** Octets by octets, in order. What is given out is a copy. `put` and `remove` only in a write. */
export interface Table {
  get(key: Uint8Array): Buffer | undefined;
  put(key: Uint8Array, value: Uint8Array): void;
  remove(key: Uint8Array): void;
  keys(range: KeyRange): readonly Buffer[];
  /** How many `keys` would give, at a tenth of its cost. */
  count(range: KeyRange): number;
}

/** How far a written transaction has got when it is answered. */
export type Durability =
  /** Written at once, into memory: the call stops the loop for some microseconds. */
  | 'memory'
  /** Together with others that came meanwhile, on the disk, while the loop goes on. */
  | 'disk';

/** The tables of one environment, by their names, which are names of its databases. */
export interface Tables<Name extends string> extends Transactions {
  readonly tables: Readonly<Record<Name, Table>>;
}

/** That of the store of policies. */
export interface Environment extends Transactions {
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
}

export interface Transactions {
  /** One transaction: all or nothing, and nobody else writes meanwhile. Throws or rejects when the system does not let us write. */
  write<T>(action: () => T): Maybe<T>;
  /** As write, for who has the turn to open it. */
  writeInTurn<T>(action: () => T): Maybe<T>;
  /** Numbers of the processes that have read here. */
  readers(): readonly number[];
  backup(directory: string): Promise<void>;
  /** Comes back when nothing is written any more; what comes then is refused. */
  finish(): Promise<void>;
  /** After finish, and only while nobody opens it (turn.ts). */
  close(): Promise<void>;
}

/** Longest key of LMDB with pages of 4096 octets is 1978; ours are 519. */
export const storeTables = ['values', 'expiry', 'sets', 'garbage', 'state'] as const;
/** Beside those that are asked for: a later version may have some more. */
const SPARE_TABLES = 4;
const MODE = 0o600;
/**
 * A process that was killed while it read keeps pages from being used again until somebody looks, and the file, which never gets smaller and is
 * memory of who has it open, grows by some 50 KB with each transaction. To look takes half a microsecond; a transaction a hundred times that.
 */
const READERS_EVERY = 16;

type Root = RootDatabase<Buffer, Uint8Array>;

/** Loads the package, so that a turn to open a store is not spent on that: it takes as long as all the rest. */
export async function loadLmdb(): Promise<void> {
  await import('lmdb');
}

export async function openEnvironment(path: string, durability: Durability): Promise<Environment> {
  const { tables, ...rest } = await openTables(path, durability, storeTables);
  return { ...tables, ...rest };
}

/** Only in a turn to open it (turn.ts), while nobody writes, and never twice in one process (shared-environment.ts). */
export async function openTables<Name extends string>(
  path: string,
  durability: Durability,
  names: readonly Name[],
): Promise<Tables<Name>> {
  const { open } = await import('lmdb');
  const mark = await ownMark();
  const isInMemory = durability === 'memory';
  const options = {
    ...{
      path,
      maxDbs: names.length + SPARE_TABLES,
      encoding: 'binary',
      keyEncoding: 'binary',
      noSubdir: false,
    },
    ...{ permissionsMode: MODE, noSync: isInMemory },
    // A commit is on the disk when it is answered. To sync beside the next transaction would need a second lock, and who is killed while he has
    // it, which is most of the time, makes LMDB set the number of the last transaction beside its lock of writers, or give up.
    overlappingSync: false,
    // Batches of turns of the loop have promises that nobody can catch: a full disk would end the process.
    eventTurnBatching: false,
  } as Parameters<typeof open>[0];
  // In two steps: what fails behind the first must be closed again, else the process would have it open for ever and nobody could ask it to.
  const Database = openAsClass(open, options);
  let root: Root | undefined;
  try {
    root = new Database(null, { ...options, isRoot: true });
    const turn = new WriteTurn(path, mark, isInMemory ? linksInMemory : linksOnDisk);
    const opened = root;
    const tables = Object.fromEntries(names.map((name) => [name, tableOf(opened, name)]));
    return { tables: tables as Record<Name, Table>, ...transactionsOf(root, turn, durability) };
  } catch (error) {
    await (root ?? unopened(Database)).close().catch(() => undefined);
    throw error;
  }
}

type RootClass = new (name: null, options: object) => Root;
const openAsClass = (open: (options: never) => unknown, options: object): RootClass =>
  open({ ...options, asClass: true } as never) as RootClass;
/** What closes an environment whose root could not be opened. */
const unopened = (Database: RootClass): Root =>
  Object.create(Database.prototype, { isRoot: { value: true } }) as Root;

const tableOf = (root: Root, name: string): Table =>
  new LmdbTable(root.openDB<Buffer, Uint8Array>({ name, encoding: 'binary', keyEncoding: 'binary' }));

function transactionsOf(root: Root, turn: WriteTurn, durability: Durability): Transactions {
  let writes = 0;
  const write = <T>(action: () => T): Maybe<T> => {
    if (writes++ % READERS_EVERY === 0) (root as Root & { readerCheck(): number }).readerCheck();
    return durability === 'memory' ? writeAtOnce(root, action) : writeInBatch(root, action);
  };
  return {
    write: (action) => turn.run(() => write(action)),
    writeInTurn: write,
    readers: () => [...root.readerList().matchAll(/^\s*(\d+)\s/gm)].map(([, pid]) => Number(pid)),
    backup: (directory) => root.backup(directory, true),
    finish: () => turn.close(),
    close: () => root.close(),
  };
}

function writeAtOnce<T>(root: Root, action: () => T): T {
  try {
    return root.transactionSync(action);
  } finally {
    // Else what is read in this turn of the loop may be as old as its beginning.
    root.resetReadTxn();
  }
}

async function writeInBatch<T>(root: Root, action: () => T): Promise<T> {
  try {
    const result = await root.transaction(action);
    root.resetReadTxn();
    return result;
  } catch (error) {
    throw await causeOf(error);
  }
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
  keys({ start, end, limit, isBackward = false }: KeyRange): readonly Buffer[] {
    const range = { start, limit, reverse: isBackward, ...(end && { end }) };
    return Array.from(this.#database.getKeys(range)) as Buffer[];
  }
  count({ start, end, limit, isBackward = false }: KeyRange): number {
    return this.#database.getKeysCount({ start, limit, reverse: isBackward, ...(end && { end }) });
  }
}
