// Events of mailboxes as the scripts of Dovecot get them: the function that is called, and its table.
import type { LuaRecord } from '../../../lua-api/value.ts';
import type { MailboxEvent, MailboxEventName } from '../../../mailbox/port/mailbox-event.ts';
import { encodeUtf8 } from '../../../text/utf8.ts';

const names: Readonly<Record<MailboxEventName, string>> = {
  message_new: 'MessageNew',
  message_append: 'MessageAppend',
  message_read: 'MessageRead',
  message_trash: 'MessageTrash',
  message_expunge: 'MessageExpunge',
  flags_set: 'FlagsSet',
  flags_clear: 'FlagsClear',
  mailbox_create: 'MailboxCreate',
  mailbox_delete: 'MailboxDelete',
  mailbox_rename: 'MailboxRename',
  mailbox_subscribe: 'MailboxSubscribe',
  mailbox_unsubscribe: 'MailboxUnsubscribe',
};

export const mailboxEventNames = Object.keys(names) as readonly MailboxEventName[];

export const handlerOf = (name: MailboxEventName): string => `dovecot_lua_notify_event_${name}`;

const message = (event: MailboxEvent & { readonly uid: number | undefined }): LuaRecord => ({
  uid: event.uid,
  uid_validity: 'uidValidity' in event ? event.uidValidity : undefined,
});

/** Of its own, without what is read from the message itself. */
export function eventRecord(event: MailboxEvent): LuaRecord {
  const about = { name: names[event.name], mailbox: encodeUtf8(event.mailbox) };
  switch (event.name) {
    case 'message_new':
    case 'message_append':
    case 'flags_set':
      return { ...about, ...message(event), flags: [...event.flags], keywords: [...event.keywords] };
    case 'flags_clear':
      return {
        ...about,
        ...message(event),
        flags: [...event.flags],
        flags_old: [...event.flagsOld, ...(event.wasRecent ? ['\\Recent'] : [])],
        keywords: [...event.keywords],
        keywords_old: [...event.keywordsOld],
      };
    case 'message_read':
    case 'message_trash':
    case 'message_expunge':
      return { ...about, ...message(event) };
    case 'mailbox_create':
    case 'mailbox_delete':
    case 'mailbox_subscribe':
    case 'mailbox_unsubscribe':
      return about;
    case 'mailbox_rename':
      return { ...about, mailbox_old: encodeUtf8(event.mailboxOld) };
  }
}
