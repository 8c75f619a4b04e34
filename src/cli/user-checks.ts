// What is used in service besides policy, spool and certificates: files that options name, Maildirs, and directories of stores. Can the user who is going to serve use it?
// Asked by `check`, and with option user= at the start, when the process is that user, so that it does not fail in the night at a reload or at
// the first message.
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { databaseOutlook } from '../accounts/database.ts';
import { codeOf, codeOrText } from '../base/errors.ts';
import { splitList } from '../base/lists.ts';
import { isPerRecipient } from '../delivery/mailbox-path.ts';
import { parseHostList } from '../net-address/host-list.ts';
import type { Options } from '../options/options.ts';
import { readPinList } from '../options/pin-list.ts';
import { readStoreUrl } from '../options/store-url.ts';
import { directoryOutlook } from '../store/embedded/directory.ts';

const one = (text: string): readonly string[] => (text === '' ? [] : [text]);

/** Options with files that are read in service, and those files. Scripts are read again at a reload. */
const filesRead: ReadonlyMap<string, (text: string) => readonly string[]> = new Map([
  ['auth-script', splitList],
  ['mail-lua-script', splitList],
  ['push-script', splitList],
  ['load-script', splitList],
  ['smtp-forward-password-file', one],
  ['http-ca-file', one],
  ['store-password-file', one],
  ['store-ca-file', one],
  ['smtp-forward-tls-cert', (text: string) => text.split(',').flatMap(one)],
  [
    'smtp-forward-tls-pin',
    (text: string) => {
      const pins = readPinList(text);
      return 'wrong' in pins ? [] : pins.authorities;
    },
  ],
]);

async function readProblem(path: string, user: string): Promise<string | undefined> {
  try {
    await access(path, constants.R_OK);
    return undefined;
  } catch (error) {
    const code = codeOrText(error);
    if (code === 'ENOENT') return 'there is no such file';
    return `user ${user} may not read it (${code}); chgrp it to a group of ${user}, or chown ${user} ${path}`;
  }
}

/**
 * The nearest directory on the way to `path` that exists must be one where it can be made, or written. Those of recipients are there or not, and
 * never made: what is in front of them must let the user through.
 */
async function maildirProblem(path: string, user: string): Promise<string | undefined> {
  const each = isPerRecipient(path);
  const fixed = each ? dirname(path.slice(0, path.search(/%[und]/) + 1)) : path;
  const wanted = each ? constants.X_OK : constants.W_OK | constants.X_OK;
  for (let place = fixed.replaceAll('%%', '%'); ; place = dirname(place)) {
    try {
      await access(place, wanted);
      return undefined;
    } catch (error) {
      const isMissing = codeOf(error) === 'ENOENT';
      if (isMissing && each) return `there is no directory ${place}: every recipient would be unknown`;
      if (isMissing && place !== dirname(place)) continue;
      const verb = each ? 'enter' : 'write in';
      return `user ${user} may not ${verb} ${place} (${codeOrText(error)}); change its owner`;
    }
  }
}

/** Of a store on a disk; undefined when it is none, or all is well. */
async function storeDirectoryProblem(name: string, text: string): Promise<string | undefined> {
  if (name !== 'store' && !name.startsWith('store.')) return undefined;
  const read = readStoreUrl(text);
  return read.kind === 'wrong' || read.url.kind !== 'lmdb' ? undefined : directoryOutlook(read.url.path);
}

/** Of the database of accounts, and of their mail. */
async function accountsProblem(option: string, text: string, user: string): Promise<string | undefined> {
  if (text === '') return undefined;
  if (option === 'rumble-database') return databaseOutlook(resolve(text));
  return option === 'rumble-storage' ? maildirProblem(resolve(text).replaceAll('%', '%%'), user) : undefined;
}

/** What this process, which is `user` by now, cannot use; empty when all is well. */
export async function unusableProblems(options: Options, user: string): Promise<readonly string[]> {
  const problems: string[] = [];
  const { file } = options.values;
  const optionFile = file === '' ? undefined : await readProblem(file, user);
  if (optionFile !== undefined) problems.push(`option file ${file}: ${optionFile}; SIGHUP reads it again`);
  for (const { name, text, origin } of options.toTexts()) {
    // That of a listener likewise.
    const option = name.slice(name.indexOf('.') + 1);
    for (const path of filesRead.get(option)?.(text) ?? []) {
      const problem = await readProblem(path, user);
      if (problem !== undefined) problems.push(`${origin}: ${name}: ${path}: ${problem}`);
    }
    const store = await storeDirectoryProblem(name, text);
    if (store !== undefined) problems.push(`${origin}: ${name}=${text}: ${store}`);
    const accounts = await accountsProblem(option, text, user);
    if (accounts !== undefined) problems.push(`${origin}: ${name}=${text}: ${accounts}`);
    if (option !== 'smtp-smart-host') continue;
    for (const target of parseHostList(text)) {
      const wrong = target.kind === 'maildir' ? await maildirProblem(target.path, user) : undefined;
      if (wrong !== undefined) problems.push(`${origin}: ${target.text}: ${wrong}`);
    }
  }
  return problems;
}
