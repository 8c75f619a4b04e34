// Mail that nobody may look at or change: what stands in its place where a policy only is looked at (`smtpe check`), or where a test says so. Every
// answer is the same, at once.
//
// Must never touch a disk.
import type { Maildir } from './maildir.ts';
import type { MailUser, MailUserIdentity, MailUsers } from './port/mail-user.ts';
import type { Mailbox } from './port/mailbox.ts';
import type { Metadata } from './port/metadata.ts';
import type { MailTrouble } from './port/outcome.ts';

type Refuse = () => Promise<MailTrouble>;

/** What is the matter with a mailbox, or with the whole user. */
type TroubleOf = (mailbox: string) => MailTrouble;

const closedMetadata = (refuse: Refuse): Metadata => ({
  get: refuse,
  set: refuse,
  unset: refuse,
  list: refuse,
});

function closedMailbox(asked: string, separator: string, troubleOf: TroubleOf): Mailbox {
  const isInbox = /^inbox$/i.test(asked);
  const vname = isInbox ? 'INBOX' : asked;
  const refuse: Refuse = () => Promise.resolve(troubleOf(vname));
  return {
    ...{ vname, name: vname.replaceAll(separator, '.'), isInbox, metadata: closedMetadata(refuse) },
    ...{ open: refuse, sync: refuse, status: refuse, mails: refuse, files: refuse, blocks: refuse },
    ...{ mail: refuse, save: refuse, changeFlags: refuse, expunge: refuse },
  };
}

/** Somebody with whose mail this is the matter, whatever is asked. */
export function troubledMailUser(
  { name, path, separator = '/' }: MailUserIdentity,
  troubleOf: TroubleOf,
): MailUser {
  const refuse: Refuse = () => Promise.resolve(troubleOf(name));
  return {
    ...{ name, path, separator, metadata: closedMetadata(refuse) },
    mailbox: (vname) => closedMailbox(vname, separator, troubleOf),
    ...{ list: refuse, create: refuse, delete: refuse, rename: refuse },
    ...{ subscribe: refuse, unsubscribe: refuse, subscriptions: refuse },
  };
}

/** `why`: for people. */
export const closedMailUsers = (why: string): MailUsers => ({
  user: (identity) => troubledMailUser(identity, (mailbox) => ({ kind: 'refused', mailbox, why })),
});

/** Whoever looks finds everybody there, so that what is said is why, and not that he is missing. */
export const closedMaildir = (why: string): Maildir => ({
  store: () => Promise.resolve({ kind: 'failed', isFull: false, mayBeStored: false, error: new Error(why) }),
  look: () => Promise.resolve({ kind: 'there' }),
});
