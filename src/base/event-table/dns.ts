// Events of the resolver and of the module dns.
import type { EventSpec } from './event-spec.ts';
import { cause } from './fields.ts';

const question = { type: 'text', meaning: 'class, type and name that were asked for' } as const;
const rcode = { type: 'text', meaning: 'the code of the answer, as `dns.rcodename` has it' } as const;
const type = { type: 'text', meaning: 'type of the record' } as const;
const server = { type: 'text', meaning: 'address and port of the name server' } as const;
const file = { type: 'text', meaning: 'path of the file' } as const;
const asked = { type: 'text', meaning: 'who is asked instead' } as const;

export const dnsEvents = {
  'dns-answer': {
    level: 'info',
    text: 'dns {question}: {rcode}, {records} records',
    verbose: ['dns'],
    when: 'A question of a policy was answered.',
    fields: { question, rcode, records: { type: 'number', meaning: 'how many records' } },
  },
  'dns-fault': {
    level: 'info',
    text: 'dns {question}: {rcode}: {cause}',
    when: 'A question of a policy was answered with an error.',
    fields: { question, rcode, cause },
  },
  'dns-no-answer': {
    level: 'notice',
    text: 'dns {question}: {rcode}: {cause}',
    when: 'A question of a policy was not answered.',
    fields: { question, rcode, cause },
  },
  'dns-not-open': {
    level: 'err',
    text: 'dns.query without dns.open: {type} {name} is not asked',
    when: 'A policy called `dns.query` before `dns.open`.',
    fields: { type, name: { type: 'text', meaning: 'the name that was to be asked for' } },
  },
  'dns-trace': {
    level: 'info',
    text: 'dns {question}: {step}',
    verbose: ['dns'],
    when: 'A step of the resolver: what it asks whom, and what becomes of that.',
    fields: { question, step: { type: 'text', meaning: 'what it does' } },
  },
  'dns-no-host': {
    level: 'info',
    text: 'no name of {address}: {cause}',
    when: 'The name of a client could not be looked up.',
    fields: { address: { type: 'text', meaning: 'address of the client' }, cause },
  },
  'dns-no-address': {
    level: 'info',
    text: '{type} of {host}: {cause}',
    when: 'The addresses of a next hop or a service could not be looked up.',
    fields: { type, host: { type: 'text', meaning: 'its name' }, cause },
  },
  'dns-queries-limit': {
    level: 'warning',
    text: 'dns: {cause}',
    when: 'More questions at once than `dns-max-queries`.',
    fields: { cause },
  },
  'dns-server-down': {
    level: 'warning',
    text: 'name server {server} does not answer: {cause}',
    when: 'A name server does not answer and is left alone for a while.',
    fields: { server, cause },
  },
  'dns-server-up': {
    level: 'notice',
    text: 'name server {server} answers again',
    when: 'A name server that did not answer does.',
    fields: { server },
  },
  'dns-edns-lost': {
    level: 'info',
    text: 'queries with EDNS to {server} get lost: asking without for {minutes} min',
    when: 'A name server answers only questions without EDNS.',
    fields: { server, minutes: { type: 'number', unit: 'min', meaning: 'for how long' } },
  },
  'dns-file-empty': {
    level: 'warning',
    text: '{file} names no name server; asking {asked}',
    when: '`resolv.conf` names no name server.',
    fields: { file, asked },
  },
  'dns-file-fault': {
    level: 'warning',
    text: 'cannot read {file}: {cause}; asking {asked}',
    when: '`resolv.conf` cannot be read.',
    fields: { file, cause, asked },
  },
} as const satisfies Readonly<Record<string, EventSpec>>;
