// Questions to name servers. Rows of option-table.ts.
import {
  atStart,
  flag,
  forListener,
  inProcess,
  integer,
  type OptionSpec,
  seconds,
  text,
  untilRestart,
} from './option-spec.ts';

export const dnsOptions = {
  'dns-servers': untilRestart(
    atStart(
      text(
        '',
        'servers',
        'Name servers, address or address:port, separated by blank, comma or semicolon. Empty: /etc/resolv.conf.',
      ),
    ),
  ),
  'dns-trusted': inProcess(
    flag(
      false,
      'Believe the name servers when they say that an answer is authenticated (DNSSEC), though they are not on this machine: for a network where nobody can change what they say. For smtp-forward-tls=dane.',
    ),
  ),
  'dns-max-timeout': seconds(45, 'The longest that a DNS query may take, retries included.'),
  'dns-client-timeout': forListener(
    inProcess(seconds(10, 'The longest that the look-up of the name of a connecting client may take.', 0)),
  ),
  'dns-round-robin': inProcess(
    flag(false, 'Ask the name servers one after the other instead of trying the first one first.'),
  ),
  'dns-ignore-tcp': inProcess(flag(false, 'Accept truncated answers instead of asking again over TCP.')),
  'dns-cache-size': inProcess(
    integer(10_000, 0, 10_000_000, 'answers', 'Answers kept in memory; 0 keeps none.'),
  ),
  'dns-session-queries': integer(
    200,
    1,
    100_000,
    'queries',
    'The most queries that one session may have pending.',
  ),
  'dns-max-queries': inProcess(
    integer(10_000, 1, 1_000_000, 'queries', 'The most queries in flight in the process.'),
  ),
} as const satisfies Record<string, OptionSpec>;
