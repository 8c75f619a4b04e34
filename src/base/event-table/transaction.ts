// Events of transactions: what became of a message.
import type { EventSpec } from './event-spec.ts';
import { cause, client, host, transaction } from './fields.ts';

const envelope = {
  transaction,
  sender: { type: 'text', meaning: 'reverse path' },
  recipients: { type: 'number', meaning: 'how many recipients there are' },
  bytes: { type: 'number', unit: 'octets', meaning: 'size of the content as received' },
} as const;

const answered = {
  ...envelope,
  code: { type: 'number', meaning: 'the code of the reply to the dot' },
  cause: { type: 'text', meaning: 'who decided, and why' },
  client,
} as const;

/** Of a stage, waiting included. */
const took = (meaning: string) => ({ type: 'number', unit: 'ms', optional: true, meaning }) as const;

const recipientRow = {
  to: { type: 'text', meaning: 'the recipient as the client wrote it' },
  status: {
    type: 'number',
    optional: true,
    meaning:
      'what became of the message for him: 250, or the code of the refusal; absent when the message is lost',
  },
  why: { type: 'text', optional: true, meaning: 'why, where it is not that of the message' },
  change: {
    type: 'text',
    optional: true,
    meaning:
      '`added` or `removed` by the policy: the client does not know; one who is removed does not get it',
  },
} as const;

const file = { type: 'text', meaning: 'path of the file of the message' } as const;

export const transactionEvents = {
  mail: {
    level: 'info',
    text: 'mail',
    when: 'A transaction is over: exactly once for each MAIL that was understood, whatever became of it.',
    fields: {
      result: {
        type: 'text',
        meaning:
          '`accepted`: the client was told so, and a next hop or the policy has the message; `discarded`: the client was told so, and nobody has it (`smtp-default-at-dot=250`); `refused`: 5xx; `deferred`: 4xx; `lost`: it ended before anybody had said anything about the message, for `cause`',
      },
      from: { type: 'text', meaning: 'reverse path, empty for the null sender' },
      transaction,
      message_id: {
        type: 'text',
        optional: true,
        meaning: 'header Message-ID, where the message came and has one',
      },
      bytes: { type: 'number', unit: 'octets', meaning: 'size of the content as received' },
      sent_bytes: {
        type: 'number',
        unit: 'octets',
        optional: true,
        meaning: 'size with which it went to the next hop, when that is another one',
      },
      code: {
        type: 'number',
        optional: true,
        meaning: 'code of the reply that decided; absent when the message is lost',
      },
      cause: { type: 'text', meaning: 'who decided, and why' },
      unheard: {
        type: 'flag',
        optional: true,
        meaning: '`true`: the client had gone and has not heard the reply; it may send the message again',
      },
      client,
      host: { ...host, optional: true, meaning: 'name of the client, when it has one' },
      helo: { type: 'text', meaning: 'what the client calls itself' },
      listener: { type: 'text', optional: true, meaning: 'the listener, where it has a name' },
      tls: { type: 'text', optional: true, meaning: 'version of TLS with the client' },
      user: { type: 'text', optional: true, meaning: 'who has authenticated' },
      next_hop: { type: 'text', optional: true, meaning: 'who was given the message, or tried last' },
      next_hop_tls: { type: 'text', optional: true, meaning: 'version of TLS with the next hop' },
      queue_id: {
        type: 'text',
        optional: true,
        meaning: 'by what name the next hop has it, when its reply says so: search its log for that',
      },
      ms_mail: took(
        'from MAIL to its reply, `hook.mail` and the question to the next hop included; this and the next ones are absent below 1',
      ),
      ms_rcpt: took('the same for RCPT, all together'),
      ms_data: took('from 354, or the first chunk, to the end of the content'),
      ms_policy: took('in hooks, all together'),
      ms_forward: took('from handing the message to the next hop to its reply'),
      policy: { type: 'number', meaning: 'revision of the policy that decided' },
      final_from: {
        type: 'text',
        optional: true,
        meaning: 'reverse path that it goes on with, where the policy has changed it',
      },
      recipients: { type: 'number', meaning: 'how many RCPT were answered' },
      to_more: {
        type: 'number',
        optional: true,
        meaning:
          'how many recipients are left out of `to`, which has at most 100, and about 4000 characters; lines `recipients` in front of this one have them',
      },
      to: {
        type: 'list',
        meaning: 'the recipients: taken ones, those whom the policy has added, refused ones',
        row: recipientRow,
      },
    },
  },
  'mail-recipients': {
    level: 'info',
    text: 'recipients',
    when: 'A transaction is over that has more recipients than `mail` has room for: the others, in front of it, as many in each line as `mail` has.',
    fields: {
      transaction,
      to: { type: 'list', meaning: 'recipients, as in `mail`', row: recipientRow },
    },
  },
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
    level: 'none',
    text: '',
    when: 'The dot of a message was answered with 2xx: a next hop or the policy has it.',
    fields: answered,
  },
  'tx-discard': {
    level: 'none',
    text: '',
    when: 'The dot of a message was answered with 2xx and nobody has it: `smtp-default-at-dot=250`.',
    fields: answered,
  },
  'tx-rollback': {
    level: 'none',
    text: '',
    when: 'The dot of a message was answered with 4xx or 5xx, or a chunk of it was.',
    fields: answered,
  },
  'tx-incomplete': {
    level: 'none',
    text: '',
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
