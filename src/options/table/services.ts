// Clients of clamd, spamd and web servers, and connections of a policy's own. Rows of option-table.ts.
import { inProcess, integer, type OptionSpec, seconds, text } from './option-spec.ts';

export const servicesOptions = {
  'service-connect-timeout': seconds(
    10,
    'Connecting to clamd, spamd, rspamd or a web server, for each address; also the longest look-up of its name.',
  ),
  'spamd-max-size': integer(
    524_288,
    0,
    1_073_741_824,
    'bytes',
    'The most of a message that is sent to spamd: what is longer is checked by its beginning, and refused by PROCESS. 0 is no limit.',
  ),
  'rspamd-max-size': integer(
    52_428_800,
    0,
    1_073_741_824,
    'bytes',
    'The longest message that is given to rspamd, which has such a limit itself (max_message): a longer one is an error. 0 is no limit.',
  ),
  'http-timeout': seconds(30, 'The longest that a service.http.request may take, from look-up to last byte.'),
  'http-max-size': integer(
    10_485_760,
    1,
    1_073_741_824,
    'bytes',
    'The largest content of an HTTP response, as received and as decoded; a larger one is an error.',
  ),
  'http-max-memory': inProcess(
    integer(
      256,
      1,
      65_536,
      'MiB',
      'Memory for HTTP responses that policies have not fetched yet, of all connections; beyond it requests fail.',
    ),
  ),
  'http-allow-reserved': text(
    '',
    'networks',
    'Networks that service.http.request may connect to although they are not on the Internet, e.g. 127.0.0.0/8 10.1.2.3.',
  ),
  'http-refuse': text(
    '',
    'networks',
    'Networks that service.http.request must not connect to, whatever http-allow-reserved says, e.g. 198.51.100.0/24.',
  ),
  'http-ca-file': inProcess(
    text('', 'path', 'PEM file of authorities that https servers are trusted by, besides the usual ones.'),
  ),
  'tcp-timeout': seconds(
    30,
    'The longest that connect, send and receive of a socket of a policy (require "socket", "redis") wait, each, when the policy has set no time of its own.',
  ),
  'tcp-max-connections': integer(
    10,
    0,
    10_000,
    'connections',
    'Connections that the policy of a client may have open at once by require "socket" or "redis".',
  ),
  'tcp-max-size': integer(
    10_485_760,
    1,
    1_073_741_824,
    'bytes',
    'The most that one receive of such a connection takes; a longer line or content is an error, and the connection is closed.',
  ),
} as const satisfies Record<string, OptionSpec>;
