// Mail that nobody may look at or change: what stands in its place where a policy only is looked at (`smtpe check`). Every answer is `refused`, at
// once.
//
// Must never touch a disk.
import type { Maildir } from './maildir.ts';
import type { MailUser, MailUserIdentity, MailUsers } from './port/mail-user.ts';
import type { Mailbox } from './port/mailbox.ts';
import type { Metadata } from './port/metadata.ts';
import type { MailTrouble } from './port/outcome.ts';

type Refuse = () => Promise<MailTrouble>;

const refusing =
  (mailbox: string, why: string): Refuse =>
  () =>
    Promise.resolve({ kind: 'refused', mailbox, why });

const closedMetadata = (refuse: Refuse): Metadata => ({
  get: refuse,
  set: refuse,
  unset: refuse,
  list: refuse,
});

function closedMailbox(asked: string, separator: string, why: string): Mailbox {
  const isInbox = /^inbox$/i.test(asked);
  const vname = isInbox ? 'INBOX' : asked;
  const refuse = refusing(vname, why);
  return {
    ...{ vname, name: vname.replaceAll(separator, '.'), isInbox, metadata: closedMetadata(refuse) },
    ...{ open: refuse, sync: refuse, status: refuse, mails: refuse, mail: refuse },
    ...{ save: refuse, changeFlags: refuse, expunge: refuse },
  };
}

function closedUser({ name, path, separator = '/' }: MailUserIdentity, why: string): MailUser {
  const refuse = refusing(name, why);
  return {
    ...{ name, path, separator, metadata: closedMetadata(refuse) },
    mailbox: (vname) => closedMailbox(vname, separator, why),
    ...{ list: refuse, create: refuse, delete: refuse, rename: refuse },
    ...{ subscribe: refuse, unsubscribe: refuse, subscriptions: refuse },
  };
}

/** `why`: for people. */
export const closedMailUsers = (why: string): MailUsers => ({
  user: (identity) => closedUser(identity, why),
});

/** Whoever looks finds everybody there, so that what is said is why, and not that he is missing. */
export const closedMaildir = (why: string): Maildir => ({
  store: () => Promise.resolve({ kind: 'failed', isFull: false, mayBeStored: false, error: new Error(why) }),
  look: () => Promise.resolve({ kind: 'there' }),
});
