// The account that options user and group name, and becoming it (credentials(7)): once, when what needs the rights of the start is done. The
// whole process changes, every thread of it, and there is no way back.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { textOf } from '../base/errors.ts';

export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** Its home directory, `/` where none is known. */
  readonly home: string;
}

export type AccountOutcome =
  | { readonly kind: 'account'; readonly account: Account }
  | { readonly kind: 'wrong'; readonly problem: string };

export type Database = 'passwd' | 'group';
/** The fields of an entry, by name or number; undefined when there is none. */
export type FindEntry = (database: Database, key: string) => readonly string[] | undefined;

const GETENT_MS = 5000;
const NUMBER = /^\d{1,10}$/;

/** From /etc, or from wherever else the system has its accounts (getent(1)). */
export const findEntry: FindEntry = (database, key) => {
  const field = NUMBER.test(key) ? 2 : 0;
  const search = (text: string): readonly string[] | undefined =>
    text
      .split('\n')
      .map((line) => line.split(':'))
      .find((fields) => fields[field] === key);
  try {
    const found = search(readFileSync(`/etc/${database}`, 'utf8'));
    if (found !== undefined) return found;
  } catch {
    // There may be another place.
  }
  const { stdout } = spawnSync('getent', [database, key], { encoding: 'utf8', timeout: GETENT_MS });
  return search(stdout ?? '');
};

/** The account of `user`, in `group` unless that is empty; both are names or numbers. */
export function findAccount(user: string, group: string, find: FindEntry = findEntry): AccountOutcome {
  const wrong = (problem: string): AccountOutcome => ({ kind: 'wrong', problem });
  const entry = find('passwd', user);
  if (entry === undefined && !NUMBER.test(user)) {
    return wrong(
      `user=${user}: there is no such user; make it with: useradd --system --no-create-home ${user}`,
    );
  }
  const groupEntry = group === '' ? undefined : find('group', group);
  if (group !== '' && groupEntry === undefined && !NUMBER.test(group)) {
    return wrong(`group=${group}: there is no such group; make it with: groupadd --system ${group}`);
  }
  const gid = group === '' ? entry?.[3] : (groupEntry?.[2] ?? group);
  if (gid === undefined) return wrong(`user=${user} is a number without a name: set group= too`);
  const [name = user, , uid = user, , , home = '/'] = entry ?? [];
  return { kind: 'account', account: { name, uid: Number(uid), gid: Number(gid), home } };
}

/** This process already has the rights of the account, and no others. */
export const isAccount = ({ uid, gid }: Account): boolean =>
  process.getuid?.() === uid && process.geteuid?.() === uid && process.getgid?.() === gid;

/** Why this process cannot become the account; undefined when it can, or is it. */
export function becomeProblem(account: Account): string | undefined {
  if (isAccount(account)) return undefined;
  if (process.geteuid?.() === 0) return actAs(account) ?? actAs(undefined);
  return (
    `user=${account.name}: only root can become another user, and this process is user ${process.geteuid?.() ?? 'unknown'}; ` +
    'start it as root, or as that user and without user='
  );
}

/** What files are opened with from now on: the rights of the account, or again those of root. Gives what went wrong. */
function actAs(account: Account | undefined): string | undefined {
  try {
    if (account === undefined) {
      process.seteuid?.(0);
      process.setegid?.(process.getgid?.() ?? 0);
    } else {
      process.setgroups?.([]);
      process.setegid?.(account.gid);
      process.seteuid?.(account.uid);
    }
    return undefined;
  } catch (error) {
    return withoutCapability(account?.name ?? 'root', error);
  }
}

const withoutCapability = (name: string, error: unknown): string =>
  `user=${name}: ${textOf(error)}; the process needs the capabilities CAP_SETUID and CAP_SETGID`;

/**
 * Does `work` as the account, for which becomeProblem has said nothing, and has the rights of root again afterwards. For what lies where the
 * account may write: with links there it could have root open or make any file.
 */
export async function asAccount<T>(account: Account | undefined, work: () => Promise<T>): Promise<T> {
  if (account === undefined || isAccount(account)) return work();
  const problem = actAs(account);
  if (problem !== undefined) throw new Error(problem);
  try {
    return await work();
  } finally {
    actAs(undefined);
  }
}

/** Becomes the account, in no group but its own. Gives what went wrong: then the process must end. */
export function become(account: Account): string | undefined {
  const { name, uid, gid, home } = account;
  if (isAccount(account)) return undefined;
  try {
    process.setgroups?.([]);
    process.setgid?.(gid);
    process.setuid?.(uid);
  } catch (error) {
    return withoutCapability(name, error);
  }
  const groups = process.getgroups?.() ?? [];
  if (!isAccount(account) || process.getegid?.() !== gid || groups.some((group) => group !== gid)) {
    return `user=${name}: the rights of the start could not be given up`;
  }
  if (uid !== 0 && canComeBack()) return `user=${name}: the rights of the start can be taken back`;
  // What commands of a policy go by.
  Object.assign(process.env, { HOME: home, USER: name, LOGNAME: name });
  return undefined;
}

function canComeBack(): boolean {
  try {
    process.setuid?.(0);
    return true;
  } catch {
    return false;
  }
}
