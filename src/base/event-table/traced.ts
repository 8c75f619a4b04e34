// Steps of a session that are told only while somebody follows it (observe/trace): what hooks are called with and return, what is waited for and
// what came of that. They make no log lines. Nobody listens as a rule, and then nothing is made for them.
import type { EventSpec } from './event-spec.ts';
import { cause } from './fields.ts';

const hook = {
  type: 'text',
  meaning: 'the hook, as `mail`; of a script `accept`, `close`, `command noop`',
} as const;
const script = {
  type: 'text',
  optional: true,
  meaning:
    'the file of a script of option load-script whose function it is; not there when it is a hook of the policy',
} as const;
const seconds = { type: 'number', unit: 's', meaning: 'how long it took' } as const;
const place = { type: 'text', meaning: '`file:line` in the policy, empty when it is not known' } as const;
const what = { type: 'text', meaning: 'what is waited for' } as const;
const outcome = { type: 'text', meaning: 'what came of it, empty when there is nothing to say' } as const;

export const tracedEvents = {
  'service-begins': {
    level: 'none',
    text: '',
    when: 'A connection to a service of a script (`Rumble.createService`) has its turn: its function is called.',
    fields: {
      client: { type: 'text', meaning: 'address of the client' },
      port: { type: 'number', meaning: 'its port' },
      listener: { type: 'text', meaning: 'the service: `service 2705`' },
    },
  },
  'service-ends': {
    level: 'none',
    text: '',
    when: 'That function has returned, has failed, or was cut off.',
    fields: { end: { type: 'text', meaning: 'what became of it in words' } },
  },
  'hook-begins': {
    level: 'none',
    text: '',
    when: 'A hook that the policy or a script has is called; those that get the content line by line (`hook-lines`) are not told one by one.',
    fields: {
      hook,
      script,
      args: { type: 'text', meaning: 'its arguments as Lua writes them, long ones cut' },
      place: { ...place, meaning: '`file:line` where it is defined, empty when it is not known' },
      secret: { type: 'flag', meaning: 'a password may be in what it does: nothing of that is shown' },
    },
  },
  'hook-ends': {
    level: 'none',
    text: '',
    when: 'It has returned, has failed, or was cut off.',
    fields: { hook, script, result: { type: 'text', meaning: 'its reply, or what became of it in words' } },
  },
  'hook-lines': {
    level: 'none',
    text: '',
    when: '`hook.body` or `hook.content` has got some of a message.',
    fields: {
      hook,
      calls: { type: 'number', meaning: 'how often it was called' },
      result: { type: 'text', meaning: 'as in `hook-ends`, of the last call; empty when it said nothing' },
      seconds,
    },
  },
  'hook-waits': {
    level: 'none',
    text: '',
    when: 'A function of the API that was called by a hook waits.',
    fields: { function: { type: 'text', meaning: 'its full name' }, what, place },
  },
  'hook-goes-on': {
    level: 'none',
    text: '',
    when: 'That is over: the hook goes on, or was cut off.',
    fields: { function: { type: 'text', meaning: 'its full name' }, outcome },
  },
  'session-waits': {
    level: 'none',
    text: '',
    when: 'A session waits for something that no hook has asked for.',
    fields: {
      for: { type: 'text', meaning: '`dns`, `users`, `pause`, `next hop`' },
      what,
    },
  },
  'session-goes-on': {
    level: 'none',
    text: '',
    when: 'That is over.',
    fields: { for: { type: 'text', meaning: 'as in `session-waits`' }, outcome },
  },
  'dns-told': {
    level: 'none',
    text: '',
    when: 'A question of a policy has its answer, or has none.',
    fields: {
      question: { type: 'text', meaning: 'type and name that were asked for' },
      outcome: { type: 'text', meaning: 'the records, or why there are none' },
      seconds,
    },
  },
  'service-told': {
    level: 'none',
    text: '',
    when: 'A service that a policy has asked has done its work, or has failed.',
    fields: {
      service: { type: 'text', meaning: '`clamd`, `spamd`, `rspamd`, `http`, `client`' },
      host: { type: 'text', meaning: 'who was asked' },
      outcome: { type: 'text', meaning: 'its verdict, or what went wrong' },
      seconds,
    },
  },
  'header-changed': {
    level: 'none',
    text: '',
    when: 'A policy changes the headers of the message.',
    fields: {
      function: { type: 'text', meaning: 'its full name' },
      change: { type: 'lines', meaning: 'the header and what becomes of it' },
    },
  },
  'next-hop-connects': {
    level: 'none',
    text: '',
    when: 'A connection to a next hop is begun.',
    fields: {
      host: { type: 'text', meaning: 'the next hop as it was configured or named' },
      address: { type: 'text', meaning: 'its address' },
    },
  },
  'content-came': {
    level: 'none',
    text: '',
    when: 'The content of a message, or a chunk of it, has come, was thrown away, or will not come any more.',
    fields: {
      octets: { type: 'number', unit: 'octets', meaning: 'how much has come' },
      head: { type: 'text', meaning: 'its beginning as it was sent; of one message at most 1024 octets' },
      end: {
        type: 'text',
        meaning:
          '`dot`, `chunk`, `last chunk`, `discarded`, or `incomplete` where the client has not sent all of it',
      },
    },
  },
  'content-piece': {
    level: 'none',
    text: '',
    when: 'Octets of the content of a message have come, for a recording that keeps them.',
    fields: { octets: { type: 'text', meaning: 'as they were sent; at the end of DATA with its dot' } },
  },
  'answer-given': {
    level: 'none',
    text: '',
    when: 'A question of a policy has its answer, for a recording.',
    fields: {
      of: {
        type: 'text',
        meaning:
          '`dns`, `clamd`, `spamd`, `rspamd`, `http`, `client`, `store`, `random`, `recipient`, `accounts`, `command`',
      },
      key: { type: 'text', meaning: 'what was asked, or of whom' },
      answer: { type: 'text', meaning: 'all of it, as JSON' },
    },
  },
  'recording-written': {
    level: 'none',
    text: '',
    when: 'The file of a recorded session is there (option record-dir).',
    fields: { octets: { type: 'number', unit: 'octets', meaning: 'its size' } },
  },
  'recordings-lost': {
    level: 'warning',
    text: 'sessions are not recorded',
    when: 'Recordings (option record-dir) could not be written, or not as fast as they came. Told when it begins, and with their number when it is over.',
    fields: {
      count: { type: 'number', meaning: 'how many, since it was told last' },
      cause,
    },
  },
  'client-written': {
    level: 'none',
    text: '',
    when: 'A policy writes to the client by itself.',
    fields: { text: { type: 'lines', meaning: 'what it writes' } },
  },
} as const satisfies Readonly<Record<string, EventSpec>>;
