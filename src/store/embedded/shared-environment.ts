// The environments that this process has open, each once, whoever asks for it: names of stores, and what a test opens beside another. LMDB
// needs that: its lock on the file of locks is the process's, and to close a second handle of that file would give the lock up while the first
// goes on to write. So this is one for a process, as the locks are.
import { stat } from 'node:fs/promises';
import { textOf } from '../../base/errors.ts';
import { type Durability, type Environment, openEnvironment } from './environment.ts';
import { inTurn } from './turn.ts';

interface Shared {
  readonly environment: Environment;
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

export interface SharedEnvironment extends Environment {
  /** As close, for who has the turn. */
  closeInTurn(): Promise<void>;
}

/** Only in a turn to open it, alone (turn.ts). Its `close` takes a turn of its own. */
export async function shareEnvironment(
  directory: string,
  durability: Durability,
): Promise<SharedEnvironment> {
  const key = await keyOf(directory);
  const there = open.get(key);
  if (there !== undefined) {
    there.users++;
    return handleOf(key, directory, there);
  }
  const shared = { environment: await openUsable(directory, durability), users: 1 };
  open.set(key, shared);
  return handleOf(key, directory, shared);
}

/**
 * A process that ends without closing it, as a crash does it, closes it in no turn, and if it was the last, and just then, the locks that it
 * has destroyed are not made anew. To open it once more does that: nobody else has it open then, else they would not have been destroyed.
 */
async function openUsable(directory: string, durability: Durability): Promise<Environment> {
  for (let tried = 1; ; tried++) {
    try {
      return await openEnvironment(directory, durability);
    } catch (error) {
      if (tried === TRIES || !/Invalid argument/i.test(textOf(error))) throw error;
    }
  }
}

function handleOf(key: string, directory: string, shared: Shared): SharedEnvironment {
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
