// Events of delivery: what next hops said, and what kept a message from them.
import type { EventSpec } from './event-spec.ts';
import { cause } from './fields.ts';

const host = { type: 'text', meaning: 'the next hop as it was configured or named' } as const;
const address = { type: 'text', meaning: 'its address, empty before one was tried' } as const;
const peer = { type: 'text', meaning: 'address of the next hop' } as const;
const line = { type: 'text', meaning: 'the line, or in parentheses what is not shown' } as const;

const outcome = {
  host,
  address,
  stage: { type: 'text', meaning: 'how far the dialogue had come: `connect`, `mail`, `rcpt`, `dot` ...' },
  code: { type: 'number', meaning: 'code of the reply; below 200 a code of `smtp.code`, as there was none' },
  cause: { type: 'text', meaning: 'the reply, or what went wrong' },
} as const;

export const deliveryEvents = {
  'next-hop-sent': {
    level: 'debug',
    text: 'next hop >',
    verbose: ['smtp'],
    when: 'A line goes to a next hop.',
    fields: { host: peer, line },
  },
  'next-hop-said': {
    level: 'debug',
    text: 'next hop <',
    verbose: ['smtp'],
    when: 'A reply of a next hop.',
    fields: { host: peer, line },
  },
  'next-hop-refused': {
    level: 'notice',
    text: 'next hop refused',
    when: 'A next hop refused a whole message, or a check of an address.',
    fields: outcome,
  },
  'next-hop-failed': {
    level: 'warning',
    text: 'next hop failed',
    when: 'A next hop cannot be reached, or breaks off before the final dot.',
    fields: outcome,
  },
  'next-hop-unsure': {
    level: 'warning',
    text: 'next hop may or may not have the message',
    when: 'A next hop was lost between the final dot and its reply.',
    fields: outcome,
  },
  'next-hop-closed': {
    level: 'info',
    text: 'kept connection to next hop was closed',
    when: 'A connection that was kept for the next message is not there any more: another one is made.',
    fields: outcome,
  },
  'next-hop-given-up': {
    level: 'notice',
    text: 'forwarding given up',
    when: 'A session was cut off while its message was handed on.',
    fields: outcome,
  },
  'next-hop-recipients': {
    level: 'notice',
    text: 'next hop refused recipients',
    when: 'A next hop refused some recipients of a message.',
    fields: {
      host,
      address,
      refused: { type: 'number', meaning: 'how many' },
      of: { type: 'number', meaning: 'how many were asked' },
      first: { type: 'text', meaning: 'the first of them' },
      cause: { type: 'text', meaning: 'the reply to that one' },
    },
  },
  'next-hop-tls-failed': {
    level: 'warning',
    text: 'next hop offers TLS that fails, trying in clear text',
    when: 'STARTTLS was begun and failed, and `smtp-forward-tls=may` allows to send in clear text over a new connection.',
    fields: { host, address, cause },
  },
  'next-hop-full': {
    level: 'info',
    text: 'next hop takes no more connections, waiting for one of those there are',
    when: 'A next hop says 421 to a new connection while others to it stand.',
    fields: { host, address, cause },
  },
  'next-hop-eight-bit': {
    level: 'info',
    text: 'message with 8-bit content goes to a next hop without 8BITMIME',
    when: 'A next hop does not offer 8BITMIME and gets such a message all the same.',
    fields: { host, address },
  },
  'next-hop-lacks': {
    level: 'notice',
    text: 'next hop cannot have the message',
    when: 'A next hop does not offer what the message needs, and was not asked; another one may be.',
    fields: {
      host,
      address,
      lacks: {
        type: 'text',
        meaning: 'what it does not offer: `SMTPUTF8`, `8BITMIME`, `BINARYMIME`, `REQUIRETLS`',
      },
      code: { type: 'number', meaning: 'of the reply that the client gets if nobody else offers it' },
      cause: { type: 'text', meaning: 'that reply' },
    },
  },
  'report-sent': {
    level: 'info',
    text: 'report of a relayed message sent',
    when: 'A sender had asked for it (NOTIFY=SUCCESS), and the next hop of the message does not offer DSN.',
    fields: {
      sender: { type: 'text', meaning: 'who got it' },
      host,
      recipients: { type: 'number', meaning: 'how many it is about' },
    },
  },
  'report-unsent': {
    level: 'notice',
    text: 'report of a relayed message not sent',
    when: 'It could not be sent, and is not tried again.',
    fields: { sender: { type: 'text', meaning: 'who should have got it' }, cause },
  },
  'forward-fault': {
    level: 'err',
    text: 'cannot forward',
    when: '`smtp-smart-host` names nothing that a message can go to.',
    fields: { host, cause },
  },
  'forward-bug': {
    level: 'err',
    text: 'internal error while forwarding',
    when: 'A bug: the message stays with its sender.',
    fields: { error: { type: 'text', meaning: 'the exception' } },
  },
  'maildir-fault': {
    level: 'err',
    text: 'cannot store in maildir',
    when: 'A message could not be written to a maildir.',
    fields: {
      host: { type: 'text', meaning: 'the maildir' },
      stage: { type: 'text', meaning: '`content`: nothing is there; `dot`: it may be there' },
      cause,
    },
  },
} as const satisfies Readonly<Record<string, EventSpec>>;
