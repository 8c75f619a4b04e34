// Events of services: what clamd, spamd, web servers and other ones that a policy asked had to say.
import type { EventSpec } from './event-spec.ts';
import { cause } from './fields.ts';

const fields = {
  host: { type: 'text', meaning: 'who was asked' },
  elapsed: { type: 'number', unit: 's', meaning: 'how long it took' },
} as const;
const failed = { cause, ...fields } as const;

const answer = 'The service has done what a policy asked of it.';
const failure = 'The service could not be asked, or gave no answer that can be used.';

export const serviceEvents = {
  'service-clamd': {
    level: 'info',
    text: 'service clamd',
    verbose: ['service', 'clamd'],
    when: answer,
    fields,
  },
  'service-spamd': {
    level: 'info',
    text: 'service spamd',
    verbose: ['service', 'spamd'],
    when: answer,
    fields,
  },
  'service-rspamd': {
    level: 'info',
    text: 'service rspamd',
    verbose: ['service'],
    when: answer,
    fields,
  },
  'service-http': {
    level: 'info',
    text: 'service http',
    verbose: ['service', 'http'],
    when: answer,
    fields,
  },
  'service-client': { level: 'info', text: 'service client', verbose: ['service'], when: answer, fields },
  'service-clamd-failed': {
    level: 'warning',
    text: 'service clamd failed: {cause}',
    when: failure,
    fields: failed,
  },
  'service-spamd-failed': {
    level: 'warning',
    text: 'service spamd failed: {cause}',
    when: failure,
    fields: failed,
  },
  'service-rspamd-failed': {
    level: 'warning',
    text: 'service rspamd failed: {cause}',
    when: failure,
    fields: failed,
  },
  // That a web server does not answer is the business of whoever wrote the mail; that a scanner does not is ours.
  'service-http-failed': {
    level: 'notice',
    text: 'service http failed: {cause}',
    when: failure,
    fields: failed,
  },
  'service-client-failed': {
    level: 'notice',
    text: 'service client failed: {cause}',
    when: failure,
    fields: failed,
  },
  'service-bug': {
    level: 'err',
    text: 'internal error in service {kind}: {cause}',
    when: 'A bug while a service was asked; the policy gets an error.',
    fields: { kind: { type: 'text', meaning: '`clamd`, `spamd`, `http` or `client`' }, cause },
  },
} as const satisfies Readonly<Record<string, EventSpec>>;
