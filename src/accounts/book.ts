// Domains and accounts as they lie in the database. Every function here is for one transaction: those that change something are called in a write, and
// look at everything before they change anything. Throws when a row is damaged (rows.ts).
//
// Accounts belong to the number of their domain, so that a domain that is renamed takes them along, and one that was deleted and is made again has
// them again: deleted domains keep their row. Patterns lie in the order in which they are tried: the longest first, then the lowest id.
import type { Table } from '../store/embedded/environment.ts';
import type { Account, AccountWish, Domain } from './account.ts';
import { type AccountType, accountTypes } from './account-types.ts';
import { globMatches, isPattern } from './glob.ts';
import { maildirOf, placeOfDomain } from './names.ts';
import { behind, ID_LENGTH, idAt, idKey, seal, unseal } from './rows.ts';

export const accountTables = [
  /** Name to domain. */
  'domains',
  /** Number of a domain to its name. */
  'domainNames',
  /** Directory of a domain to its number. */
  'places',
  'accounts',
  /** Number of the domain and user to account. */
  'users',
  'patterns',
  'folders',
  /** Account, folder and the first of them to some letters: ids and names of files. */
  'runs',
  /** Letters that a version before has given an id to, a row for each. */
  'letters',
  /** Of those: account, folder and name of a file to its letter. */
  'files',
  /** Directories that are to be moved (moves.ts). */
  'moves',
  /** The version of all this, and counters. */
  'state',
] as const;
export type AccountTable = (typeof accountTables)[number];
export type AccountTables = Readonly<Record<AccountTable, Table>>;

type IdKind = 'domain' | 'account' | 'folder' | 'letter' | 'move';

interface DomainRow {
  readonly id: number;
  readonly path: string;
  readonly place: string;
  readonly flags: number;
  readonly isDeleted: boolean;
}

interface AccountRow {
  readonly domain: number;
  readonly user: string;
  readonly type: AccountType;
  readonly password: string;
  readonly arguments: string;
}

export interface KnownDomain extends Domain {
  readonly id: number;
  /** Below the place of all mail. */
  readonly place: string;
}

/** A directory that has another name from now on. */
export interface Moved {
  readonly from: string;
  readonly to: string;
}

export type RenameResult =
  | { readonly kind: 'renamed'; readonly moved: Moved | undefined }
  /** There is none, the new one is taken, or it is no name. */
  | { readonly kind: 'refused' };

export type SaveResult =
  | { readonly kind: 'saved'; readonly id: number; readonly moved: Moved | undefined }
  /** No such domain or id, or another account has this name. */
  | { readonly kind: 'refused' };

const text = (octets: string): Buffer => Buffer.from(octets, 'latin1');
const LONGEST = 0xffff;
const ALL = 10_000_000;
/** Patterns of a domain: each is tried for an address that has no account. */
export const MAX_PATTERNS = 1000;
/** Directories of domains are keys with a slash behind, so that what is in one begins with it. */
const placeKey = (place: string): Buffer => Buffer.from(`${place}/`);

export class Book {
  readonly tables: AccountTables;
  readonly #storage: string;

  /** `storage`: where all mail lies, an absolute path. */
  constructor(tables: AccountTables, storage: string) {
    this.tables = tables;
    this.#storage = storage;
  }

  get storage(): string {
    return this.#storage;
  }

  /** The Maildir of a user; `place`: that of the domain. */
  maildir(place: string, user: string): string {
    return maildirOf(this.#storage, place, user);
  }

  content(table: AccountTable, key: Uint8Array): Buffer | undefined {
    const row = this.tables[table].get(key);
    return row === undefined ? undefined : unseal(table, key, row);
  }

  put(table: AccountTable, key: Uint8Array, content: Uint8Array): void {
    this.tables[table].put(key, seal(key, content));
  }

  json(table: AccountTable, key: Uint8Array): unknown {
    const content = this.content(table, key);
    return content === undefined ? undefined : JSON.parse(content.toString());
  }

  putJson(table: AccountTable, key: Uint8Array, row: object): void {
    this.put(table, key, Buffer.from(JSON.stringify(row)));
  }

  /** One that was never given before. */
  nextId(kind: IdKind): number {
    return this.withIds(kind, (next) => next());
  }

  /** `next` gives one that was never given before at each call; they are taken, whether `work` throws or not. */
  withIds<T>(kind: IdKind, work: (next: () => number) => T): T {
    const key = text(`next-${kind}`);
    const first = this.#number('state', key) ?? 1;
    let id = first;
    try {
      return work(() => id++);
    } finally {
      if (id !== first) this.put('state', key, idKey(id));
    }
  }

  #number(table: AccountTable, key: Uint8Array): number | undefined {
    const content = this.content(table, key);
    return content === undefined ? undefined : idAt(content, 0);
  }

  #domainRow(name: string): DomainRow | undefined {
    return this.json('domains', text(name)) as DomainRow | undefined;
  }

  /** One that is there; `name` in lower case. */
  domain(name: string): KnownDomain | undefined {
    const row = this.#domainRow(name);
    return row === undefined || row.isDeleted ? undefined : { ...row, name };
  }

  /** By name. At most `limit` behind `after`. */
  domains(after: string, limit: number): readonly KnownDomain[] {
    // Names have no NUL: this is the least that comes behind it.
    const keys = this.tables.domains.keys({ start: text(after === '' ? '' : `${after}\0`), limit });
    return keys.map((key) => {
      const name = key.toString('latin1');
      return { ...(this.#domainRow(name) as DomainRow), name };
    });
  }

  /** Names of the first `limit` that were made and are there, in that order. */
  oldestDomains(limit: number): readonly string[] {
    const keys = this.tables.domainNames.keys({ start: Buffer.alloc(0), limit });
    return keys.flatMap((key) => {
      const name = this.content('domainNames', key)?.toString('latin1') ?? '';
      return this.domain(name) === undefined ? [] : [name];
    });
  }

  isDeletedDomain(name: string): boolean {
    return this.#domainRow(name)?.isDeleted === true;
  }

  /** undefined: it exists, or its place is not below that of all mail, or in that of another domain. */
  createDomain(name: string, path: string, flags: number): number | undefined {
    const row = this.#domainRow(name);
    if (row?.isDeleted === false) return undefined;
    const place = placeOfDomain(this.#storage, name, path);
    if (place === undefined || this.#isPlaceTaken(place, row?.id)) return undefined;
    // One that was deleted has its accounts again, and they their mail: it lies where it did.
    if (row !== undefined && row.place !== place && this.#hasAccounts(row.id)) return undefined;
    const id = row?.id ?? this.nextId('domain');
    if (row !== undefined) this.tables.places.remove(placeKey(row.place));
    this.#putDomain(name, { id, path, place, flags, isDeleted: false });
    return id;
  }

  #putDomain(name: string, row: DomainRow): void {
    this.putJson('domains', text(name), row);
    this.put('domainNames', idKey(row.id), text(name));
    this.put('places', placeKey(row.place), idKey(row.id));
  }

  /** Its directory is another one's, or one of both would be in the other. */
  #isPlaceTaken(place: string, own: number | undefined): boolean {
    const parts = place.split('/');
    for (let length = 1; length <= parts.length; length++) {
      const owner = this.#number('places', placeKey(parts.slice(0, length).join('/')));
      if (owner !== undefined && owner !== own) return true;
    }
    const start = placeKey(place);
    const within = this.tables.places.keys({ start, end: behind(start), limit: 2 });
    return within.some((key) => this.#number('places', key) !== own);
  }

  /** Its accounts and their mail stay. False: there is none. */
  deleteDomain(name: string): boolean {
    const row = this.#domainRow(name);
    if (row === undefined || row.isDeleted) return false;
    this.#putDomain(name, { ...row, isDeleted: true });
    return true;
  }

  /** Accounts go along. */
  renameDomain(from: string, to: string, path: string, flags: number): RenameResult {
    const row = this.#domainRow(from);
    const other = from === to ? undefined : this.#domainRow(to);
    if (row === undefined || row.isDeleted) return { kind: 'refused' };
    if (other !== undefined && (!other.isDeleted || this.#hasAccounts(other.id))) return { kind: 'refused' };
    const place = placeOfDomain(this.#storage, to, path);
    // That of a domain that was deleted and has no accounts is free.
    if (place === undefined || this.#isPlaceTaken(place, other?.place === place ? other.id : row.id))
      return { kind: 'refused' };
    const isWithin = (a: string, b: string): boolean => a !== b && a.startsWith(`${b}/`);
    if (isWithin(place, row.place) || isWithin(row.place, place)) return { kind: 'refused' };
    if (other !== undefined) {
      this.tables.places.remove(placeKey(other.place));
      this.tables.domainNames.remove(idKey(other.id));
    }
    this.tables.places.remove(placeKey(row.place));
    if (from !== to) this.tables.domains.remove(text(from));
    this.#putDomain(to, { ...row, path, place, flags });
    return { kind: 'renamed', moved: this.#moved(row.place, place) };
  }

  #moved(from: string, to: string): Moved | undefined {
    const whole = (place: string): string => `${this.#storage}/${place}`;
    return from === to ? undefined : { from: whole(from), to: whole(to) };
  }

  #hasAccounts(domain: number): boolean {
    const start = idKey(domain);
    return this.tables.users.keys({ start, end: behind(start), limit: 1 }).length > 0;
  }

  byId(id: number): Account | undefined {
    if (!Number.isSafeInteger(id) || id < 1 || id >= 2 ** 48) return undefined;
    const row = this.json('accounts', idKey(id)) as AccountRow | undefined;
    if (row === undefined) return undefined;
    const name = this.content('domainNames', idKey(row.domain))?.toString('latin1');
    const domain = name === undefined ? undefined : this.domain(name);
    // Those of a domain that was deleted are not reached.
    return domain === undefined ? undefined : this.#account(id, row, domain);
  }

  #account(id: number, { domain: _, ...row }: AccountRow, domain: KnownDomain): Account {
    const maildir = this.maildir(domain.place, row.user);
    return { ...row, id, domain: domain.name, maildir };
  }

  /** The one of exactly this name, in lower case. */
  exact(domainName: string, user: string): Account | undefined {
    const domain = this.domain(domainName);
    const id =
      domain === undefined ? undefined : this.#number('users', Buffer.concat([idKey(domain.id), text(user)]));
    return id === undefined ? undefined : this.byId(id);
  }

  /** The one that mail for this user belongs to. */
  find(domainName: string, user: string): Account | undefined {
    const domain = this.domain(domainName);
    if (domain === undefined) return undefined;
    const equal = this.exact(domainName, user);
    if (equal !== undefined) return equal;
    const start = idKey(domain.id);
    const keys = this.tables.patterns.keys({
      start,
      end: behind(start),
      limit: ALL,
    });
    const key = keys.find((one) => globMatches(one.toString('latin1', 2 * ID_LENGTH + 2), user));
    return key === undefined ? undefined : this.byId(key.readUIntBE(ID_LENGTH + 2, ID_LENGTH));
  }

  #patternKey(domain: number, id: number, user: string): Buffer {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(LONGEST - user.length);
    return Buffer.concat([idKey(domain), length, idKey(id), text(user)]);
  }

  /** Ids of all accounts of a domain, also of one that was deleted; in order. */
  idsOf(domain: number): readonly number[] {
    const start = idKey(domain);
    const keys = this.tables.users.keys({ start, end: behind(start), limit: ALL });
    return keys.flatMap((key) => this.#number('users', key) ?? []).sort((a, b) => a - b);
  }

  /** Throws when it would be one pattern too many; nothing is changed then. */
  #checkPatterns(domain: KnownDomain, user: string, old: Account | undefined): void {
    if (!isPattern(user) || (old?.domain === domain.name && isPattern(old.user))) return;
    const start = idKey(domain.id);
    const { patterns } = this.tables;
    if (patterns.count({ start, end: behind(start), limit: MAX_PATTERNS }) >= MAX_PATTERNS)
      throw new Error(
        `${domain.name} has ${MAX_PATTERNS} accounts with patterns, which is the most it can have`,
      );
  }

  /** Names are such (names.ts), in lower case. */
  save(wish: AccountWish): SaveResult {
    const domain = this.domain(wish.domain);
    if (domain === undefined) return { kind: 'refused' };
    const userKey = Buffer.concat([idKey(domain.id), text(wish.user)]);
    const holder = this.#number('users', userKey);
    if (wish.id === undefined) {
      if (holder !== undefined) return { kind: 'refused' };
      this.#checkPatterns(domain, wish.user, undefined);
      return {
        kind: 'saved',
        id: this.#putAccount(this.nextId('account'), domain.id, wish),
        moved: undefined,
      };
    }
    const old = this.byId(wish.id);
    if (old === undefined || (holder !== undefined && holder !== wish.id)) return { kind: 'refused' };
    this.#checkPatterns(domain, wish.user, old);
    this.#removeNames(wish.id);
    this.#putAccount(wish.id, domain.id, wish);
    const maildir = this.maildir(domain.place, wish.user);
    const moved = maildir === old.maildir ? undefined : { from: old.maildir, to: maildir };
    return { kind: 'saved', id: wish.id, moved };
  }

  #putAccount(id: number, domain: number, wish: AccountWish): number {
    const { arguments: its, password, type, user } = wish;
    const row: AccountRow = { domain, user, type, password, arguments: its };
    this.putJson('accounts', idKey(id), row);
    this.put('users', Buffer.concat([idKey(domain), text(user)]), idKey(id));
    if (isPattern(user)) this.tables.patterns.put(this.#patternKey(domain, id, user), Buffer.of(1));
    return id;
  }

  #removeNames(id: number): void {
    const row = this.json('accounts', idKey(id)) as AccountRow;
    this.tables.users.remove(Buffer.concat([idKey(row.domain), text(row.user)]));
    if (isPattern(row.user)) this.tables.patterns.remove(this.#patternKey(row.domain, id, row.user));
  }

  /** Its folders and letters are left to who clears them away. */
  remove(id: number): void {
    this.#removeNames(id);
    this.tables.accounts.remove(idKey(id));
  }
}

export const isAccountType = (word: unknown): word is AccountType =>
  accountTypes.some((type) => type === word);
