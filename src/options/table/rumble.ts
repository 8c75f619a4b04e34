// Scripts written for the Rumble mail server (doc/rumble.md). Rows of option-table.ts.
import { atStart, integer, type OptionSpec, seconds, text } from './option-spec.ts';

export const rumbleOptions = {
  'load-script': atStart(
    text(
      '',
      'any',
      'Lua scripts as Rumble has them (doc/rumble.md), loaded in this order: their hooks are asked before the policy, and services that they create are served. Separated by blanks.',
    ),
  ),
  'rumble-allow': atStart(
    text(
      '',
      'any',
      'What scripts may do by the functions of Rumble: words of accounts (domains and accounts), mail (letters), send (Mailman.sendMail), control (suspend, resume, stop and start services). Empty: none of it.',
    ),
  ),
  'rumble-service-address': atStart(
    text(
      '127.0.0.1',
      'addresses',
      'Addresses at which services of scripts listen (Rumble.createService), separated by blanks. Empty: every address.',
    ),
  ),
  'rumble-service-queue': atStart(
    integer(
      10,
      0,
      10_000,
      'connections',
      'Connections of a service that wait while all of its threads are busy, for each worker; further ones are closed.',
    ),
  ),
  'rumble-receive-timeout': atStart(
    seconds(10, 'How long session:receive and session:receivebytes of such a script wait for a client.'),
  ),
  'rumble-receive-max': atStart(
    integer(
      10_240,
      1,
      1_048_576,
      'KiB',
      'The most that one session:receivebytes may ask for; more is an error of the script.',
    ),
  ),
} as const satisfies Record<string, OptionSpec>;
