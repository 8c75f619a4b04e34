// How long clients and next hops are waited for; some of these are for both. Rows of option-table.ts.
import { integer, type OptionSpec, seconds } from './option-spec.ts';

export const timeoutsOptions = {
  'smtp-command-timeout': seconds(
    300,
    'Waiting for a whole command of the client, however its bytes come, or for a reply of the next hop to a command.',
  ),
  'smtp-data-timeout': seconds(180, 'Waiting for message data.'),
  'smtp-data-min-rate': integer(
    100,
    0,
    1_000_000_000,
    'bytes/s',
    'A client that sends message data slower than this gets 421: the average over the message, of the time spent waiting for the client, beyond smtp-data-timeout. 0 is no limit.',
  ),
  'smtp-accept-timeout': seconds(60, 'Connecting to a next hop, for each address.'),
  'smtp-dot-timeout': seconds(600, 'Waiting for the reply of the next hop to the final dot.'),
  'smtp-reply-timeout': seconds(
    300,
    'Sending replies to the client: all that was sent must be read within it.',
  ),
} as const satisfies Record<string, OptionSpec>;
