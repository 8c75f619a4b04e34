// What is called when something has happened in a mailbox. Rows of option-table.ts; the settings `plugin-NAME` are no rows of it (plugin-setting.ts).
import { atStart, flag, integer, type OptionSpec, text } from './option-spec.ts';

export const mailboxOptions = {
  'push-script': atStart(
    text(
      '',
      'any',
      'Lua scripts as Dovecot has them for push notification (doc/dovecot.md): called when a message has been put into a maildir and the client has its reply, and for ' +
        'other events of mailboxes. Each has globals of its own, new ones for every message and recipient. Separated by blanks, called in this order. ' +
        'Settings for them are plugin-NAME=value.',
    ),
  ),
  'mail-lua-script': atStart(
    text(
      '',
      'any',
      'Lua script as Dovecot has it for mail: mail_user_created is called before a message is put into a maildir, and may refuse that for now (451). Without push-script it ' +
        'is told of events too.',
    ),
  ),
  'push-event-user': atStart(
    flag(false, 'Events for push-script have a field `user`: the name of whose mailbox it is.'),
  ),
  'push-max-running': atStart(
    integer(
      8,
      1,
      1000,
      'notifications',
      'Push scripts of so many messages run at once in a process; each in turn for one user. The others wait.',
    ),
  ),
  'push-max-waiting': atStart(
    integer(
      1000,
      0,
      100_000,
      'notifications',
      'So many may wait; of more the log says that they are dropped. The mail itself is never held up.',
    ),
  ),
} as const satisfies Record<string, OptionSpec>;
