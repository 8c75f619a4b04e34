// Whoever is told what happens in mailboxes, for those who make it happen: delivery into a maildir, module `storage`. What stands behind it are
// the mail and push scripts of Dovecot (compat/dovecot).
//
// Must never: reject; hold up who closes; make mail be lost or put there twice.
import type { Log } from '../base/log.ts';
import type { Maybe } from '../base/maybe.ts';
import type { MailUserIdentity } from './port/mail-user.ts';
import type { MailboxListener } from './port/mailbox-event.ts';

/** By whom somebody's mail is opened. */
export interface MailOccasion {
  /** The id of the session or transaction, for the log; '' when there is none. */
  readonly session: string;
  readonly log: Log;
  /** What is known of the user besides, by names of who knows it; latin1. */
  readonly userFields?: ReadonlyMap<string, string> | undefined;
  /** Nobody waits any more: only heeded until it is open. */
  readonly signal: AbortSignal;
}

export type OpenedMail =
  | {
      readonly kind: 'open';
      /** For the MailUser. */
      readonly listener: MailboxListener;
      /**
       * All that was to be done is done, and who waited has his answer: scripts are called from now on. To be called once, whatever came of
       * it.
       */
      close(): void;
    }
  /** A script has refused it, or failed: nothing is to be done to this mail for now. `cause` is for the log, where it stands already. */
  | { readonly kind: 'refused'; readonly cause: string };

export interface MailWatch {
  /** Before something is done to somebody's mail. Undefined: nobody wants to know. */
  open(identity: MailUserIdentity, occasion: MailOccasion): Maybe<OpenedMail | undefined>;
}
