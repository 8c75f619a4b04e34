// The environments that this process has open, each once, whoever asks for it: names of stores, and what a test opens beside another. LMDB
// needs that: its lock on the file of locks is the process's, and to close a second handle of that file would give the lock up while the first
// goes on to write. So this is one for a process, as the locks are.
import { stat } from 'node:fs/promises';
import { textOf } from '../../base/errors.ts';
import { type Durability, type Environment, openTables, storeTables, type Tables } from './environment.ts';
import { inTurn } from './turn.ts';

interface Shared {
  readonly environment: Tables<string>;
  readonly names: string;
  users: number;
}

const open = new Map<string, Shared>();

/** Who closes waits no longer for who opens: then it closes all the same, and the other finds no locks and fails. */
const PATIENCE_MS = 5000;
const TRIES = 3;

const keyOf = async (directory: string): Promise<string> => {
  const { dev, ino } = await stat(directory, { bigint: true });
  return `${dev}:${ino}`;
};

/** Has this process the store of this directory open? */
export const isOpenHere = async (directory: string): Promise<boolean> => open.has(await keyOf(directory));

interface Handle {
  /** As close, for who has the turn. */
  closeInTurn(): Promise<void>;
}
export type SharedTables<Name extends string> = Tables<Name> & Handle;
export type SharedEnvironment = Environment & Handle;

/** Only in a turn to open it, alone (turn.ts). Its `close` takes a turn of its own. */
export async function shareEnvironment(
  directory: string,
  durability: Durability,
): Promise<SharedEnvironment> {
  const { tables, ...rest } = await shareTables(directory, durability, storeTables);
  return { ...tables, ...rest };
}

/** As shareEnvironment, for an environment with other tables. */
export async function shareTables<Name extends string>(
  directory: string,
  durability: Durability,
  names: readonly Name[],
): Promise<SharedTables<Name>> {
  const key = await keyOf(directory);
  const there = open.get(key);
  const shared: Shared = there ?? {
    environment: await openUsable(directory, durability, names),
    names: names.join(),
    users: 0,
  };
  if (shared.names !== names.join())
    throw new Error(`${directory} is in use for something else here; take another directory`);
  shared.users++;
  open.set(key, shared);
  return handleOf<Name>(key, directory, shared);
}

/**
 * A process that ends without closing it, as a crash does it, closes it in no turn, and if it was the last, and just then, the locks that it
 * has destroyed are not made anew. To open it once more does that: nobody else has it open then, else they would not have been destroyed.
 */
async function openUsable(
  directory: string,
  durability: Durability,
  names: readonly string[],
): Promise<Tables<string>> {
  for (let tried = 1; ; tried++) {
    try {
      return await openTables(directory, durability, names);
    } catch (error) {
      if (tried === TRIES || !/Invalid argument/i.test(textOf(error))) throw error;
    }
  }
}

/** It has these tables: its names are theirs. */
function handleOf<Name extends string>(key: string, directory: string, shared: Shared): SharedTables<Name> {
  let closed: Promise<void> | undefined;
  const release = async (): Promise<void> => {
    shared.users--;
    if (shared.users > 0) return;
    open.delete(key);
    await shared.environment.finish();
    await shared.environment.close();
  };
  return {
    ...shared.environment,
    close: () => {
      closed ??= inTurnIfPossible(directory, release);
      return closed;
    },
    closeInTurn: () => {
      closed ??= release();
      return closed;
    },
  };
}

async function inTurnIfPossible(directory: string, work: () => Promise<void>): Promise<void> {
  let isBegun = false;
  const begin = (): Promise<void> => {
    isBegun = true;
    return work();
  };
  try {
    await inTurn(directory, begin, PATIENCE_MS);
  } catch (error) {
    if (isBegun) throw error;
    await begin();
  }
}
