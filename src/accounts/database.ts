// Opens the database of accounts: an LMDB environment of its own, apart from the store of policies, that nobody else may even read, as passwords are in
// it. Unlike that store it never begins anew because something is wrong with it: mail for accounts that nobody knows would be refused for good.
import { chmod, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, textOf } from '../base/errors.ts';
import { damageIn } from '../store/embedded/damage.ts';
import { directoryOutlook, directoryProblem, makeLockFile, tryNewFile } from '../store/embedded/directory.ts';
import { loadLmdb } from '../store/embedded/environment.ts';
import { isOpenHere, type SharedTables, shareTables } from '../store/embedded/shared-environment.ts';
import { inTurnAlone } from '../store/embedded/turn.ts';
import { type AccountTable, accountTables } from './book.ts';

/** Of the tables, their keys and rows. 2: ids of letters in runs, which a smtpe that knows 1 would not see, and give again. */
const SCHEMA = '2';
/** Those whose rows are known still: it is 2 from now on. */
const KNOWN_BEFORE = '1';
const VERSION = Buffer.from('version');

export type DatabaseOutcome =
  | { readonly kind: 'open'; readonly database: SharedTables<AccountTable> }
  /** What is wrong, and what would be right. */
  | { readonly kind: 'refused'; readonly problem: string };

const refused = (problem: string): DatabaseOutcome => ({ kind: 'refused', problem });

/** What others may not be able to do: not even read. undefined: all is well, or it is not there yet. */
async function readable(path: string): Promise<string | undefined> {
  for (const [place, right] of [
    [path, '700'],
    [join(path, 'data.mdb'), '600'],
    [join(path, 'lock.mdb'), '600'],
  ] as const) {
    try {
      if (((await stat(place)).mode & 0o077) !== 0)
        return `others may read ${place}, and passwords of accounts are in it; chmod ${right} ${place}`;
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') return `${place}: ${textOf(error)}`;
    }
  }
  return undefined;
}

/** For who only looks (`check`): makes nothing. */
export async function databaseOutlook(path: string): Promise<string | undefined> {
  return (await readable(path)) ?? (await directoryOutlook(path));
}

/** `path`: a directory, made when it is not there. Never rejects. */
export async function openDatabase(path: string): Promise<DatabaseOutcome> {
  try {
    await loadLmdb();
    const problem = (await readable(path)) ?? (await directoryProblem(path));
    if (problem !== undefined) return refused(problem);
    return await inTurnAlone(path, () => openThere(path));
  } catch (error) {
    return refused(`${path}: ${textOf(error)}`);
  }
}

async function openThere(path: string): Promise<DatabaseOutcome> {
  if (!(await isOpenHere(path))) {
    const damage = await damageIn(path);
    if (damage !== undefined)
      return refused(
        `${path}/data.mdb is damaged: ${damage}; move it away, and put back a copy, or what smtpe accounts export has written`,
      );
  }
  await tryNewFile(path);
  await makeLockFile(path);
  const database = await shareTables(path, 'disk', accountTables);
  const { state } = database.tables;
  const version = state.get(VERSION)?.toString('latin1');
  if (version === undefined || version === KNOWN_BEFORE)
    await database.writeInTurn(() => state.put(VERSION, Buffer.from(SCHEMA)));
  else if (version !== SCHEMA) {
    await database.closeInTurn();
    return refused(
      `the accounts in ${path} are of schema ${version.replace(/[^\w.-]/g, '?').slice(0, 20)}, and this smtpe knows ${KNOWN_BEFORE} and ${SCHEMA}: use the smtpe that has written them, and export and import`,
    );
  }
  // A mask of the process cannot give others more, but a file that was put there by hand can.
  await chmod(join(path, 'data.mdb'), 0o600);
  return { kind: 'open', database };
}
