// A folder of somebody's mail. Part of the port of mailbox/ (mail-user.ts), which stays as it is.
import type { Mail, MailBlocks, MailContent, MailFile, MailFlags } from './mail.ts';
import type { Metadata } from './metadata.ts';
import type { MailOutcome } from './outcome.ts';

/** With what a mailbox is asked for; all of it false by default. */
export interface MailboxUse {
  /** Every change but of metadata is `refused`. */
  readonly readOnly?: boolean;
  /** It is made when it is not there (`open`, `save`); INBOX always is. */
  readonly autoCreate?: boolean;
  /** One that is made is subscribed to. */
  readonly autoSubscribe?: boolean;
}

/** At the time it was read. Counts are of messages. */
export interface MailboxStatus {
  readonly messages: number;
  /** Those that no mail reader has been told of yet. */
  readonly recent: number;
  readonly unseen: number;
  /** 1 to 4294967295. */
  readonly uidValidity: number;
  /** What the next message gets, at least. */
  readonly uidNext: number;
  /** Place of the first one without \Seen, from 1; 0: there is none. */
  readonly firstUnseenSeq: number;
  /** uid of the first recent one; uidNext when there is none. */
  readonly firstRecentUid: number;
  /** Only grows, from 1; grows with each change that is made here. Mail readers have a count of their own. */
  readonly highestModseq: number;
  /** All keywords that are known in it. */
  readonly keywords: readonly string[];
}

/** What a message is put there with. */
export interface SaveFacts extends MailFlags {
  /** Milliseconds since the Epoch; undefined: now. */
  readonly internalDate?: number | undefined;
  /** The event is `message_new` instead of `message_append`. */
  readonly isDelivery?: boolean;
}

export interface Saved {
  /** Undefined: it lies there, and whoever reads mail gives it its uid (the uid list could not be written). */
  readonly uid: number | undefined;
  readonly uidValidity: number | undefined;
  /** Of its file, without flags. */
  readonly fileName: string;
}

/** What is done to the flags and keywords of a message; names of another case are the same keyword. */
export interface FlagChange extends MailFlags {
  readonly how: 'add' | 'remove' | 'replace';
}

export interface Mailbox {
  /** Full name, UTF-16 text, with the separator of the user's tree: `INBOX`, `Work/Entwürfe`. As it was asked for, when it is no good name. */
  readonly vname: string;
  /** With the separator of the store: `Work.Entwürfe`. */
  readonly name: string;
  readonly isInbox: boolean;
  readonly metadata: Metadata;

  /** Whether it is there and can be read. */
  open(): Promise<MailOutcome<undefined>>;
  /** Takes in what has come and gone since; every other method does so too when it has to. */
  sync(): Promise<MailOutcome<undefined>>;
  status(): Promise<MailOutcome<MailboxStatus>>;
  /** All of them by uid. Memory: some 200 octets for each; `full` when there are more than a million. */
  mails(): Promise<MailOutcome<readonly Mail[]>>;
  /** All of them in any order, at the least cost: nothing is written, and nobody waits for a lock. Memory and `full` as `mails`. */
  files(): Promise<MailOutcome<readonly MailFile[]>>;
  /**
   * Header blocks of some of its `files`, one at least, in their order and with much less work than each takes by itself; some hundred are a good number.
   * `missing`: it cannot be done so now, each is to be asked by itself.
   */
  blocks(files: readonly MailFile[]): Promise<MailOutcome<MailBlocks>>;
  /** `missing`: there is no such one. */
  mail(uid: number): Promise<MailOutcome<Mail>>;

  /** Done means: file, directory and name are synced. `bad-name` for a keyword that is none, and for more than 26 in a mailbox. */
  save(content: MailContent, facts: SaveFacts): Promise<MailOutcome<Saved>>;
  /** Done too for uids that are not there; the value is how many have changed. */
  changeFlags(uids: readonly number[], change: FlagChange): Promise<MailOutcome<number>>;
  /** Removes messages for good; done too for uids that are not there; the value is how many there were. */
  expunge(uids: readonly number[]): Promise<MailOutcome<number>>;
}
