// What a delivery needs of a Maildir: a message into INBOX, and whether there is one with room. The file has the bytes that it is given, CRLF line
// ends too: headers of the delivery are put in front by who delivers. A quota is what Maildir++ keeps in the file maildirsize, where there is one.
// Knows nothing of SMTP, of Lua and of the log: delivery/to-maildir makes replies and log lines of what it says.
//
// Must never reject, say `stored` before file and directory are synced, or leave a part of a message in new/.
import { resolve } from 'node:path';
import { codeOf, isFull } from '../base/errors.ts';
import { Folder, FolderSite } from './folder.ts';
import { mailNames } from './mail-names.ts';
import type { MailboxParts } from './parts.ts';
import type { MailContent } from './port/mail.ts';
import type { MailboxListener } from './port/mailbox-event.ts';
import { putMail } from './put-mail.ts';
import { countIn, hasRoom } from './quota.ts';

export type StoreOutcome =
  /** It is in PATH/new under this name, and synced. Both uids are undefined when whoever reads mail there has to give one. */
  | {
      readonly kind: 'stored';
      readonly name: string;
      readonly uid: number | undefined;
      readonly uidValidity: number | undefined;
    }
  /** The signal aborted before the message was complete: nothing is left of it. */
  | { readonly kind: 'aborted' }
  /**
   * Error of the file system, or of who gave the message; `isFull`: there is no room. Nothing is left of the message but with
   * `mayBeStored`: then it lies in new/ and is not synced.
   */
  | {
      readonly kind: 'failed';
      readonly isFull: boolean;
      readonly mayBeStored: boolean;
      readonly error: unknown;
    };

export type LookOutcome =
  | { readonly kind: 'there' }
  /** No directory has that name. */
  | { readonly kind: 'absent' }
  /** Over its quota. */
  | { readonly kind: 'full' }
  | { readonly kind: 'failed'; readonly error: unknown };

/** Who is told of a delivery, as mail of which user. */
export interface ToldOfDelivery {
  readonly user: string;
  readonly listener: MailboxListener;
}

export interface Maildir {
  /** Puts the message into PATH/new (directories are made, mode 0700), gives it a uid, and counts it in maildirsize where that is. */
  store(
    path: string,
    message: MailContent,
    signal: AbortSignal,
    told?: ToldOfDelivery,
  ): Promise<StoreOutcome>;
  /** Whether there is a mailbox, and room in it for so many octets (one at least). Changes nothing. */
  look(path: string, octets?: number): Promise<LookOutcome>;
}

export function createMaildir(parts: MailboxParts, site = new FolderSite(parts)): Maildir {
  const nextName = mailNames(parts);
  return {
    store: (path, message, signal, told) =>
      store(new Folder(site, resolve(path), signal), nextName(), message, told),
    look: (path, octets = 1) => look(parts, resolve(path), octets),
  };
}

async function store(
  folder: Folder,
  name: string,
  content: MailContent,
  told: ToldOfDelivery | undefined,
): Promise<StoreOutcome> {
  let isMade = false;
  const make = async (): Promise<void> => {
    const isNew = !(await folder.isThere());
    await folder.make();
    if (isNew) isMade = true;
  };
  const put = await putMail(folder, name, { content, flags: [], keywords: [], make });
  const mailbox = 'INBOX';
  if (isMade) told?.listener.committed({ user: told.user, events: [{ name: 'mailbox_create', mailbox }] });
  switch (put.kind) {
    case 'stored': {
      const { base, size, uid, uidValidity } = put;
      await countIn(folder.site.parts.files, folder.path, size);
      told?.listener.committed({
        user: told.user,
        events: [{ name: 'message_new', mailbox, uid, uidValidity, content, flags: [], keywords: [] }],
      });
      return { kind: 'stored', name: base, uid, uidValidity };
    }
    case 'failed':
      return { kind: 'failed', isFull: isFull(put.error), mayBeStored: put.mayBeStored, error: put.error };
    case 'aborted':
      return put;
    case 'busy':
    case 'no-keywords':
      // It has no keywords.
      return { kind: 'failed', isFull: false, mayBeStored: false, error: new Error(put.kind) };
  }
}

async function look({ files }: MailboxParts, path: string, octets: number): Promise<LookOutcome> {
  try {
    if (!(await files.stat(path)).isDirectory()) return { kind: 'absent' };
    return { kind: (await hasRoom(files, path, octets)) ? 'there' : 'full' };
  } catch (error) {
    const code = codeOf(error);
    // ENAMETOOLONG: nobody has such a name.
    return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG'
      ? { kind: 'absent' }
      : { kind: 'failed', error };
  }
}
