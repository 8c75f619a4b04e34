// What has happened in somebody's mail, told once it is done: the facts of push notification, of which Dovecot has twelve. Only what goes through
// this room is told; what a mail reader does to the files is not.
// Part of the port of mailbox/ (mail-user.ts), which stays as it is.
import type { MailContent, MailFlags, SystemFlag } from './mail.ts';

interface AboutMailbox {
  /** Its full name, as `Mailbox.vname`. */
  readonly mailbox: string;
}

interface AboutMessage extends AboutMailbox {
  /** Both undefined: the message lies there, and whoever reads mail gives it its uid (the uid list could not be written). */
  readonly uid: number | undefined;
  readonly uidValidity: number | undefined;
}

export type MailboxEvent =
  /** `message_new`: delivered; `message_append`: put there otherwise. The content may be read as long as the message is there. */
  | (AboutMessage &
      MailFlags & { readonly name: 'message_new' | 'message_append'; readonly content: MailContent })
  /** Expunged, or its mailbox was deleted. */
  | (AboutMessage & { readonly name: 'message_expunge' })
  /** What was set that was not. */
  | (AboutMessage & MailFlags & { readonly name: 'flags_set' })
  /**
   * Any change of flags: what was cleared, and all that there were before: flags when flags have changed, keywords when keywords have.
   * `wasRecent`: \Recent was among them.
   */
  | (AboutMessage &
      MailFlags & {
        readonly name: 'flags_clear';
        readonly flagsOld: readonly SystemFlag[];
        readonly wasRecent: boolean;
        readonly keywordsOld: readonly string[];
      })
  /** \Seen was set; \Deleted was set. */
  | (AboutMessage & { readonly name: 'message_read' | 'message_trash' })
  | (AboutMailbox & {
      readonly name: 'mailbox_create' | 'mailbox_delete' | 'mailbox_subscribe' | 'mailbox_unsubscribe';
    })
  | (AboutMailbox & { readonly name: 'mailbox_rename'; readonly mailboxOld: string });

export type MailboxEventName = MailboxEvent['name'];

/**
 * One operation on one mailbox and all that happened by it, at least one event: by uid, and for one message flags_clear, flags_set, message_read,
 * message_trash. Deleting a mailbox is two: the expunges, then mailbox_delete.
 */
export interface MailboxTransaction {
  /** `MailUser.name` of whose mail it is. */
  readonly user: string;
  readonly events: readonly MailboxEvent[];
}

/** Whoever wants to know. Called on the event loop, at once, and not waited for; must not throw. */
export interface MailboxListener {
  /** It is on disk, synced. */
  committed(transaction: MailboxTransaction): void;
  /** What had begun came to nothing: nothing of it is on disk. `events` are those that would have been. */
  rolledBack?(transaction: MailboxTransaction): void;
}
