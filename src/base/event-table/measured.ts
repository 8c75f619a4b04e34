// Events that are there to be counted: how often something was done, how it ended and how long it took. They make no log lines and are
// reported only while somebody counts (option admin-listen).
import type { EventSpec } from './event-spec.ts';

const seconds = { type: 'number', unit: 's', meaning: 'how long it took, waiting included' } as const;
const result = { type: 'text', meaning: 'how it ended' } as const;

export const measuredEvents = {
  'command-answered': {
    level: 'none',
    text: '',
    when: 'A reply goes to the client, the banner and the last word included.',
    fields: {
      command: { type: 'text', meaning: 'the command in hand, of AUTH the verb only; empty: none' },
      code: { type: 'number', meaning: 'the code of the reply' },
      cause: { type: 'text', meaning: 'as in `protocol-refusal`' },
    },
  },
  'hook-called': {
    level: 'none',
    text: '',
    when: 'A hook has returned or failed.',
    fields: {
      hook: { type: 'text', meaning: 'the hook, as `mail`' },
      result: {
        type: 'text',
        meaning:
          '`none`, `reply2`, `reply3`, `reply4`, `reply5`, `drop`, `error`, `cpu_limit`, `time_limit`, `memory`, `pending`, `cancelled`',
      },
      seconds,
      processor: {
        type: 'number',
        unit: 's',
        meaning: 'how long Lua ran in it: `seconds` without what it has waited for',
      },
    },
  },
  'connection-shed': {
    level: 'none',
    text: '',
    when: 'A connection is answered 421 because this process has more to do than it can, before `link-refused`.',
    fields: { cause: { type: 'text', meaning: '`lag`, `memory`, `spool`, `descriptors`' } },
  },
  'link-greeted': {
    level: 'none',
    text: '',
    when: 'It is settled what becomes of a session: the banner goes out, or a reply in its place, or it ends without either. Once in each session.',
    fields: {
      by: {
        type: 'text',
        meaning:
          '`banner`; `hook.accept` where that has refused or dropped the client; else the name of the error, empty where nothing was said',
      },
      listener: { type: 'text', meaning: 'the listener, where it has a name', optional: true },
    },
  },
  'session-over': {
    level: 'none',
    text: '',
    when: 'A session is over, behind `link-disconnect`.',
    fields: {
      reason: {
        type: 'text',
        meaning: '`quit`, `dropped`, `limit`, `timeout`, `lost`, `error`, `shutdown`',
      },
      seconds,
    },
  },
  'tls-handshake': {
    level: 'none',
    text: '',
    when: 'A TLS handshake with a client or a next hop has ended, or has failed.',
    fields: {
      side: { type: 'text', meaning: '`in`: a client; `out`: a next hop' },
      version: { type: 'text', meaning: 'of TLS, empty when it has failed' },
      result: { ...result, meaning: '`full`, `resumed`, `failed`' },
      seconds,
    },
  },
  'dns-asked': {
    level: 'none',
    text: '',
    when: 'A question was answered, from the cache or by a name server, or was not.',
    fields: {
      outcome: { ...result, meaning: '`cache`, `ok`, `nxdomain`, `servfail`, `timeout`, `other`' },
      seconds: { ...seconds, meaning: 'how long it took; 0 from the cache' },
    },
  },
  'next-hop-tried': {
    level: 'none',
    text: '',
    when: 'An attempt to hand a message, or a question about an address, to a next hop has ended.',
    fields: {
      host: { type: 'text', meaning: 'the next hop as it was configured or named' },
      stage: { type: 'text', meaning: 'how far the dialogue had come; of a success `dot` or `rcpt`' },
      result: { ...result, meaning: '`delivered`, `verified`, `refused`, `failed`' },
      seconds,
    },
  },
  'store-asked': {
    level: 'none',
    text: '',
    when: 'A policy has called a function of module `store`, and has its answer.',
    fields: {
      store: { type: 'text', meaning: '`store`, or `store.NAME`' },
      op: { type: 'text', meaning: 'the function' },
      result: { ...result, meaning: '`ok`, or the cause that the policy is told' },
      seconds,
    },
  },
  'sender-checked': {
    level: 'none',
    text: '',
    when: 'SPF, DKIM, DMARC or ARC of a message was evaluated.',
    fields: {
      method: { type: 'text', meaning: '`spf`, `dkim`, `dmarc`, `arc`' },
      result: { ...result, meaning: 'as Authentication-Results has it' },
    },
  },
} as const satisfies Readonly<Record<string, EventSpec>>;
