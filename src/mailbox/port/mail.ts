// A message in a mailbox, and what is known of it. Part of the port of mailbox/ (mail-user.ts), which stays as it is.
import type { MailOutcome } from './outcome.ts';

/** The octets of a message. */
export interface MailContent {
  /** From the beginning, each time it is called; rejects when they cannot be read. */
  read(): AsyncIterable<Buffer>;
  /** All of it, when it is in memory. */
  readonly pieces: readonly Buffer[] | undefined;
  /** `read` needs no `pieces`: it reads what lies in a file. */
  readonly isFiled?: true;
}

/** The system flags of RFC 9051 section 2.3.2, in the order in which Dovecot lists them; without \Recent, which nobody sets. */
export const systemFlags = ['\\Answered', '\\Flagged', '\\Deleted', '\\Seen', '\\Draft'] as const;
export type SystemFlag = (typeof systemFlags)[number];

export interface MailFlags {
  /** In the order of `systemFlags`, none twice. */
  readonly flags: readonly SystemFlag[];
  /** RFC 9051 `flag-keyword`: ASCII, 1 to 50 characters, as they were first written; case does not tell two apart. */
  readonly keywords: readonly string[];
}

/** What costs a look at the file. */
export interface MailFacts {
  /** Octets in the file. */
  readonly size: number;
  /** Octets with CRLF line ends (RFC822.SIZE). */
  readonly virtualSize: number;
  /** When it came, milliseconds since the Epoch. */
  readonly internalDate: number;
}

export interface MailHead {
  /** A part of what it was read into. */
  readonly octets: Buffer;
  /** Octets in the file. */
  readonly size: number;
  /** When it came by its name, milliseconds since the Epoch; where that does not say it, when its file was changed last. */
  readonly arrived: number;
}

/** A message as its file says it. As it was when the mailbox was read: it does not change when the mailbox does. */
export interface MailFile {
  /** Names it in its mailbox whatever its flags are, also for other programs; octets as latin1. */
  readonly base: string;
  /** It has `\Seen`. */
  readonly isSeen: boolean;
  /** Its beginning, as far as `into` is long, with little work: many are looked at. `missing` as `open`. */
  head(into: Buffer): Promise<MailOutcome<MailHead>>;
}

/** Of many messages at once, from the first that were asked for. */
export interface MailBlocks {
  /** So many were looked at; at least one. */
  readonly count: number;
  /** The header blocks of all, one behind the other: whoever keeps one keeps all. */
  readonly octets: Buffer;
  /** undefined: this one is to be asked by itself (`head`). */
  block(at: number): MailBlock | undefined;
}

/** A header block as it stands, with the empty line at its end, or where it was cut (65,536 octets). */
export interface MailBlock extends Omit<MailHead, 'octets'> {
  /** In `octets` of all. */
  readonly from: number;
  readonly to: number;
}

/** A message with its uid. */
export interface Mail extends MailFile, MailFlags {
  /** 1 to 4294967295. Two messages of a mailbox never have the same as long as its uidvalidity is the same. */
  readonly uid: number;
  /** Its place by uid, from 1. */
  readonly seq: number;
  /** No mail reader has been told of it yet. */
  readonly isRecent: boolean;
  facts(): Promise<MailOutcome<MailFacts>>;
  /** `missing` when it was expunged meanwhile. Its octets are as delivered: what a mail server put in front is part of them. */
  open(): Promise<MailOutcome<MailContent>>;
}
