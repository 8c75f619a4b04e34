// Events of the store, in which policies remember.
import type { EventSpec } from './event-spec.ts';
import { cause } from './fields.ts';

const store = { type: 'text', meaning: '`store`, or `store.NAME`' } as const;
const times = { type: 'number', meaning: 'how often since the last line, in this process' } as const;
const directory = { type: 'text', meaning: 'where it is' } as const;
const server = { type: 'text', meaning: 'where it is' } as const;

export const storeEvents = {
  'store-down': {
    level: 'err',
    text: '{store} at {server} is down: {cause}',
    when: 'The server of a store failed several times, or cannot be connected to. Calls are answered `down` at once; it is tried again after 1, 2, 4 ... 30 s.',
    fields: { store, server, cause },
  },
  'store-up': {
    level: 'notice',
    text: '{store} at {server} is up again after {elapsed} s',
    when: 'The server of a store answers again.',
    fields: { store, server, elapsed: { type: 'number', unit: 's', meaning: 'how long it was down' } },
  },
  'store-refuses': {
    level: 'warning',
    text: '{store} at {server} refuses to write: {cause}',
    when: 'The server of a store has no room; told once a minute. Calls that write end with `limit`.',
    fields: { store, server, cause },
  },
  'store-opened': {
    level: 'info',
    text: '{store} is open',
    when: 'A process opens a store on this machine, because a policy uses it.',
    fields: { store, directory },
  },
  'store-refused': {
    level: 'err',
    text: '{store} cannot be used: {cause}',
    when: 'A store cannot be opened: every call answers `down`. It is tried again every 10 seconds while policies call.',
    fields: { store, cause },
  },
  'store-shared': {
    level: 'notice',
    text: '{store} is used by another smtpe too',
    when: 'A process that is none of ours has the same directory open.',
    fields: { store, process: { type: 'number', meaning: 'its number' }, directory },
  },
  'store-small': {
    level: 'warning',
    text: '{store} may hold {allowed} of the {wanted} bytes of store-max-memory: there is no more room where it lies',
    when: 'The file system of a store has less room than `store-max-memory` when it is opened.',
    fields: {
      store,
      allowed: { type: 'number', unit: 'bytes', meaning: 'what it may hold' },
      wanted: { type: 'number', unit: 'bytes', meaning: 'the option' },
      directory,
    },
  },
  'store-full': {
    level: 'warning',
    text: '{store} is full: entries that had time left were removed',
    when: 'There was no room for a new entry. Once a minute.',
    fields: { store, entries: { ...times, meaning: 'how many since the last line, by this process' } },
  },
  'store-write-failed': {
    level: 'warning',
    text: '{store} cannot be written: {cause}',
    when: 'The disk is full or broken: writes answer `limit` or `down`, reads go on. Once a minute.',
    fields: { store, cause, times },
  },
  'store-damaged': {
    level: 'err',
    text: '{store} was damaged, and begins empty: {cause}',
    when: 'The file of a store is too short, of another version, or has pages that cannot be right. It was moved aside.',
    fields: { store, cause, aside: { type: 'text', meaning: 'where the damaged file is now' } },
  },
  'store-damaged-value': {
    level: 'err',
    text: '{store} has damaged entries, which are left out',
    when: 'The checksum of an entry is wrong. Once a minute.',
    fields: { store, times },
  },
  'store-recount': {
    level: 'err',
    text: 'what is in {store} is counted anew: the sums were damaged',
    when: 'The checksum of what is known about the size of a store is wrong. It is counted while it is used; until then it may hold more than it should.',
    fields: { store },
  },
  'store-clock': {
    level: 'warning',
    text: 'the clock was set back by {seconds} s: entries of {store} live longer by that',
    when: 'The clock of this machine was set back by more than an hour.',
    fields: { store, seconds: { type: 'number', unit: 's', meaning: 'by how much' } },
  },
} as const satisfies Readonly<Record<string, EventSpec>>;
