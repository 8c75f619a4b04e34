// Events of mailboxes, and of the scripts that are told of them.
import type { EventSpec } from './event-spec.ts';
import { cause } from './fields.ts';

const user = { type: 'text', meaning: 'whose mailbox it is' } as const;
const mailbox = { type: 'text', meaning: 'its full name' } as const;

export const mailboxEvents = {
  'mailbox-event': {
    level: 'info',
    text: '{event} in {mailbox} of {user}',
    when: 'Something has happened in a mailbox that push scripts are told of (options push-script, mail-lua-script).',
    fields: {
      event: { type: 'text', meaning: '`MessageNew`, `FlagsSet` ... as RFC 5423 has them', twice: true },
      user: { ...user, twice: true },
      mailbox: { ...mailbox, twice: true },
      mailbox_old: { type: 'text', optional: true, meaning: 'what it was called before' },
      uid: { type: 'number', optional: true, meaning: 'of the message' },
      uid_validity: { type: 'number', optional: true, meaning: 'of the mailbox' },
      flags: { type: 'text', optional: true, meaning: 'what was set, or cleared' },
      flags_old: { type: 'text', optional: true, meaning: 'what was set before' },
      keywords: { type: 'text', optional: true, meaning: 'likewise' },
      keywords_old: { type: 'text', optional: true, meaning: 'likewise' },
    },
  },
  'push-script-failed': {
    level: 'err',
    text: '{message}',
    when: 'A push or mail script (options push-script, mail-lua-script) has failed, or was stopped. The mail is where it is; but mail_user_created keeps it away for now.',
    fields: {
      message: { type: 'text', meaning: 'recipient and error, as Dovecot writes them' },
      traceback: { type: 'text', optional: true, meaning: 'calls that led there' },
      script: { type: 'text', optional: true, meaning: 'path of the script' },
    },
  },
  'push-script-warning': {
    level: 'warning',
    text: '{warning}',
    when: 'A push script is called in spite of something that nobody can want.',
    fields: { warning: { type: 'text', meaning: 'script, and what is wrong' } },
  },
  'push-message-gone': {
    level: 'warning',
    text: 'the message cannot be read that a push script is told of',
    when: 'A message was taken away, or cannot be read, before a push script was told of it: fields that are read from it are empty.',
    fields: { user, mailbox, cause },
  },
  'push-dropped': {
    level: 'warning',
    text: 'push scripts are not told of {events} events of {user}',
    when: 'More notifications wait than push-max-waiting lets. The mail is where it is.',
    fields: {
      user: { ...user, twice: true },
      events: { type: 'number', meaning: 'how many', twice: true },
      cause,
    },
  },
  'push-given-up': {
    level: 'warning',
    text: '{notifications} notifications given up at the end',
    when: 'The process ended before push scripts were told of everything; shutdown-timeout is how long they have.',
    fields: { notifications: { type: 'number', meaning: 'how many, those that were under way included' } },
  },
} as const satisfies Readonly<Record<string, EventSpec>>;
