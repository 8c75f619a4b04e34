// Accounts, as everybody else has them: domains, accounts, where their mail lies. Whoever asks by script, by command line, as a next hop or for a log-in
// asks here. Every function is one transaction of the database, so that all workers and processes see the same; what it changes in the file system is
// noted in that transaction and done behind it (moves.ts).
//
// Must never: throw or reject; know who asks; say that there is no such account when that cannot be known (`failed`); do a thing by half.
import { lowerAscii } from '../base/ascii.ts';
import type { Clock } from '../base/clock.ts';
import { codeOf, textOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { makeDirectory } from '../mailbox/disk.ts';
import type { Files } from '../mailbox/files.ts';
import type { Maildir, StoreOutcome, ToldOfDelivery } from '../mailbox/maildir.ts';
import type { MailContent } from '../mailbox/port/mail.ts';
import type { MailUsers } from '../mailbox/port/mail-user.ts';
import type { SharedTables } from '../store/embedded/shared-environment.ts';
import {
  type Account,
  type AccountWish,
  type Domain,
  MAX_ARGUMENTS,
  MAX_PASSWORD,
  type Outcome,
} from './account.ts';
import { type AccountTable, Book, type Moved } from './book.ts';
import { isPattern } from './glob.ts';
import { Moves } from './moves.ts';
import { deletedName, readAddress, readDomain, readUser } from './names.ts';
import type { PasswordAnswer, Passwords } from './password.ts';

export interface AccountsParts {
  readonly database: SharedTables<AccountTable>;
  /** Where all mail lies, an absolute path. */
  readonly storage: string;
  readonly passwords: Passwords;
  readonly maildir: Maildir;
  readonly mailUsers: MailUsers;
  readonly files: Files;
  readonly clock: Clock;
  readonly log: Log;
  /** That of this process (ops/process-mark). */
  readonly mark: string;
}

/** Whose mail it is that comes to an address. */
export type Belongs =
  /** Its domain is none of ours. */
  | { readonly kind: 'foreign' }
  /** Its domain is ours, and nobody there has it. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'account'; readonly account: Account };

export type AccountStoreOutcome =
  | StoreOutcome
  /** The account was moved or deleted meanwhile: nothing is left of the message. */
  | { readonly kind: 'moved' };

const POSTMASTER = 'postmaster';
const MAX_FLAGS = 2 ** 31 - 1;
/** Accounts of a list in one turn of the loop, and domains. */
const AT_ONCE = 500;
/** Domains that are looked at for the postmaster: strangers may ask for him as often as they like. */
const POSTMASTER_DOMAINS = 100;
/** For a move of another process to end. */
const PATIENCE_MS = 5000;
const AGAIN_MS = 20;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export class Accounts {
  readonly #parts: AccountsParts;
  readonly #book: Book;
  readonly #moves: Moves;

  constructor(parts: AccountsParts) {
    this.#parts = parts;
    const { database, files, log, mark, storage } = parts;
    this.#book = new Book(database.tables, storage);
    this.#moves = new Moves({ book: this.#book, transactions: database, files, log, mark });
  }

  get storage(): string {
    return this.#book.storage;
  }

  /** The database itself, for what is kept there of letters. */
  get book(): Book {
    return this.#book;
  }

  get parts(): AccountsParts {
    return this.#parts;
  }

  /** Finishes what another process could not: at the start. Gives what is wrong. */
  async recover(): Promise<string | undefined> {
    try {
      await this.#moves.takeUp();
      return undefined;
    } catch (error) {
      return textOf(error);
    }
  }

  // Domains

  /** False: it exists, it is no name, or `path` is not below that of all mail. */
  createDomain(domain: string, path = '', flags = 0): Promise<Outcome<boolean>> {
    return this.#do(async () => {
      const name = readDomain(domain);
      if (name === undefined || !isFlags(flags)) return false;
      const made = await this.#write(() => this.#book.createDomain(name, path, flags));
      if (made === undefined) return false;
      const { place = '' } = this.#book.domain(name) ?? {};
      await makeDirectory(this.#parts.files, `${this.storage}/${place}`);
      return true;
    });
  }

  /** False: there is none. Accounts and their mail stay, and are there again when it is made again. */
  deleteDomain(domain: string): Promise<Outcome<boolean>> {
    return this.#do(async () => {
      const name = readDomain(domain);
      return name !== undefined && (await this.#write(() => this.#book.deleteDomain(name)));
    });
  }

  /** Accounts and their mail go along. False: there is none, or the new name is taken, or is none. */
  updateDomain(domain: string, to: string, path = '', flags?: number): Promise<Outcome<boolean>> {
    return this.#do(async () => {
      const [name, newName] = [readDomain(domain), readDomain(to)];
      if (name === undefined || newName === undefined || !isFlags(flags ?? 0)) return false;
      const result = await this.#whenStill(() => {
        const its = this.#book.domain(name);
        if (its !== undefined && this.#moves.touches(`${this.storage}/${its.place}`)) return 'moving';
        const renamed = this.#book.renameDomain(name, newName, path, flags ?? its?.flags ?? 0);
        return renamed.kind === 'refused' ? false : this.#noted(renamed.moved);
      });
      if (result === false) return false;
      await this.#carryOut(result);
      return true;
    });
  }

  domain(domain: string): Outcome<Domain | undefined> {
    const name = readDomain(domain);
    return this.#read(() => (name === undefined ? undefined : this.#book.domain(name)));
  }

  /** By name. */
  domains(): Promise<Outcome<readonly Domain[]>> {
    return this.#do(async () => {
      const all: Domain[] = [];
      for (let after = ''; ; ) {
        const some = this.#book.domains(after, AT_ONCE);
        for (const { flags, name, path } of some)
          if (!this.#book.isDeletedDomain(name)) all.push({ name, path, flags });
        if (some.length < AT_ONCE) return all;
        after = some.at(-1)?.name ?? '';
        await turn();
      }
    });
  }

  // Accounts

  /** By id; those of an unknown domain are none. */
  list(domain: string): Promise<Outcome<readonly Account[]>> {
    return this.#do(async () => {
      const name = readDomain(domain);
      const known = name === undefined ? undefined : this.#book.domain(name);
      const all: Account[] = [];
      for (const [at, id] of (known === undefined ? [] : this.#book.idsOf(known.id)).entries()) {
        // It may have gone meanwhile, elsewhere too.
        const account = this.#book.byId(id);
        if (account !== undefined && account.domain === name) all.push(account);
        if (at % AT_ONCE === AT_ONCE - 1) await turn();
      }
      return all;
    });
  }

  byId(id: number): Outcome<Account | undefined> {
    return this.#read(() => this.#book.byId(id));
  }

  /** The one of exactly this name. */
  exact(domain: string, user: string): Outcome<Account | undefined> {
    const [name, its] = [readDomain(domain), readUser(user)];
    return this.#read(() =>
      name === undefined || its === undefined ? undefined : this.#book.exact(name, its),
    );
  }

  /** The one that mail for this user belongs to. */
  find(domain: string, user: string): Outcome<Account | undefined> {
    const [name, its] = [readDomain(domain), readUser(user)];
    return this.#read(() =>
      name === undefined || its === undefined ? undefined : this.#book.find(name, its),
    );
  }

  /** `postmaster` without a domain is one of ours when there is such an account (RFC 5321 section 4.5.1). */
  belongs(address: string): Outcome<Belongs> {
    return this.#read((): Belongs => {
      if (lowerAscii(address) === POSTMASTER) {
        const account = this.#postmaster();
        return account === undefined ? { kind: 'foreign' } : { kind: 'account', account };
      }
      const read = readAddress(address);
      const name = read?.domain ?? readDomain(address.slice(address.lastIndexOf('@') + 1));
      if (name === undefined || !address.includes('@') || this.#book.domain(name) === undefined)
        return { kind: 'foreign' };
      const account = read === undefined ? undefined : this.#book.find(read.domain, read.user);
      return account === undefined ? { kind: 'unknown' } : { kind: 'account', account };
    });
  }

  /** That of the oldest domain that has one; one of exactly this name wins over patterns of older domains. */
  #postmaster(): Account | undefined {
    const names = this.#book.oldestDomains(POSTMASTER_DOMAINS);
    for (const name of names) {
      const account = this.#book.exact(name, POSTMASTER);
      if (account !== undefined) return account;
    }
    for (const name of names) {
      const account = this.#book.find(name, POSTMASTER);
      if (account !== undefined) return account;
    }
    return undefined;
  }

  /** Its id; undefined: no such domain or id, it is taken, or something of it is no such thing. */
  save(wish: AccountWish): Promise<Outcome<number | undefined>> {
    return this.#do(async () => {
      const [domain, user] = [readDomain(wish.domain), readUser(wish.user)];
      if (domain === undefined || user === undefined) return undefined;
      if (wish.password.length > MAX_PASSWORD || wish.arguments.length > MAX_ARGUMENTS) return undefined;
      const password = await this.#parts.passwords.kept(wish.password);
      const result = await this.#whenStill(() => {
        const known = this.#book.domain(domain);
        const old = wish.id === undefined ? undefined : this.#book.byId(wish.id);
        // Mail of an account that is gone must not become that of this one.
        const places = [known && this.#book.maildir(known.place, user), old?.maildir];
        if (places.some((place) => place !== undefined && this.#moves.touches(place))) return 'moving';
        const saved = this.#book.save({ ...wish, domain, user, password });
        return saved.kind === 'refused' ? undefined : { id: saved.id, move: this.#noted(saved.moved) };
      });
      await this.#carryOut(result?.move);
      return result?.id;
    });
  }

  /** A write, as soon as none of its directories is being moved. */
  async #whenStill<T>(action: () => T | 'moving'): Promise<T> {
    for (const until = this.#parts.clock.monotonic() + PATIENCE_MS; ; ) {
      const result = await this.#write(action);
      if (result !== 'moving') return result;
      if (this.#parts.clock.monotonic() > until) throw new Error('mail of this account is being moved');
      await this.#moves.takeUp();
      await new Promise<void>((resolve) => void this.#parts.clock.after(AGAIN_MS, resolve));
    }
  }

  /** By exactly its name, or by id. False: there is none. Its Maildir is kept under another name. */
  delete(
    which: { readonly id: number } | { readonly domain: string; readonly user: string },
  ): Promise<Outcome<boolean>> {
    return this.#do(async () => {
      const find = (): Account | undefined => {
        if ('id' in which) return this.#book.byId(which.id);
        const [domain, user] = [readDomain(which.domain), readUser(which.user)];
        return domain === undefined || user === undefined ? undefined : this.#book.exact(domain, user);
      };
      const move = await this.#whenStill(() => {
        const account = find();
        if (account === undefined) return false;
        if (this.#moves.touches(account.maildir)) return 'moving';
        this.#book.remove(account.id);
        const to = deletedName(account.maildir, this.#parts.clock.now(), 0);
        return this.#moves.note({ from: account.maildir, to }, account.id);
      });
      if (move === false) return false;
      await this.#carryOut(move);
      return true;
    });
  }

  /** Whether it is the password of the mailbox of exactly this name; nobody is a pattern, whatever password it has. */
  async checkPassword(
    domain: string,
    user: string,
    password: string,
    signal: AbortSignal,
  ): Promise<Outcome<PasswordAnswer & { readonly account: Account | undefined }>> {
    return this.#do(async () => {
      const found = this.exact(domain, user);
      if (found.kind === 'failed') throw new Error(found.cause);
      const isMailbox = found.value?.type === 'mbox' && !isPattern(found.value.user);
      const account = isMailbox ? found.value : undefined;
      const answer = await this.#parts.passwords.verify(account?.password, password, signal);
      return { ...answer, account };
    });
  }

  // Mail

  /** Puts a message into the mailbox of an account, as `Maildir.store` does. */
  async store(
    account: Account,
    content: MailContent,
    signal: AbortSignal,
    told?: ToldOfDelivery,
  ): Promise<AccountStoreOutcome> {
    const { files, maildir } = this.#parts;
    const isThere = (): boolean => {
      const { maildir: path } = this.#book.byId(account.id) ?? {};
      return path === account.maildir && !this.#moves.touches(path);
    };
    try {
      if (!isThere()) {
        await this.#moves.takeUp();
        if (!isThere()) return { kind: 'moved' };
      }
      const stored = await maildir.store(account.maildir, content, signal, told);
      if (stored.kind !== 'stored' || isThere()) return stored;
      // It was moved while the message was written: it went along, or lies where nobody looks for it.
      try {
        await files.unlink(`${account.maildir}/new/${stored.name}`);
      } catch (error) {
        if (codeOf(error) !== 'ENOENT') throw error;
        return stored;
      }
      return { kind: 'moved' };
    } catch (error) {
      return { kind: 'failed', isFull: false, mayBeStored: false, error };
    }
  }

  async close(): Promise<void> {
    await this.#parts.database.close().catch(() => undefined);
  }

  #noted(moved: Moved | undefined): number | undefined {
    return moved === undefined ? undefined : this.#moves.note(moved);
  }

  /** What cannot be moved now is moved when somebody needs the place, or starts: the change itself is made. */
  async #carryOut(move: number | undefined): Promise<void> {
    if (move === undefined) return;
    try {
      await this.#moves.carryOut(move);
    } catch (error) {
      this.#parts.log.emit('accounts-fault', { cause: textOf(error) });
      await this.#moves.leave(move);
    }
  }

  async #write<T>(action: () => T): Promise<T> {
    return await this.#parts.database.write(action);
  }

  #read<T>(work: () => T): Outcome<T> {
    try {
      return { kind: 'done', value: work() };
    } catch (error) {
      return this.#failed(error);
    }
  }

  async #do<T>(work: () => Promise<T>): Promise<Outcome<T>> {
    try {
      return { kind: 'done', value: await work() };
    } catch (error) {
      return this.#failed(error);
    }
  }

  #failed(error: unknown): { readonly kind: 'failed'; readonly cause: string } {
    const cause = textOf(error);
    this.#parts.log.emit('accounts-fault', { cause });
    return { kind: 'failed', cause };
  }
}

const isFlags = (flags: number): boolean => Number.isInteger(flags) && flags >= 0 && flags <= MAX_FLAGS;
