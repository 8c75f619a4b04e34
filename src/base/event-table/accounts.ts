// Events of accounts (options rumble-database, rumble-storage).
import type { EventSpec } from './event-spec.ts';
import { cause } from './fields.ts';

export const accountsEvents = {
  'accounts-fault': {
    level: 'err',
    text: 'accounts cannot be read or changed: {cause}',
    when: 'The database of accounts, or a directory of their mail, cannot be used. Mail for them is to come again (451).',
    fields: { cause },
  },
  'accounts-letters-denied': {
    level: 'warning',
    text: '{count} letters of {account} may not be read, and are left out of a list: {cause}',
    when: 'Files in a mailbox are another user’s, as a program has put them there that runs under another name. They are listed when `smtpe` may read them. Any other error fails the list.',
    fields: {
      count: { type: 'number', meaning: 'how many' },
      account: { type: 'text', meaning: 'whose they are' },
      cause: { type: 'text', meaning: 'why the first of them may not' },
    },
  },
  'accounts-thread-lost': {
    level: 'warning',
    text: 'letters of accounts are read more slowly: {cause}',
    when: 'The thread that reads the header fields of letters has died, cannot be started, or a file system does not answer it. They are read without it; a minute later, when it has ended, there is another.',
    fields: { cause },
  },
  'accounts-moved-beside': {
    level: 'warning',
    text: 'mail was moved to {place}: there is something else where it should be',
    when: 'An account or a domain got another name, or was deleted, and the directory that its mail was to be moved to is there already.',
    fields: {
      place: { type: 'text', meaning: 'where the mail is now' },
      directory: { type: 'text', meaning: 'where it was' },
      wanted: { type: 'text', meaning: 'where it should be' },
    },
  },
} as const satisfies Readonly<Record<string, EventSpec>>;
