// Where connections are accepted, and under what name. Rows of option-table.ts.
import {
  atStart,
  forListener,
  inProcess,
  integer,
  type OptionSpec,
  seconds,
  text,
  untilRestart,
} from './option-spec.ts';

export const listeningOptions = {
  'smtp-listen': untilRestart(
    atStart(
      text(
        '',
        'listeners',
        'Where to listen, in place of smtp-server-address and smtp-server-port: [name=]address:port[/flag...], separated by blank, comma or semicolon, such as "mx=0.0.0.0:25 submission=[::]:587/auth-required"; * is every address. Addresses of one name are one listener. Empty: smtp-server-address and smtp-server-port.',
      ),
    ),
  ),
  'smtp-server-address': untilRestart(
    inProcess(
      text(
        '',
        'addresses',
        'Addresses to listen on, separated by blank, comma or semicolon. Empty: all, IPv6 and IPv4.',
      ),
    ),
  ),
  'smtp-server-port': untilRestart(
    inProcess(integer(25, 0, 65_535, 'port', 'TCP port to listen on; 0 picks a free one.')),
  ),
  'smtp-server-queue': forListener(
    untilRestart(
      inProcess(
        integer(
          4096,
          1,
          65_535,
          'connections',
          'New connections that the system keeps until they are accepted; in a larger burst clients are forgotten and wait for minutes. The system allows no more than net.core.somaxconn.',
        ),
      ),
    ),
  ),
  'smtp-proxy-hosts': forListener(
    inProcess(
      text(
        '',
        'networks',
        'Load balancers whose connections begin with a header of the PROXY protocol, version 1 or 2: it is required from them, says who the client is, and is taken from nobody else. Empty: from nobody.',
      ),
    ),
  ),
  'smtp-proxy-timeout': forListener(
    inProcess(seconds(5, 'The longest that the header of the PROXY protocol may take.')),
  ),
  'host-name': untilRestart(
    atStart(
      text(
        '',
        'host-name',
        'Our name in the banner, EHLO to the next hop and smtpe.host. Empty: the name of the machine.',
      ),
    ),
  ),
} as const satisfies Record<string, OptionSpec>;
