// The port of mailbox/: somebody's mail on this disk, as a tree of mailboxes. Who builds on it: delivery/, the layer for Dovecot's scripts, module
// `storage`. It is the same whether a real Maildir++ is behind it or one that a spec has made. The other files of this folder belong to it:
// mailbox.ts, mail.ts, metadata.ts, mailbox-event.ts (what has happened, for a listener), outcome.ts (why not).
//
// Must never: throw or reject (but for `read` of a content), block the event loop, give a uid twice, damage what other programs have
// written, tell an event before it is on disk, or one of what others did.
import type { Mailbox, MailboxUse } from './mailbox.ts';
import type { MailboxListener } from './mailbox-event.ts';
import type { Metadata } from './metadata.ts';
import type { MailOutcome } from './outcome.ts';

/** Whose mail, and where. */
export interface MailUserIdentity {
  /** The name of the user, for `MailboxTransaction.user`. */
  readonly name: string;
  /** The Maildir that is INBOX, an absolute path; folders are its subdirectories `.Name`. */
  readonly path: string;
  /** Between the parts of a full name; default `/`. */
  readonly separator?: '/' | '.';
}

export interface MailUserParts {
  readonly listener?: MailboxListener | undefined;
  /** Aborts waits (for locks, for turns, for content): the session ends, time is up. */
  readonly signal: AbortSignal;
}

export interface MailUsers {
  /** Nothing is looked at or made yet. Cheap: one for each delivery or script. */
  user(identity: MailUserIdentity, parts: MailUserParts): MailUser;
}

/** A mailbox as a list shows it. */
export interface ListedMailbox {
  readonly vname: string;
  readonly isSubscribed: boolean;
  /** Only a part of longer names: it holds no mail itself (\NonExistent). */
  readonly isOnlyParent: boolean;
}

/**
 * Names are full names (UTF-16 text) with the separator of the tree; `inbox` in any case is INBOX. A part of a name must not be empty,
 * begin with `.` or `~`, hold `/`, `.` or a control character; in modified UTF-7 a name has at most 255 octets, and 16 parts: else `bad-name`.
 */
export interface MailUser {
  readonly name: string;
  readonly path: string;
  readonly separator: '/' | '.';
  readonly metadata: Metadata;

  /** Neither opened nor checked: there need be no such mailbox, and the name need be no good one. */
  mailbox(vname: string, use?: MailboxUse): Mailbox;
  /** By name, INBOX first; 10,000 at most, more is `full`. */
  list(): Promise<MailOutcome<readonly ListedMailbox[]>>;
  /** Parents are not made: a name without a mailbox is only a parent. */
  create(vname: string): Promise<MailOutcome<undefined>>;
  /** With all messages in it; mailboxes below it stay. `refused` for INBOX. */
  delete(vname: string): Promise<MailOutcome<undefined>>;
  /** With those below it. uids stay. `refused` for INBOX, and to a name below its own. */
  rename(from: string, to: string): Promise<MailOutcome<undefined>>;
  /** `missing` when there is no such mailbox. Done too, without an event, when it is subscribed to. */
  subscribe(vname: string): Promise<MailOutcome<undefined>>;
  /** Also what is not there any more. Done too, without an event, when it is not subscribed to. */
  unsubscribe(vname: string): Promise<MailOutcome<undefined>>;
  /** In the order of the file. */
  subscriptions(): Promise<MailOutcome<readonly string[]>>;
}
