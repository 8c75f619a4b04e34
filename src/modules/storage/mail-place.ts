// Where the mail of a name lies: in the maildir of smtp-smart-host. A name becomes a path only where it can be one of a directory, and never leads
// out of what the option says.
import { resolve } from 'node:path';
import { isPerRecipient, mailboxPath } from '../../delivery/mailbox-path.ts';
import type { MailUserIdentity } from '../../mailbox/port/mail-user.ts';
import { parseHostList } from '../../net-address/host-list.ts';
import type { Options } from '../../options/options.ts';
import { recipientOf } from '../../smtp/protocol/recipient.ts';
import { decodeUtf8 } from '../../text/utf8.ts';

export type PlaceOutcome =
  | {
      readonly kind: 'place';
      readonly identity: MailUserIdentity;
      /** Each user has a directory, which has to be there: none is made because somebody has named it. */
      readonly perUser: boolean;
    }
  | { readonly kind: 'bad_name' | 'no_maildir'; readonly why: string };

const WANTED = 'smtp-smart-host has no maildir; right would be one such as maildir:/var/mail/%d/%n';

/** `name`: octets in latin1, an address or a local part. */
export function mailPlace(options: Options, name: string): PlaceOutcome {
  const target = parseHostList(options.values['smtp-smart-host']).find(({ kind }) => kind === 'maildir');
  if (target?.kind !== 'maildir') return { kind: 'no_maildir', why: WANTED };
  const text = decodeUtf8(name);
  const path = mailboxPath(target.path, recipientOf(name));
  if (text === undefined || text === '' || /[\0-\x1f\x7f]/.test(text) || path === undefined) {
    return { kind: 'bad_name', why: 'no directory of a user can have that name' };
  }
  return {
    kind: 'place',
    identity: { name: text.toLowerCase(), path: resolve(path) },
    perUser: isPerRecipient(target.path),
  };
}
