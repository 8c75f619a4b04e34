// Events of the server as a whole: what holds for all connections.
import type { EventSpec } from './event-spec.ts';
import { cause, client } from './fields.ts';

const limit = { type: 'number', meaning: 'descriptors that this process may have' } as const;
const reserve = { type: 'number', meaning: 'how many of them are kept back' } as const;
const advice = { type: 'text', meaning: 'what to do' } as const;

export const serverEvents = {
  'trust-fault': {
    level: 'err',
    text: 'smtp-xclient-hosts: not an address or network, trusted for nobody',
    when: 'The option names something that is no address and no network.',
    fields: { items: { type: 'text', meaning: 'what is none, separated by blanks' } },
  },
  'rate-delay': {
    level: 'err',
    text: 'connections come faster than {places}, they wait',
    when: 'More connections than `rate-global` lets in. At most once a second.',
    fields: {
      places: { type: 'text', meaning: 'the rate' },
      cause: { type: 'text', meaning: 'the option' },
      wait: { type: 'text', meaning: 'how long the next one waits' },
    },
  },
  'descriptors-scarce': {
    level: 'err',
    text: 'file descriptors are used up, connections are refused',
    when: 'The descriptors that are left are needed by those who are served. At most once in 10 s.',
    fields: { limit, reserve, advice },
  },
  'descriptors-none': {
    level: 'err',
    text: 'no file descriptor is left',
    when: 'Others have taken all descriptors of the process. At most once in 10 s.',
    fields: { limit, reserve, advice },
  },
  'overload-begins': {
    level: 'err',
    text: 'overloaded, new connections are refused: {cause}',
    when: 'The event loop is late (`limit-lag`), memory (`limit-memory`) or room for message files (`limit-spool-free`) run out. Connections get 421 4.3.2.',
    fields: { cause: { type: 'text', meaning: 'how much, and the option' } },
  },
  'overload-ends': {
    level: 'notice',
    text: 'not overloaded any more, connections are taken',
    when: 'What `overload-begins` has said is over.',
    fields: { seconds: { type: 'number', unit: 's', meaning: 'how long it took' } },
  },
  'drain-begins': {
    level: 'notice',
    text: 'draining: not ready from now on',
    when: 'Somebody has ordered it (POST /drain).',
    fields: {
      wait: { type: 'number', unit: 's', meaning: 'until new connections are turned away' },
    },
  },
  'drain-ends': {
    level: 'notice',
    text: 'not draining any more',
    when: 'Somebody has ordered it (POST /undrain).',
    fields: {},
  },
  'verbose-begins': {
    level: 'notice',
    text: 'groups of log lines switched for a time',
    when: 'Somebody has ordered it (POST /verbose).',
    fields: {
      words: { type: 'text', meaning: 'which, as option `verbose` has them' },
      seconds: { type: 'number', unit: 's', meaning: 'for how long' },
    },
  },
  'verbose-ends': {
    level: 'notice',
    text: 'groups of log lines as in the options again',
    when: 'The time of POST /verbose is over.',
    fields: {},
  },
  'session-closed': {
    level: 'notice',
    text: 'session is closed by order',
    when: 'Somebody has ordered it (POST /sessions/ID/close).',
    fields: { client },
  },
  'admin-fault': {
    level: 'err',
    text: 'error in the administration interface',
    when: 'A bug while a request was answered, which got 500; or a connection could not be accepted (at most one line in 10 s).',
    fields: { cause },
  },
  'admin-listening': {
    level: 'info',
    text: 'administration',
    when: 'The administration interface can be asked.',
    fields: { address: { type: 'text', meaning: 'where' } },
  },
  'listener-fault': {
    level: 'warning',
    text: 'listening socket',
    when: 'A listening socket has an error.',
    fields: { cause },
  },
} as const satisfies Readonly<Record<string, EventSpec>>;
