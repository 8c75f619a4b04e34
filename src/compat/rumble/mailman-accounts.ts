// Functions of `Mailman` about domains and accounts (doc/rumble.md).
import type { Account, AccountWish, Domain } from '../../accounts/account.ts';
import { listedType, readType, typeOf } from '../../accounts/account-types.ts';
import type { Accounts } from '../../accounts/accounts.ts';
import { type FunctionSpec, LuaError, luaFunction } from '../../lua-api/function-spec.ts';
import { numberText } from '../../lua-api/number-text.ts';
import { anything, bytes, optionalAnything, optionalBytes, optionalInteger } from '../../lua-api/params.ts';
import { type LuaValue, luaTypeName } from '../../lua-api/value.ts';
import { calling, known, type MailmanParts } from './mailman-call.ts';

const DOMAIN = bytes('domain', 'Its name, in any case.');
const USER = bytes('user', 'The part in front of the @, in any case.');

/** As a table of Lua. `words`: what a type is called. */
function accountTable(account: Account, words: Readonly<Record<Account['type'], string>>): LuaValue {
  const { arguments: its, domain, id, password, type, user } = account;
  return { id, name: user, domain, type: words[type], password, arguments: its };
}

const domainTable = ({ flags, path }: Domain): LuaValue => ({ path, flags });

/** Whom two arguments name: a number alone is an id. */
function named(
  first: LuaValue,
  second: LuaValue,
): { readonly id: number } | { readonly domain: string; readonly user: string } | undefined {
  if (typeof first === 'number') return { id: first };
  const [domain, user] = [textOf(first), textOf(second)];
  if (domain !== undefined && user !== undefined) return { domain, user };
  return domain !== undefined && second === undefined && /^\d{1,15}$/.test(domain)
    ? { id: Number(domain) }
    : undefined;
}

function textOf(value: LuaValue): string | undefined {
  if (typeof value === 'number') return numberText(value);
  if (Buffer.isBuffer(value)) return value.toString('latin1');
  return typeof value === 'string' ? value : undefined;
}

/** What is to be saved; undefined: its type is no word. Raises for what is no such table. */
function wishOf(table: LuaValue): AccountWish | undefined {
  if (!(table instanceof Map))
    throw new LuaError(
      `bad argument #1 to 'Mailman.saveAccount' (table expected, got ${luaTypeName(table)})`,
    );
  const field = (name: string): string => {
    const text = textOf(table.get(name));
    if (text === undefined)
      throw new LuaError(
        `Mailman.saveAccount: field '${name}' has to be a string, and is ${luaTypeName(table.get(name))}`,
      );
    return text;
  };
  const [user, domain, word, password, its] = ['name', 'domain', 'type', 'password', 'arguments'].map(field);
  const id = Number(textOf(table.get('id')) ?? 0);
  const type = typeOf(word ?? '');
  if (type === undefined || user === undefined || domain === undefined || password === undefined)
    return undefined;
  if (!Number.isSafeInteger(id) || id < 0) return undefined;
  return { user, domain, type, password, arguments: its ?? '', ...(id > 0 && { id }) };
}

const readNamed = (accounts: Accounts, which: NonNullable<ReturnType<typeof named>>): Account | undefined =>
  known('id' in which ? accounts.byId(which.id) : accounts.find(which.domain, which.user));

export function accountFunctions(parts: MailmanParts): readonly FunctionSpec[] {
  const done = { name: 'done', type: 'boolean', text: 'whether it was' };
  return [
    luaFunction({
      name: 'createDomain',
      suspends: true,
      params: [
        DOMAIN,
        optionalBytes(
          'path',
          'Directory of its mail, below `rumble-storage`; its name when it is left out.',
          '',
        ),
        optionalInteger('flags', '1: no mail of its accounts goes to other servers.', 0),
      ],
      results: [
        {
          ...done,
          text: 'false: it exists already, it is no name, or the directory is another one’s or not below `rumble-storage`',
        },
      ],
      text: 'Makes a domain, with the directory of its mail. One that was deleted has its accounts again. Suspends.',
      call: (context, domain, path, flags) =>
        calling(context, parts, 'accounts', 'createDomain', async ({ accounts }) => [
          known(await accounts.createDomain(domain, path, flags)),
        ]),
    }),
    luaFunction({
      name: 'deleteDomain',
      suspends: true,
      params: [DOMAIN],
      results: [{ ...done, text: 'whether it was there' }],
      text: 'Deletes a domain. **Its accounts and their mail stay**, unreachable, and are there again when it is made again. Suspends.',
      call: (context, domain) =>
        calling(context, parts, 'accounts', 'deleteDomain', async ({ accounts }) => [
          known(await accounts.deleteDomain(domain)),
        ]),
    }),
    luaFunction({
      name: 'updateDomain',
      suspends: true,
      params: [
        DOMAIN,
        bytes('newname', 'Its name from then on.'),
        optionalBytes('path', 'As for `createDomain`; left out it is the usual place.', ''),
        optionalInteger('flags', 'As for `createDomain`; left out they stay.', undefined),
      ],
      text: 'Renames a domain; accounts and their mail go along. Nothing is done when there is none, or the new name is taken. Suspends.',
      call: (context, domain, newName, path, flags) =>
        calling(context, parts, 'accounts', 'updateDomain', async ({ accounts }) => {
          known(await accounts.updateDomain(domain, newName, path, flags));
          return [];
        }),
    }),
    luaFunction({
      name: 'listDomains',
      suspends: true,
      params: [],
      results: [
        {
          name: 'domains',
          type: 'table<string, mailman_domain>',
          text: 'by name, each `{ path = string, flags = integer }`',
        },
      ],
      text: 'All domains. Suspends.',
      call: (context) =>
        calling(context, parts, 'accounts', 'listDomains', async ({ accounts }) => [
          new Map(known(await accounts.domains()).map((domain) => [domain.name, domainTable(domain)])),
        ]),
    }),
    luaFunction({
      name: 'listAccounts',
      suspends: true,
      params: [DOMAIN],
      results: [
        {
          name: 'accounts',
          type: 'mailman_account[]',
          text: 'by id, each `{ id, name, domain, type, password, arguments }`; `type` is `mailbox`, `alias`, `module`, `feed` or `relay`; empty for an unknown domain',
        },
      ],
      text: 'The accounts of a domain. Suspends.',
      call: (context, domain) =>
        calling(context, parts, 'accounts', 'listAccounts', async ({ accounts }) => [
          known(await accounts.list(domain)).map((account) => accountTable(account, listedType)),
        ]),
    }),
    luaFunction({
      name: 'readAccount',
      suspends: true,
      params: [
        optionalAnything('uid_or_domain', 'integer|string', 'The id of an account, or the domain.'),
        optionalAnything('user', 'string', 'Behind a domain.'),
      ],
      results: [
        {
          name: 'account',
          type: 'mailman_account|false',
          text: 'as in `listAccounts`, but `mbox` is what a mailbox is called; false: there is none. A pattern may be the answer, with itself as `name`',
        },
      ],
      text: 'The account with this id, or that mail for `user@domain` belongs to. Suspends.',
      call: (context, first, second) =>
        calling(context, parts, 'accounts', 'readAccount', ({ accounts }) => {
          const which = named(first, second);
          const account = which === undefined ? undefined : readNamed(accounts, which);
          return [account === undefined ? false : accountTable(account, readType)];
        }),
    }),
    luaFunction({
      name: 'saveAccount',
      suspends: true,
      params: [
        anything(
          'account',
          'mailman_account',
          'Strings `name`, `domain`, `type`, `password`, `arguments`; `id` of one that is there already.',
        ),
      ],
      results: [
        {
          ...done,
          text: 'false: no such domain or id, another account has this name, or something of it is no such thing',
        },
      ],
      text:
        'Saves an account: with `id` it gets these values, without it is a new one. `name` may be a pattern: `*`, `?`, `[a-z]`; a domain has 1000 of them at most, one more is an error. `type` is `mbox` (or `mailbox`), `alias` (`arguments`: addresses), ' +
        '`relay` (a host), `mod` (or `module`) or `feed`, which take no mail here. `password` is what `string.SHA256` gives. Mail of an account that gets another name goes along. Suspends.',
      call: (context, table) =>
        calling(context, parts, 'accounts', 'saveAccount', async ({ accounts }) => {
          const wish = wishOf(table);
          return [wish !== undefined && known(await accounts.save(wish)) !== undefined];
        }),
    }),
    luaFunction({
      name: 'deleteAccount',
      suspends: true,
      params: [
        optionalAnything('uid_or_domain', 'integer|string', 'The id of an account, or the domain.'),
        optionalAnything('user', 'string', 'Behind a domain: exactly its name.'),
      ],
      results: [{ ...done, text: 'whether it was there' }],
      text: 'Deletes an account, by exactly its name: never the pattern that an address belongs to. Its Maildir is kept, as `USER.deleted-TIME`. Suspends.',
      call: (context, first, second) =>
        calling(context, parts, 'accounts', 'deleteAccount', async ({ accounts }) => {
          const which = named(first, second);
          return [which !== undefined && known(await accounts.delete(which))];
        }),
    }),
    luaFunction({
      name: 'accountExists',
      suspends: true,
      params: [DOMAIN, USER],
      results: [{ name: 'exists', type: 'boolean', text: 'an account of exactly this name' }],
      text: 'Whether there is such an account. Suspends.',
      call: (context, domain, user) =>
        calling(context, parts, 'accounts', 'accountExists', ({ accounts }) => [
          known(accounts.exact(domain, user)) !== undefined,
        ]),
    }),
    luaFunction({
      name: 'addressExists',
      suspends: true,
      params: [DOMAIN, USER],
      results: [
        { name: 'exists', type: 'boolean', text: 'an account of this name, or a pattern that matches it' },
      ],
      text: 'Whether mail for `user@domain` belongs to an account. Suspends.',
      call: (context, domain, user) =>
        calling(context, parts, 'accounts', 'addressExists', ({ accounts }) => [
          known(accounts.find(domain, user)) !== undefined,
        ]),
    }),
    luaFunction({
      name: 'checkPassword',
      suspends: true,
      params: [DOMAIN, USER, bytes('password', 'The password itself.')],
      results: [
        { name: 'is_right', type: 'boolean', text: 'it is that of the mailbox of exactly this name' },
      ],
      text: 'Whether a password is right, however it is kept (`rumble-password`). It takes as long when there is no such mailbox. Suspends.',
      call: (context, domain, user, password) =>
        calling(context, parts, 'accounts', 'checkPassword', async ({ accounts, signal }) => {
          const { kind } = known(await accounts.checkPassword(domain, user, password, signal));
          if (kind === 'unavailable')
            throw new LuaError('Mailman.checkPassword: too many passwords are being checked');
          return [kind === 'match'];
        }),
    }),
  ];
}
