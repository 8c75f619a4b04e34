// Where the accounts of a process are: opened once, when somebody needs them, as options rumble-database and rumble-storage say. At the start that is
// done before anything listens, as no mail may be refused because they could not be opened.
import { dirname, join, resolve } from 'node:path';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Files } from '../mailbox/files.ts';
import type { HeadThread } from '../mailbox/head-thread.ts';
import type { Maildir } from '../mailbox/maildir.ts';
import type { MailUsers } from '../mailbox/port/mail-user.ts';
import { ownMark } from '../ops/process-mark.ts';
import type { OptionValues } from '../options/option-table.ts';
import type { Options } from '../options/options.ts';
import { Accounts } from './accounts.ts';
import { openDatabase } from './database.ts';
import { Passwords } from './password.ts';

export interface AccountsPlaceParts {
  readonly options: Options;
  readonly maildir: Maildir;
  readonly mailUsers: MailUsers;
  readonly files: Files;
  /** Reads for `mailUsers`; it is there as long as the accounts are open. undefined: nobody lists letters here. */
  readonly heads?: Pick<HeadThread, 'start' | 'close'>;
  readonly clock: Clock;
  readonly log: Log;
}

export type OpenedAccounts =
  | { readonly kind: 'open'; readonly accounts: Accounts }
  /** rumble-database is empty. */
  | { readonly kind: 'none' }
  /** What is wrong, and what would be right. */
  | { readonly kind: 'refused'; readonly problem: string };

/** Where the mail of accounts lies. */
export function storageOf(values: Pick<OptionValues, 'rumble-database' | 'rumble-storage'>): string {
  const { 'rumble-database': database, 'rumble-storage': storage } = values;
  return storage === '' ? join(dirname(resolve(database)), 'mail') : resolve(storage);
}

/** As everybody else has it. */
export type AccountsPort = Pick<AccountsPlace, 'isNamed' | 'current' | 'open' | 'close'>;

/** Accounts that nothing may be done with. */
export const closedAccounts = (problem: string): AccountsPort => ({
  isNamed: true,
  current: undefined,
  open: () => Promise.resolve({ kind: 'refused', problem }),
  close: () => Promise.resolve(),
});

export class AccountsPlace {
  readonly #parts: AccountsPlaceParts;
  #opening: Promise<OpenedAccounts> | undefined;
  #isClosed = false;
  #current: Accounts | undefined;

  constructor(parts: AccountsPlaceParts) {
    this.#parts = parts;
  }

  /** There are to be accounts. */
  get isNamed(): boolean {
    return this.#parts.options.values['rumble-database'] !== '';
  }

  /** Those that are open. */
  get current(): Accounts | undefined {
    return this.#current;
  }

  /** Opens them; tried again by the next who asks when it failed. Never rejects. */
  async open(): Promise<OpenedAccounts> {
    if (!this.isNamed) return { kind: 'none' };
    this.#opening ??= this.#open();
    const opened = await this.#opening;
    if (opened.kind === 'refused') this.#opening = undefined;
    return opened;
  }

  async #open(): Promise<OpenedAccounts> {
    const { clock, files, heads, log, maildir, mailUsers, options } = this.#parts;
    const { values } = options;
    if (this.#isClosed) return { kind: 'refused', problem: 'this process ends' };
    const opened = await openDatabase(resolve(values['rumble-database']));
    if (opened.kind === 'refused') return opened;
    heads?.start((cause) => log.emit('accounts-thread-lost', { cause }));
    const accounts = new Accounts({
      ...{ database: opened.database, storage: storageOf(values), mark: await ownMark() },
      ...{ clock, files, log, maildir, mailUsers, passwords: new Passwords(values['rumble-password']) },
    });
    const problem = await accounts.recover();
    if (problem !== undefined) log.emit('accounts-fault', { cause: problem });
    this.#current = accounts;
    return { kind: 'open', accounts };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const opened = await this.#opening;
    await this.#parts.heads?.close();
    if (opened?.kind === 'open') await opened.accounts.close();
  }
}
