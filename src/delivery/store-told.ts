// Puts a message into a maildir and tells who wants to know (mailbox/mail-watch), once the client has its reply.
//
// Must never hold the message for whoever is told: he reads the file that lies in the maildir, or takes a copy of the little that he may keep.
import { createReadStream } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Log } from '../base/log.ts';
import type { MailWatch } from '../mailbox/mail-watch.ts';
import type { Maildir, StoreOutcome } from '../mailbox/maildir.ts';
import type { MailContent } from '../mailbox/port/mail.ts';
import type { MailboxListener, MailboxTransaction } from '../mailbox/port/mailbox-event.ts';
import { decodeUtf8 } from '../text/utf8.ts';

export interface ToldPlace {
  readonly maildir: Pick<Maildir, 'store'>;
  readonly watch: MailWatch | undefined;
  readonly log: Log;
  /** Of the transaction. */
  readonly id: string;
  readonly afterReply: ((work: () => void) => void) | undefined;
}

export interface ToldMessage {
  readonly path: string;
  /** Whose address it was sent to, octets in latin1. */
  readonly user: string;
  readonly userFields?: ReadonlyMap<string, string> | undefined;
  readonly content: MailContent;
}

/** Never rejects. `unwanted`: a script has refused it for now, or failed. */
export async function storeTold(
  { afterReply, id, log, maildir, watch }: ToldPlace,
  { content, path, user: address, userFields }: ToldMessage,
  signal: AbortSignal,
): Promise<StoreOutcome | { readonly kind: 'unwanted' }> {
  // In lower case, as directories have it.
  const user = (decodeUtf8(address) ?? address).toLowerCase();
  const opening = watch?.open({ name: user, path: resolve(path) }, { session: id, log, signal, userFields });
  const opened = opening instanceof Promise ? await opening : opening;
  if (opened === undefined) return maildir.store(path, content, signal);
  if (opened.kind === 'refused') return { kind: 'unwanted' };
  const lying: Lying = { path, name: '' };
  const listener = toldOfFile(opened.listener, lying, content.pieces);
  const stored = await maildir.store(path, content, signal, { user, listener });
  if (stored.kind === 'stored') lying.name = stored.name;
  if (afterReply === undefined) opened.close();
  else afterReply(() => opened.close());
  return stored;
}

interface Lying {
  readonly path: string;
  /** Known when the message is stored. */
  name: string;
}

/** The message is read from its file, and no more kept. `pieces`: as long as it is told. */
function toldOfFile(listener: MailboxListener, lying: Lying, pieces: MailContent['pieces']): MailboxListener {
  const content: MailContent = {
    ...{ pieces, isFiled: true },
    read: () => createReadStream(join(lying.path, 'new', lying.name)),
  };
  const onDisk = ({ events, user }: MailboxTransaction): MailboxTransaction => ({
    user,
    events: events.map((event) => ('content' in event ? { ...event, content } : event)),
  });
  return { committed: (transaction) => listener.committed(onDisk(transaction)) };
}
