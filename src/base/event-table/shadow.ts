// Events of a shadow policy (option shadow-script), which is shown sessions when they are over.
import type { EventSpec } from './event-spec.ts';
import { cause } from './fields.ts';

const client = { type: 'text', meaning: 'address of the client' } as const;

export const shadowEvents = {
  'shadow-ready': {
    level: 'notice',
    text: 'the shadow policy is at work',
    when: 'A process of `shadow-script` has loaded its policy.',
    fields: {
      script: { type: 'text', meaning: 'the policy, as the option names it' },
      process: { type: 'number', meaning: 'its process' },
    },
  },
  shadow: {
    level: 'info',
    text: 'the shadow policy answers otherwise',
    when: 'A session is over, and `shadow-script` would have answered it otherwise. The first difference is told.',
    fields: {
      client,
      step: {
        type: 'text',
        meaning:
          'what it is an answer to, as `RCPT` or `the dot`; `header.add`, `next hop` where all replies are the same',
      },
      live: { type: 'text', meaning: 'the reply that was given, of a yes its code; `nothing`' },
      shadow: { type: 'text', meaning: 'the one that would have been given' },
      cause: { type: 'text', optional: true, meaning: 'what went wrong in the shadow policy' },
    },
  },
  'shadow-missing': {
    level: 'info',
    text: 'the shadow policy asks for what the policy in service has not asked for',
    when: 'A session is over that `shadow-script` cannot be compared by.',
    fields: { client, what: { type: 'text', meaning: 'what it asked for' } },
  },
  'shadow-failed': {
    level: 'warning',
    text: 'a session could not be shown to the shadow policy',
    when: '`hook.init` or the file level of `shadow-script` has failed.',
    fields: { client, cause },
  },
  'shadow-judged': {
    level: 'none',
    text: '',
    when: '`shadow-script` was shown sessions that are over, or is not shown some that it was to be shown.',
    fields: {
      result: { type: 'text', meaning: '`same`, `differs`, `missing`, `skipped`, `failed`' },
      count: { type: 'number', meaning: 'how many' },
    },
  },
  'shadow-skipped': {
    level: 'warning',
    text: 'sessions are not shown to the shadow policy',
    when: 'The process in service is busy (`shadow-percent-busy`), that of the shadow does not keep up, or too many sessions go on at once. Each cause is told once a minute.',
    fields: { count: { type: 'number', meaning: 'how many by this cause, since it was told last' }, cause },
  },
  'shadow-ended': {
    level: 'warning',
    text: 'the process of the shadow policy has ended',
    when: 'It died, or was ended because it took too much, or too long. Another one is started.',
    fields: {
      cause,
      process: { type: 'number', meaning: 'its process' },
      sessions: { type: 'number', meaning: 'sessions that it had in hand' },
      pause: { type: 'number', unit: 's', meaning: 'how long until the next one is started' },
    },
  },
} as const satisfies Readonly<Record<string, EventSpec>>;
