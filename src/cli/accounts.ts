// Verb `accounts`: domains and users in rumble-database, for who has no script for that. Beside a running server, which sees each change at once.
//
// Must never take a password from the command line, where everybody on the machine may see it, or write one anywhere.
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import {
  type Account,
  type AccountWish,
  type Failed,
  MAX_PASSWORD,
  type Outcome,
} from '../accounts/account.ts';
import { typeOf } from '../accounts/account-types.ts';
import type { Accounts } from '../accounts/accounts.ts';
import { readAddress, readDomain } from '../accounts/names.ts';
import { digestOf } from '../accounts/password.ts';
import { AccountsPlace } from '../accounts/place.ts';
import { systemClock, systemRandom } from '../base/clock.ts';
import { silentWriter } from '../base/log.ts';
import { createMaildir } from '../mailbox/maildir.ts';
import { createMailUsers } from '../mailbox/maildir-user.ts';
import { ofThisProcess } from '../mailbox/parts.ts';
import { openEventLog } from '../observe/event-log.ts';
import type { Options } from '../options/options.ts';
import { accountLine, domainLine, readLine } from './accounts-text.ts';
import { exitCode } from './exit-code.ts';
import { complain, print } from './problems.ts';
import { readSecret } from './read-secret.ts';
import { tryAsUser } from './start-rights.ts';
import { shownKey, typedOctets } from './store-text.ts';
import { verbTable } from './verb.ts';

async function fail(problem: string, code: number = exitCode.usage): Promise<number> {
  await complain([`accounts: ${problem}`]);
  return code;
}

const cannot = ({ cause }: Failed): Promise<number> => fail(cause, exitCode.system);

type Command = (accounts: Accounts, operands: readonly string[]) => Promise<number>;

/** What somebody has typed, as octets; for the terminal back. */
const typed = (text: string): string => typedOctets(text).toString('latin1');
const shown = (octets: string): string => shownKey(Buffer.from(octets, 'latin1'));

const list: Command = async (accounts, [given]) => {
  if (given === undefined) {
    const all = await accounts.domains();
    if (all.kind === 'failed') return cannot(all);
    const lines = all.value.map(({ flags, name, path }) =>
      [
        name,
        ...(path === '' ? [] : [`path=${shown(path)}`]),
        ...(flags === 0 ? [] : [`flags=${flags}`]),
      ].join(' '),
    );
    await print(lines.map((line) => `${line}\n`).join(''));
    return exitCode.ok;
  }
  const domain = typed(given);
  const known = accounts.domain(domain);
  if (known.kind === 'failed') return cannot(known);
  if (known.value === undefined) return fail(`there is no domain ${given}`, exitCode.missing);
  const all = await accounts.list(domain);
  if (all.kind === 'failed') return cannot(all);
  for (let at = 0; at < all.value.length; at += PAGE) {
    const lines = all.value
      .slice(at, at + PAGE)
      .map(({ arguments: its, domain: name, type, user }) =>
        shown(`${user}@${name} ${type}${its === '' ? '' : ` ${its}`}`),
      );
    await print(lines.map((line) => `${line}\n`).join(''));
  }
  return exitCode.ok;
};

const PAGE = 500;

/** The digest of a password that is read; undefined: none was given. */
async function readDigest(who: string): Promise<string | undefined> {
  const password = await readSecret(`password of ${who}: `, MAX_PASSWORD);
  return password === undefined || password === '' ? undefined : digestOf(password);
}

const add: Command = async (accounts, [name = '', word = 'mbox', ...rest]) => {
  if (!name.includes('@')) {
    if (readDomain(typed(name)) === undefined) return fail(`${name} is no name of a domain`);
    return report(
      await accounts.createDomain(typed(name)),
      `there is a domain ${name} already, or its directory is that of another`,
    );
  }
  const [address, type] = [readAddress(typed(name)), typeOf(word)];
  if (address === undefined) return fail(`${name} is no name of an account`);
  if (type === undefined) return fail(`${word} is no type; right would be: mbox, alias, relay, mod, feed`);
  const known = accounts.exact(address.domain, address.user);
  if (known.kind === 'failed') return cannot(known);
  const exists = `there is an account ${name} already, or no domain ${address.domain}: add that first`;
  if (known.value !== undefined) return fail(exists, exitCode.missing);
  const password = type === 'mbox' ? ((await readDigest(name)) ?? '') : '';
  const saved = await accounts.save({ ...address, type, password, arguments: typed(rest.join(' ')) });
  return report(saved, exists);
};

/** Done, or why not. */
async function report(outcome: Outcome<boolean | number | undefined>, otherwise: string): Promise<number> {
  if (outcome.kind === 'failed') return cannot(outcome);
  const isDone = outcome.value !== undefined && outcome.value !== false;
  return isDone ? exitCode.ok : fail(otherwise, exitCode.missing);
}

async function named(accounts: Accounts, name: string): Promise<Account | number> {
  const address = readAddress(typed(name));
  const found = address === undefined ? undefined : accounts.exact(address.domain, address.user);
  if (found?.kind === 'failed') return cannot(found);
  return found?.value ?? fail(`there is no account ${name}`, exitCode.missing);
}

const password: Command = async (accounts, [name = '']) => {
  const account = await named(accounts, name);
  if (typeof account === 'number') return account;
  const digest = await readDigest(name);
  if (digest === undefined)
    return fail('a password is wanted, on the terminal or as the first line of stdin');
  return report(await accounts.save({ ...account, password: digest }), `${name} is gone meanwhile`);
};

const remove: Command = async (accounts, [name = '']) => {
  if (!name.includes('@'))
    return report(await accounts.deleteDomain(typed(name)), `there is no domain ${name}`);
  const account = await named(accounts, name);
  if (typeof account === 'number') return account;
  return report(await accounts.delete({ id: account.id }), `${name} is gone meanwhile`);
};

const write = async (line: string): Promise<void> => {
  if (!process.stdout.write(`${line}\n`)) await once(process.stdout, 'drain');
};

const exportAll: Command = async (accounts) => {
  const domains = await accounts.domains();
  if (domains.kind === 'failed') return cannot(domains);
  for (const domain of domains.value) {
    await write(domainLine(domain));
    const all = await accounts.list(domain.name);
    if (all.kind === 'failed') return cannot(all);
    for (const account of all.value) await write(accountLine(account));
  }
  return exitCode.ok;
};

/** What is there by that name gets these values. */
async function importAccount(accounts: Accounts, wish: AccountWish): Promise<Outcome<number | undefined>> {
  const known = accounts.exact(wish.domain, wish.user);
  if (known.kind === 'failed') return known;
  return accounts.save({ ...wish, id: known.value?.id });
}

async function importDomain(
  accounts: Accounts,
  { flags, name, path }: { readonly name: string; readonly path: string; readonly flags: number },
): Promise<Outcome<boolean>> {
  const known = accounts.domain(name);
  if (known.kind === 'failed') return known;
  if (known.value === undefined) return accounts.createDomain(name, path, flags);
  const isSame = known.value.path === path && known.value.flags === flags;
  return isSame ? { kind: 'done', value: true } : accounts.updateDomain(name, name, path, flags);
}

const importAll: Command = async (accounts) => {
  let number = 0;
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
    number++;
    if (line === '') continue;
    const read = readLine(line);
    const before = `the lines before are imported`;
    if (read.kind === 'wrong') return fail(`line ${number}: ${read.expected}; ${before}`);
    const outcome =
      read.kind === 'domain'
        ? await importDomain(accounts, read.domain)
        : await importAccount(accounts, read.account);
    if (outcome.kind === 'failed')
      return fail(`line ${number}: ${outcome.cause}; ${before}`, exitCode.system);
    if (outcome.value === undefined || outcome.value === false)
      return fail(`line ${number}: it cannot be taken: a wrong name, or its domain is not there; ${before}`);
  }
  return exitCode.ok;
};

/** Each with the least and the most arguments. */
const commands: Readonly<Record<string, readonly [Command, number, number]>> = {
  list: [list, 0, 1],
  add: [add, 1, 1000],
  password: [password, 1, 1],
  delete: [remove, 1, 1],
  export: [exportAll, 0, 0],
  import: [importAll, 0, 0],
};

export async function accounts(options: Options, operands: readonly string[]): Promise<number> {
  const [name = '', ...rest] = operands;
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined || rest.length < command[1] || rest.length > command[2]) {
    const what = name === '' ? 'what is to be done?' : `${[name, ...rest].join(' ')}: not so`;
    return fail(`${what}\n${verbTable.accounts.usage}\n${verbTable.accounts.more}`);
  }
  if (options.values['rumble-database'] === '')
    return fail('there are no accounts; name their database: smtpe accounts rumble-database=DIRECTORY ...');
  const rights = await tryAsUser(options);
  if (rights !== undefined) return fail(rights);
  const parts = { ...ofThisProcess(), clock: systemClock, random: systemRandom, hostName: 'localhost' };
  const place = new AccountsPlace({
    ...{ options, clock: systemClock, log: openEventLog(silentWriter), files: parts.files },
    ...{ maildir: createMaildir(parts), mailUsers: createMailUsers(parts) },
  });
  try {
    const opened = await place.open();
    if (opened.kind !== 'open')
      return await fail(opened.kind === 'refused' ? opened.problem : '', exitCode.system);
    return await command[0](opened.accounts, rest);
  } finally {
    await place.close();
  }
}
