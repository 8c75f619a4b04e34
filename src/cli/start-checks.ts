// What must be there before smtpe starts: the policy file and the spool directory. Says what is missing and what to do about it.

import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { codeOrText, textOf } from '../base/errors.ts';
import type { ListenError } from '../net/listener.ts';
import { BOUND_BEFORE } from '../ops/held-sockets.ts';
import type { PolicySource } from '../ops/revision.ts';
import type { Options } from '../options/options.ts';
import type { Stores } from '../store/stores.ts';
import { privateDirectoryProblem } from './spool-directory.ts';

/** Where the policy may be when option script is empty; the first that exists is taken. */
const defaultScripts = ['/etc/smtpe.lua', '/etc/smtpe/smtpe.lua'] as const;

export type ScriptOutcome =
  | { readonly kind: 'found'; readonly path: string; readonly more: readonly string[] }
  | { readonly kind: 'missing'; readonly problem: string };

/** `file`, or why it is none that can be read. */
async function fileProblem(path: string): Promise<'file' | 'missing' | string> {
  try {
    if ((await stat(path)).isDirectory()) return 'that is a directory; name the policy in it';
    await access(path, constants.R_OK);
    return 'file';
  } catch (error) {
    const code = codeOrText(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return 'missing';
    return code === 'EACCES' ? `user ${process.getuid?.() ?? 'this one'} may not read it (EACCES)` : code;
  }
}

/** What option script names: one file, or several separated by blanks (the path of one that is there may have blanks itself). */
async function namedScripts(named: string): Promise<readonly [string, ...(readonly string[])]> {
  const [first, ...more] = named.split(/[ \t\n]+/).filter((path) => path !== '');
  if (first === undefined || more.length === 0 || (await fileProblem(named)) === 'file') return [named];
  return [first, ...more];
}

/** The paths of the policy, or of another one. */
export async function findScript(
  options: Options,
  option: 'script' | 'shadow-script' = 'script',
): Promise<ScriptOutcome> {
  const named = options.values[option];
  if (named === '') return findDefault();
  const [first, ...more] = await namedScripts(named);
  const paths = [first, ...more];
  for (const [i, path] of paths.entries()) {
    const found = await fileProblem(path);
    const place = `${options.origin(option)}: ${option}=${path}`;
    if (found === 'missing') return { kind: 'missing', problem: `${place}: there is no such file` };
    if (found !== 'file') return { kind: 'missing', problem: `${place}: ${found}` };
    if (paths.findIndex((other) => resolve(other) === resolve(path)) < i)
      return {
        kind: 'missing',
        problem: `${place}: it is named twice; right would be: each file once, in the order in which they are asked`,
      };
  }
  return { kind: 'found', path: first, more };
}

/** Without the option: the first of two places at which there is a file. */
async function findDefault(): Promise<ScriptOutcome> {
  for (const path of defaultScripts) {
    const found = await fileProblem(path);
    if (found === 'file') return { kind: 'found', path, more: [] };
    if (found !== 'missing') return { kind: 'missing', problem: `${path}: ${found}` };
  }
  const problem = `there is no policy: neither ${defaultScripts.join(' nor ')} exists; ${await remedy()}`;
  return { kind: 'missing', problem };
}

/** A server takes nothing for standing where it is started, but who starts one beside a policy means it. */
async function remedy(): Promise<string> {
  const [policy, optionFile] = await Promise.all(['policy.lua', 'smtpe.cf'].map(fileProblem));
  if (optionFile === 'file') return 'with the options of this directory: file=smtpe.cf';
  if (policy === 'file') return 'with the one of this directory: script=policy.lua';
  return 'set script=PATH (etc/smtpe.lua of the package is one to start from), or begin one: smtpe init DIRECTORY';
}

const COMMENT = /--(?:\[(=*)\[[\s\S]*?\]\1\]|.*)/g;
/** What a policy writes when it uses a store: the module, or what comes with smtpe and is made of it. */
const USES_STORE =
  /\bstore\s*\.\s*[a-z]|\bsmtpe\.(?:ratelimit|greylist|dnsbl|callahead|once)\b|\baccess\s*\.\s*redis\b/;

/**
 * What is wrong with a store that the policy uses, or undefined. Opens them, as the first call would; a policy that uses none opens
 * nothing. What comes with smtpe lies in `libLuaDirectory`; it is known by its names.
 */
export async function storeProblem(
  stores: Stores,
  options: Options,
  { text, files }: Pick<PolicySource, 'text' | 'files'>,
  libLuaDirectory: string,
): Promise<string | undefined> {
  const own = files.filter(({ path }) => !path.startsWith(`${libLuaDirectory}/`));
  const texts = [text, ...own.map((file) => file.text)];
  if (!texts.some((one) => USES_STORE.test(one.replaceAll(COMMENT, '')))) return undefined;
  for (const name of ['', ...options.ofListener('store').map((one) => one.name)]) {
    const option = name === '' ? 'store' : `store.${name}`;
    const opened = await stores.open(name);
    if (opened.kind === 'refused') return `${option}=${options.text(option)}: ${opened.problem}`;
  }
  return undefined;
}

/** What is wrong with the spool directory, or undefined. */
export async function spoolProblem(options: Options): Promise<string | undefined> {
  const path = options.values['spool-dir'];
  if (path === '') return undefined;
  const origin = options.origin('spool-dir');
  const place = `${origin}: spool-dir=${path}`;
  try {
    const problem = origin === 'default' ? await privateDirectoryProblem(path) : undefined;
    if (problem !== undefined) return `${place}: ${problem}`;
    if (!(await stat(path)).isDirectory()) return `${place}: that is no directory`;
  } catch (error) {
    const code = codeOrText(error);
    return code === 'ENOENT'
      ? `${place}: there is no such directory; make it with: mkdir -p -m 700 ${path}`
      : `${place}: ${code}`;
  }
  try {
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const user = process.getuid?.() ?? 'this user';
    return `${place}: user ${user} may not write there (${codeOrText(error)}); change its owner or set another spool-dir`;
  }
  return undefined;
}

/** Why listening failed and what would help. */
export function listenProblem(error: ListenError, options: Options): string {
  const { where = 'the addresses that were asked for' } = error;
  const listed = options.values['smtp-listen'] !== '';
  const port = listed ? 'smtp-listen' : 'smtp-server-port';
  const address = listed ? 'smtp-listen' : 'smtp-server-address';
  switch (codeOrText(error)) {
    case 'EADDRINUSE':
      return `cannot listen on ${where}: another program listens there; stop it, or set ${listed ? port : `${port} or ${address}`}`;
    case BOUND_BEFORE:
      return `cannot listen on ${where}: with user= ports are bound before the policy is loaded; set smtp-server-address and smtp-server-port in the option file, not in hook.init`;
    case 'EACCES':
      return `cannot listen on ${where}: ports below 1024 need root or the capability CAP_NET_BIND_SERVICE; set ${port}`;
    case 'EADDRNOTAVAIL':
      return `cannot listen on ${where}: that is no address of this machine; set ${address}`;
    case 'EAFNOSUPPORT':
      return `cannot listen on ${where}: this machine has no IPv6; set ${address} to addresses of IPv4, such as 0.0.0.0`;
    default:
      return `cannot listen on ${where}: ${textOf(error)}`;
  }
}
