// What is outside of a process and can be replaced as a whole: by the bench, by tests, and for policies that must not reach what the others do.
import type { Socket } from 'node:net';
import type { AccountsPort } from './accounts/place.ts';
import type { Clock, RandomInteger } from './base/clock.ts';
import type { Dicts } from './compat/dovecot/dict/dicts.ts';
import type { Mailer } from './delivery/port/delivery.ts';
import type { Resolver } from './dns/resolver-api.ts';
import type { Maildir } from './mailbox/maildir.ts';
import type { MailUsers } from './mailbox/port/mail-user.ts';
import type { System } from './ops/system.ts';
import type { Services } from './service/services.ts';
import type { Stores } from './store/stores.ts';
import type { AuthSource } from './users/auth-source.ts';
import type { RecipientSource } from './users/recipient-source.ts';

/** Everything by which a process reaches what is outside of it, but its clients, its log and its spool. Each can be replaced. */
export interface Ports {
  readonly clock: Clock;
  readonly random: RandomInteger;
  readonly resolver: Resolver;
  /** Next hops. */
  readonly mailer: Mailer;
  /** A socket to a next hop, not connected yet: what the mailer connects. Undefined: one of the system. */
  readonly newSocket?: (() => Socket) | undefined;
  readonly maildir: Maildir;
  /** The mail that lies in them. */
  readonly mailUsers: MailUsers;
  readonly services: Services;
  /** Domains and users, opened when they are needed. */
  readonly accounts: AccountsPort;
  /** What policies remember. */
  readonly stores: Stores;
  /** What scripts for Dovecot remember. */
  readonly dicts: Dicts;
  /** Who is asked about AUTH, in this order. */
  readonly authSources: readonly AuthSource[];
  /** Who is asked about RCPT, in this order; undefined: Dovecot's scripts. */
  readonly recipientSources?: readonly RecipientSource[] | undefined;
  /** What os and io of policies reach: commands, environment, files. */
  readonly system: System;
}
