// What is done with the rights of the start, and giving them up (options user and group): ports are bound, files opened and made, sockets that
// systemd has passed taken over. Nothing of a policy has run by then, no worker is there yet, and what follows is done as the user.
import { constants } from 'node:fs';
import { chown, lstat, mkdir, open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { listenerPlaces } from '../net/listener-row.ts';
import { type Account, asAccount, become, becomeProblem, findAccount, isAccount } from '../ops/account.ts';
import type { HeldSockets } from '../ops/held-sockets.ts';
import { type LogSurroundings, type OpenLogOutcome, openLog } from '../ops/open-log.ts';
import { assignSockets, type PassedSocket } from '../ops/passed-sockets.ts';
import type { Options } from '../options/options.ts';
import type { Front } from './announcer.ts';
import { exitCode } from './exit-code.ts';
import { SYSTEM_SPOOL } from './spool-directory.ts';
import { listenProblem } from './start-checks.ts';
import { unusableProblems } from './user-checks.ts';

export interface StartProblem {
  readonly problem: string;
  readonly code: number;
}

/** The account that the process is going to have; undefined: it stays what it is. */
export type WantedAccount = { readonly account: Account | undefined } | StartProblem;

const LOG_MODE = 0o640;
const STICKY = 0o1000;

/** With the place of the option in front. */
function placed(options: Options, problem: string): string {
  return `${options.origin(problem.startsWith('group=') ? 'group' : 'user')}: ${problem}`;
}

/** Looks the account up, before anything is opened. */
export function wantedAccount(options: Options): WantedAccount {
  const { values } = options;
  if (values.user === '') return { account: undefined };
  const found = findAccount(values.user, values.group);
  const problem = found.kind === 'wrong' ? found.problem : becomeProblem(found.account);
  if (problem !== undefined) return { problem: placed(options, problem), code: exitCode.usage };
  return { account: found.kind === 'account' ? found.account : undefined };
}

/**
 * Becomes the user of option user for what only tries a policy (check, test); who is not root may try it as himself. What is wrong, or
 * undefined.
 */
export async function tryAsUser(options: Options): Promise<string | undefined> {
  const { values } = options;
  if (values.user === '' || process.geteuid?.() !== 0) return undefined;
  const found = findAccount(values.user, values.group);
  if (found.kind === 'wrong') return placed(options, found.problem);
  await makeSpool(options, found.account);
  return become(found.account);
}

/**
 * Opens the log as the user, who opens it again at SIGUSR2 and in each new worker; a file that is not there is made for him, where nobody
 * but root could have put anything else in its place.
 */
export async function openLogAs(
  account: Account | undefined,
  options: Options,
  around: LogSurroundings,
): Promise<OpenLogOutcome> {
  const path = options.values['log-file'];
  if (path === '' || account === undefined || isAccount(account)) return openLog(options, around);
  await makeLogFile(resolve(path), account);
  const outcome = await asAccount(account, () => openLog(options, around));
  if (outcome.kind === 'open') return outcome;
  const { name } = account;
  return {
    kind: 'failed',
    problem: `${outcome.problem}; it is opened as user ${name}: chown ${name} ${path}`,
  };
}

/** Only root can change what the path leads to, up to the last step. */
async function isOfRoot(directory: string): Promise<boolean> {
  const { uid, mode } = await lstat(directory);
  // In a sticky directory others leave root's entries alone.
  const isOpen = (mode & 0o022) !== 0 && (mode & STICKY) === 0;
  if (uid !== 0 || isOpen) return false;
  return directory === dirname(directory) || isOfRoot(dirname(directory));
}

async function makeLogFile(path: string, account: Account): Promise<void> {
  try {
    if (!(await isOfRoot(dirname(path)))) return;
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    const file = await open(path, flags, LOG_MODE);
    await file.chown(account.uid, account.gid).finally(() => file.close());
  } catch {
    // It is there, or cannot be made: who opens it says what is wrong.
  }
}

export interface Rights {
  readonly options: Options;
  readonly account: Account | undefined;
  readonly sockets: HeldSockets;
  readonly passed: readonly PassedSocket[];
  readonly front: Front;
}

/** The pid file, before anybody is let in: one that cannot be written ends the start, and whoever was served by then would be cut off. */
async function claimFirst(front: Front): Promise<StartProblem | undefined> {
  const problem = await front.claim();
  return problem === undefined ? undefined : { problem, code: exitCode.system };
}

/** Binds, makes and claims what needs the rights of the start, and gives them up. What is wrong, or undefined. */
export async function settleRights(rights: Rights): Promise<StartProblem | undefined> {
  const { options, account, sockets, passed, front } = rights;
  const places = listenerPlaces(options);
  const assigned = assignSockets(passed, places);
  if (assigned.kind === 'wrong') return { problem: assigned.problem, code: exitCode.usage };
  for (const [key, handles] of assigned.handles) sockets.give(key, handles);
  if (account === undefined) return claimFirst(front);
  for (const { key, addresses } of places) {
    const outcome = sockets.open(key, addresses);
    if (outcome.kind === 'held') continue;
    const error = Object.assign(new Error(outcome.code), outcome);
    return { problem: listenProblem(error, options), code: exitCode.software };
  }
  sockets.complete();
  const taken = await claimFirst(front);
  if (taken !== undefined) return taken;
  await makeSpool(options, account);
  const problem = become(account);
  if (problem !== undefined) return { problem, code: exitCode.usage };
  const [unusable] = await unusableProblems(options, account.name);
  return unusable === undefined ? undefined : { problem: unusable, code: exitCode.system };
}

/** The directory that nobody named is the user's when it is made now; one that is there stays whose it is. */
async function makeSpool(options: Options, { uid, gid }: Account): Promise<void> {
  const path = options.values['spool-dir'];
  if (path !== SYSTEM_SPOOL || options.origin('spool-dir') !== 'default') return;
  try {
    await mkdir(path, { mode: 0o700 });
    await chown(path, uid, gid);
  } catch {
    // It is there, or the check of the spool says what is wrong.
  }
}
