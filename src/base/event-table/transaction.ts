// Events of transactions: what became of a message.
import type { EventSpec } from './event-spec.ts';
import { cause, client, transaction } from './fields.ts';

const envelope = {
  transaction,
  sender: { type: 'text', meaning: 'reverse path' },
  recipients: { type: 'number', meaning: 'how many recipients there are' },
  recipient: { type: 'text', optional: true, meaning: 'the first of them' },
  others: {
    type: 'text',
    optional: true,
    meaning: 'the others, separated by commas, as far as 1000 characters go',
  },
  bytes: { type: 'number', unit: 'octets', meaning: 'size of the content as received' },
} as const;

const answered = {
  ...envelope,
  code: { type: 'number', meaning: 'the code of the reply to the dot' },
  cause: { type: 'text', meaning: 'who decided, and why' },
  client,
  final_sender: {
    type: 'text',
    optional: true,
    meaning:
      'reverse path that it goes on with; this and the next ones only where the policy has changed the envelope',
  },
  final_recipients: { type: 'number', optional: true, meaning: 'how many recipients it goes on with' },
  final_recipient: { type: 'text', optional: true, meaning: 'the first of them' },
  final_others: {
    type: 'text',
    optional: true,
    meaning: 'the others, as in `others`, as far as 400 characters go',
  },
} as const;

const file = { type: 'text', meaning: 'path of the file of the message' } as const;

export const transactionEvents = {
  'tx-begin': {
    level: 'none',
    text: '',
    when: 'MAIL was accepted.',
    fields: { transaction, sender: envelope.sender },
  },
  'tx-rcpt': {
    level: 'none',
    text: '',
    when: 'RCPT was accepted.',
    fields: {
      transaction,
      recipient: { type: 'text', meaning: 'the recipient as the client wrote it' },
      recipients: envelope.recipients,
    },
  },
  'rcpt-unavailable': {
    level: 'warning',
    text: 'recipient cannot be checked: {cause}',
    when: 'Who knows the recipients could not be asked about one.',
    fields: {
      source: { type: 'text', meaning: 'who was asked' },
      recipient: { type: 'text', meaning: 'the recipient as the client wrote it' },
      cause,
    },
  },
  'tx-data': {
    level: 'none',
    text: '',
    when: 'The content of a message may come: DATA was answered with 354, or a first chunk (BDAT) begins.',
    fields: { transaction },
  },
  'authres-removed': {
    level: 'info',
    text: 'authres',
    when: 'Authentication-Results headers that claimed to be ours, or could not be read, were removed from a message.',
    fields: { transaction, removed: { type: 'number', meaning: 'how many' } },
  },
  'tx-commit': {
    level: 'info',
    text: 'message accepted',
    when: 'The dot of a message was answered with 2xx: a next hop or the policy has it.',
    fields: answered,
  },
  'tx-discard': {
    level: 'info',
    text: 'message thrown away',
    when: 'The dot of a message was answered with 2xx and nobody has it: `smtp-default-at-dot=250`.',
    fields: answered,
  },
  'tx-rollback': {
    level: 'info',
    text: 'message refused',
    when: 'The dot of a message was answered with 4xx or 5xx, or a chunk of it was.',
    fields: answered,
  },
  'tx-incomplete': {
    level: 'notice',
    text: 'message incomplete, dropped',
    when: 'A session, or by RSET or EHLO a transaction, ends before the dot or the last chunk of a message that has begun.',
    fields: { ...envelope, cause: { type: 'text', meaning: 'why the session ended' }, client },
  },
  'tx-unheard': {
    level: 'notice',
    text: 'client gone before the reply at dot',
    when: 'A client has left while its message was handed on: it will not hear what became of that.',
    fields: { transaction, outcome: { type: 'text', meaning: 'what became of the message' } },
  },
  'spool-fault': {
    level: 'err',
    text: 'cannot store the message',
    when: 'The file of a message cannot be written: the message is refused.',
    fields: { transaction, file, cause },
  },
  'not-signed': {
    level: 'err',
    text: 'the message could not be signed',
    when: 'A signature that `dkim.sign` or `arc.seal` asked for could not be made: option `dkim-sign-failure` says what becomes of the message.',
    fields: { transaction, cause },
  },
  'content-changed': {
    level: 'info',
    text: 'content of the message changed',
    when: 'What `mime.add_footer`, `mime.remove` and `mime.replace` asked for was written.',
    fields: {
      transaction,
      changes: { type: 'number', meaning: 'how many parts were changed' },
      bytes: { type: 'number', unit: 'octets', meaning: 'size of the message before' },
      became: { type: 'number', unit: 'octets', meaning: 'its size now, without edits of headers' },
    },
  },
  'content-unchanged': {
    level: 'notice',
    text: 'content of the message not changed',
    when: 'A change of the content was asked for and not made: `on_defect` said whether the message is refused or left.',
    fields: {
      transaction,
      change: { type: 'text', meaning: 'what was asked for' },
      cause: { type: 'text', meaning: 'why it was not made; a word of `mime.add_footer`, and details' },
      outcome: { type: 'text', meaning: '`refused`, `left`' },
    },
  },
  'file-changed': {
    level: 'err',
    text: 'the file of the message was changed',
    when: 'The policy did to the file of the message what it may not: the message is refused.',
    fields: { transaction, file, cause },
  },
} as const satisfies Readonly<Record<string, EventSpec>>;
