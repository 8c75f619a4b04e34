// What is known of domains and accounts. Text is octets, one character each (latin1).
import type { AccountType } from './account-types.ts';

/** Of a domain, bit 0: no mail of its accounts goes to other servers. */
export const NO_MAIL_OUT = 1;

export interface Domain {
  /** In lower case. */
  readonly name: string;
  /** As it was given; '' for the usual place. */
  readonly path: string;
  /** 0 to 2^31 - 1. */
  readonly flags: number;
}

export interface Account {
  /** From 1, never used again. */
  readonly id: number;
  /** A name or a pattern, in lower case. */
  readonly user: string;
  readonly domain: string;
  readonly type: AccountType;
  /** As it was stored: compared by users who log in (password.ts). */
  readonly password: string;
  readonly arguments: string;
  /** The Maildir of its mail, an absolute path. */
  readonly maildir: string;
}

/** An account to be stored. `id`: it replaces that one. */
export interface AccountWish {
  readonly id?: number | undefined;
  readonly user: string;
  readonly domain: string;
  readonly type: AccountType;
  readonly password: string;
  readonly arguments: string;
}

/** Octets of a password, and of the arguments, that an account may have. */
export const MAX_PASSWORD = 1024;
export const MAX_ARGUMENTS = 16_384;

/** The database cannot be read or written now, or what it says is not what was written: nothing is known, and nothing was done. */
export interface Failed {
  readonly kind: 'failed';
  readonly cause: string;
}

export type Outcome<T> = { readonly kind: 'done'; readonly value: T } | Failed;
