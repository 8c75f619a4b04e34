// Events of the dialogue with a client: lines, replies, and what hooks made of them. The only ones that happen at every command.
import type { EventSpec } from './event-spec.ts';
import { client } from './fields.ts';

export const protocolEvents = {
  'protocol-client': {
    level: 'debug',
    text: '>',
    verbose: ['smtp'],
    when: 'A client has sent a whole line that is no content.',
    fields: { line: { type: 'text', meaning: 'the line without its end; of AUTH the verb only' } },
  },
  'protocol-server': {
    level: 'debug',
    text: '<',
    verbose: ['smtp'],
    when: 'A reply below 400 goes to the client.',
    fields: { reply: { type: 'lines', meaning: 'the reply as it is sent' } },
  },
  'script-silent': {
    level: 'warning',
    text: 'a hook of a script returned ignore and has sent nothing',
    when: 'A hook of a script (option load-script) said that it had answered the client, and had not: the client gets 451.',
    fields: { command: { type: 'text', meaning: 'the command in hand; of AUTH the verb only' } },
  },
  'protocol-refusal': {
    level: 'info',
    text: 'refused',
    when: 'A reply of 4xx or 5xx goes to the client.',
    fields: {
      reply: { type: 'text', meaning: 'the reply without its last line end; of AUTH the codes only' },
      cause: {
        type: 'text',
        meaning:
          'where it comes from: the name of an error (errors.md), a hook, the next hop; `default`: no hook has said anything to this command',
      },
      command: { type: 'text', meaning: 'the command in hand; of AUTH the verb only' },
      from: { type: 'text', optional: true, meaning: 'reverse path, where MAIL was said' },
      client,
    },
  },
  'protocol-pipelining': {
    level: 'debug',
    text: 'pipeline detected',
    verbose: ['debug'],
    when: 'A client has sent a command before it had the reply to the one before. Once a session.',
    fields: {},
  },
} as const satisfies Readonly<Record<string, EventSpec>>;
