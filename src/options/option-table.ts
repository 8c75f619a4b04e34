// Every option: the single source of defaults, checks, +help, doc/reference/options.md and etc/smtpe.cf. Times are seconds unless
// the text says otherwise. `atStart`: only the option file and the command line can set it; `inProcess`: hook.init too; others:
// every hook, for its own connection. `untilRestart`: a reload (SIGHUP) cannot change it in service.
import {
  action,
  atStart,
  flag,
  inProcess,
  integer,
  type OptionSpec,
  seconds,
  text,
  untilRestart,
  word,
} from './option-spec.ts';

export type {
  ActionOption,
  FlagOption,
  IntegerOption,
  OptionChange,
  OptionScope,
  OptionSpec,
  TextOption,
  WordOption,
} from './option-spec.ts';

export const optionTable = {
  // Start and process
  file: atStart(
    text(
      '/etc/smtpe.cf',
      'path',
      'Option file, read before the command line is applied; without this option /etc/smtpe.cf, else /etc/smtpe/smtpe.cf, if they exist. Empty: none. Has no effect in an option file.',
    ),
  ),
  help: action('Print all options with their values in the form of an option file, and exit 64.'),
  info: action('Print facts about this build and the effective options with their origin, and exit 64.'),
  version: action('Print name, version and copyright, and exit 64.'),
  script: atStart(
    text('', 'path', 'The policy. Empty: /etc/smtpe.lua if it exists, else /etc/smtpe/smtpe.lua.'),
  ),
  test: untilRestart(
    atStart(flag(false, 'One session over stdin and stdout; a line that is no SMTP command runs as Lua.')),
  ),
  daemon: untilRestart(
    atStart(
      flag(
        false,
        'Detach from the terminal once connections are accepted. Log lines go to log-file or syslog-address, else to the syslog of this machine.',
      ),
    ),
  ),
  'pid-file': untilRestart(
    atStart(
      text(
        '',
        'path',
        'File for the process number while connections are accepted. One that a dead process left is replaced; a symbolic link, or a file with something else in it, is refused. Empty: none.',
      ),
    ),
  ),
  workers: untilRestart(
    atStart(
      integer(
        1,
        0,
        1024,
        'processes',
        'Worker processes that share the port; 0 is one for each processor core.',
      ),
    ),
  ),
  'worker-max-memory': atStart(
    integer(
      1024,
      0,
      1_048_576,
      'MiB',
      'A worker whose resident memory passes this is replaced; 0 is no limit. With workers=1, where nobody starts a successor, only when it is set: the process then ends in order with exit code 75, for whoever looks after it to start it again.',
    ),
  ),
  'reload-watch': untilRestart(
    atStart(
      flag(
        false,
        'Reload the policy within a second or two of a change of its script or of a module that it loads, as SIGHUP does.',
      ),
    ),
  ),
  'shutdown-timeout': inProcess(
    seconds(
      30,
      'After SIGTERM: how long transactions in progress may take before they are cut off with 421. At most 5 s after that smtpe has ended.',
      0,
    ),
  ),
  'events-wait': text('', 'any', 'Accepted for compatibility; has no effect.'),

  // Listening
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
  'smtp-server-queue': untilRestart(
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
  'host-name': untilRestart(
    atStart(
      text(
        '',
        'host-name',
        'Our name in the banner, EHLO to the next hop and smtpe.host. Empty: the name of the machine.',
      ),
    ),
  ),

  // DNS
  'dns-servers': untilRestart(
    atStart(
      text(
        '',
        'servers',
        'Name servers, address or address:port, separated by blank, comma or semicolon. Empty: /etc/resolv.conf.',
      ),
    ),
  ),
  'dns-max-timeout': seconds(45, 'The longest that a DNS query may take, retries included.'),
  'dns-client-timeout': inProcess(
    seconds(10, 'The longest that the look-up of the name of a connecting client may take.', 0),
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

  // Rates and limits
  'rate-global': inProcess(
    integer(
      100,
      0,
      1_000_000,
      'connections/s',
      'So many new connections are served in a second; the others wait for their turn, up to 30 s, then 421. 0 is off.',
    ),
  ),
  'rate-client': inProcess(
    integer(
      0,
      0,
      1_000_000,
      'connections/60s',
      'More connections of an address in 60 seconds are refused with 421; after XCLIENT the address it names counts. 0 is off.',
    ),
  ),
  'limit-connections': inProcess(
    integer(10_000, 0, 1_000_000, 'connections', 'Connections at once; more get 421. 0 is no limit.'),
  ),
  'limit-client-connections': inProcess(
    integer(
      50,
      0,
      1_000_000,
      'connections',
      'Connections at once from one address (IPv6: one /64), by the address of the connection: a proxy that speaks for its clients with XCLIENT counts as one. 0 is no limit.',
    ),
  ),
  'limit-line-length': inProcess(
    integer(
      16_384,
      512,
      65_536,
      'bytes',
      'The longest command line or answer of AUTH, CRLF included. RFC 4954 asks for 12288 for AUTH.',
    ),
  ),
  'limit-header-bytes': integer(
    1_048_576,
    1000,
    67_108_864,
    'bytes',
    'The largest header block of a message.',
  ),
  'limit-body-line': integer(
    1_048_576,
    1000,
    67_108_864,
    'bytes',
    'A longer line of the body is given to hook.body in parts of this size; the message itself is not changed.',
  ),
  'limit-received': integer(
    100,
    0,
    10_000,
    'headers',
    'A message with more Received headers goes round in circles: 554 5.4.6 at dot. 0 is no limit.',
  ),
  'limit-header-edits': integer(
    250_000,
    0,
    10_000_000,
    'edits',
    'Headers that a policy may add, insert or modify in one message; more raise an error.',
  ),
  'limit-header-edit-bytes': integer(
    4_194_304,
    0,
    268_435_456,
    'bytes',
    'Bytes of the headers that a policy adds, inserts or modifies in one message, all edits together; more raise an error.',
  ),
  'limit-mime-depth': inProcess(
    integer(
      50,
      1,
      1000,
      'levels',
      'Multiparts and embedded messages inside each other that mime.parts shows; deeper ones are not taken apart.',
    ),
  ),
  'limit-mime-parts': inProcess(
    integer(
      1000,
      1,
      100_000,
      'parts',
      'Entries of mime.parts; the rest of the message belongs to the last one.',
    ),
  ),
  'limit-mime-header-bytes': inProcess(
    integer(
      1_048_576,
      1000,
      67_108_864,
      'bytes',
      'Header block of one MIME part; what follows belongs to its body.',
    ),
  ),
  'limit-mime-boundary-length': inProcess(
    integer(250, 70, 1000, 'bytes', 'A multipart with a longer boundary is not taken apart.'),
  ),
  'limit-uris': inProcess(
    integer(
      2000,
      0,
      1_000_000,
      'URIs',
      'Entries of uri.found from the bodies of a message, and as many again from its headers.',
    ),
  ),
  'limit-uri-length': inProcess(integer(2048, 64, 65_536, 'bytes', 'Longer URIs are cut in uri.found.')),
  'limit-recipients': integer(1000, 1, 1_000_000, 'recipients', 'Recipients of a transaction; more get 452.'),
  'limit-commands': integer(
    1000,
    0,
    1_000_000,
    'commands',
    'Commands without a message in between; then 421. 0 is no limit.',
  ),
  'limit-errors': integer(
    50,
    0,
    1_000_000,
    'replies',
    '4xx and 5xx replies of a session; then 421. 0 is no limit.',
  ),
  'limit-unknown': integer(
    20,
    0,
    1_000_000,
    'commands',
    'Unknown commands of a session; then 421. 0 is no limit.',
  ),
  'limit-session-time': inProcess(
    integer(
      7200,
      0,
      604_800,
      's',
      'The longest that a session may last; then 421, also when a hook waits. A message that is being forwarded is brought to its end first. 0 is no limit.',
    ),
  ),
  'limit-pipeline-bytes': integer(
    262_144,
    4096,
    16_777_216,
    'bytes',
    'Input kept while a hook is running or the client does not read; reading pauses beyond it.',
  ),

  // Protocol
  'rfc2920-pipelining-enable': flag(false, 'Announce PIPELINING.'),
  'rfc2920-pipelining-reject': flag(
    false,
    'Refuse, with 550 5.3.3 and drop, clients that pipeline when it is not announced to them.',
  ),
  'rfc2821-angle-brackets': flag(
    false,
    'Strict paths: a sender needs a domain, and smtp-lenient lets no path through that is not in one pair of brackets.',
  ),
  'rfc2821-local-length': flag(false, 'Refuse local parts of more than 64 bytes.'),
  'rfc2821-domain-length': flag(
    false,
    'Accepted for compatibility; has no effect: domains of more than 255 bytes are refused anyway.',
  ),
  'rfc2821-literal-plus': flag(false, 'Accepted for compatibility; has no effect.'),
  'smtp-lenient': flag(
    false,
    'Take what old clients send against RFC 5321: no brackets, RCPT NOTIFY=..., and the rest of the list in doc/reference/lenient.md.',
  ),
  'smtp-strict-commands': flag(
    false,
    'With smtp-lenient: FROM: and TO: must be spelled out all the same, and nothing unknown may be among the parameters.',
  ),
  'smtp-xclient': flag(true, 'Announce and accept XCLIENT for the clients of smtp-xclient-hosts.'),
  'smtp-xclient-hosts': inProcess(
    text(
      '',
      'networks',
      'Networks whose clients may use XCLIENT and VERB, by the address of the connection. Empty: nobody (+test allows itself). Only for proxies that keep these commands from their own clients.',
    ),
  ),
  'smtp-max-size': integer(52_428_800, 0, 1_099_511_627_776, 'bytes', 'The largest message; 0 is no limit.'),
  'smtp-default-at-dot': word(
    '451',
    ['250', '451', '550'],
    'Reply at dot when nobody took the message: no next hop, no reply of hook.forward. A positive reply of another hook is not sent then. 250: the message is thrown away, and the log says so.',
  ),
  'smtp-error-url': text(
    '',
    'any',
    'Put before the error number in replies, e.g. https://mail.example.com/errors#. Empty: neither.',
  ),
  'smtp-bare-newline': word(
    'normalise',
    ['normalise', 'reject'],
    'A bare CR or LF in a message: made CRLF (CRs right before an LF are one line end with it), or the message is refused at dot with 550 5.6.0.',
  ),
  'smtp-greet-pause': inProcess(
    integer(
      0,
      0,
      60_000,
      'ms',
      'Wait before the banner. A client that sends something before it has the banner gets 554 and is dropped. 0 does neither.',
    ),
  ),
  'hook-error': word(
    'drop',
    ['drop', 'default'],
    'A hook that fails, by a Lua error or by a result that is no answer: 421 and drop, or the default reply.',
  ),
  'hook-unknown': atStart(
    word(
      'refuse',
      ['refuse', 'warn'],
      'A function in the table hook that smtpe never calls, such as hook.rcp: the policy is refused at start and at reload, or the log has a warning.',
    ),
  ),

  // Forwarding
  'smtp-smart-host': text(
    '',
    'next-hops',
    'Next hops tried in order: host, host:port, [v6]:port or maildir:PATH, separated by blank, comma or semicolon. A PATH with blanks, commas or semicolons stands in quotes of its own: \'"maildir:/var/mail/all mail"\'.',
  ),
  'smtp-partial': word(
    '451',
    ['250', '451', '550'],
    'Reply at dot when the next hop takes only some of the recipients. With 451 and 550 it is not sent the message then, so that a retry doubles nothing; with 250 those who were taken get it.',
  ),
  'smtp-forward-tls': word(
    'may',
    ['off', 'may', 'must'],
    'STARTTLS to next hops: never, when offered, or required with a valid certificate.',
  ),
  'smtp-forward-connections': integer(
    20,
    0,
    10_000,
    'connections',
    'Idle connections kept open to next hops; 0 opens one for each message.',
  ),
  'smtp-forward-idle': seconds(30, 'How long an idle connection to a next hop is kept.'),
  'smtp-forward-messages': integer(
    100,
    1,
    1_000_000,
    'messages',
    'Messages sent over one connection to a next hop.',
  ),

  // Time-outs
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

  // Services
  'service-connect-timeout': seconds(
    10,
    'Connecting to clamd, spamd or a web server, for each address; also the longest look-up of its name.',
  ),
  'spamd-max-size': integer(
    524_288,
    0,
    1_073_741_824,
    'bytes',
    'The most of a message that is sent to spamd: what is longer is checked by its beginning, and refused by PROCESS. 0 is no limit.',
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

  // Spool
  'spool-dir': text(
    'auto',
    'path',
    'Directory of the message files, best one that only smtpe may use. auto, at the start: /var/spool/smtpe where smtpe may write there (made when it runs as root), else a private directory smtpe-UID in $TMPDIR or /tmp. Empty: no file, messages stay in memory.',
  ),
  'spool-memory': integer(
    2_097_152,
    0,
    67_108_864,
    'bytes',
    'A message up to this size is kept in memory while nobody looks at its file.',
  ),
  'spool-memory-total': integer(
    134_217_728,
    0,
    17_179_869_184,
    'bytes',
    'Memory of a process for such messages; when it is used up further messages go to their files.',
  ),

  // Policy limits
  'hook-cpu-limit': integer(
    2000,
    10,
    600_000,
    'ms',
    'Processor time that Lua may use for one call of a hook, all its slices together; it runs 10 ms at a time, and other connections in between.',
  ),
  'hook-time-limit': seconds(300, 'The longest that one call of a hook may take, waiting included.'),
  'hook-close-limit': seconds(
    5,
    'The longest that hook.error and hook.close may wait once the session is over; the client has gone, and its place is free already.',
  ),
  'lua-max-memory': inProcess(
    integer(256, 8, 2000, 'MiB', 'Memory of all Lua of a worker; a hook that wants more is stopped.'),
  ),
  'lua-max-source': integer(
    512,
    1,
    1_048_576,
    'KiB',
    'The longest text of load, and the largest file of require, dofile and loadfile. The compiler cannot be interrupted: 1 MiB takes up to 0.2 s.',
  ),
  'lua-max-commands': integer(
    16,
    0,
    10_000,
    'commands',
    'Commands of os.execute and io.popen that a connection may have running at once; with 0 none is started.',
  ),
  'lua-max-files': integer(64, 1, 100_000, 'files', 'Files that a connection may have open at once.'),
  'lua-max-string': inProcess(
    integer(
      25,
      1,
      1000,
      'MiB',
      'The longest string of Lua. Comparing or copying one cannot be interrupted: it takes up to 3 ms a MiB, and all connections of a worker wait.',
    ),
  ),
  'hook-max-pending': integer(
    1000,
    1,
    100_000,
    'operations',
    'Operations (DNS queries, services not fetched) that a connection may have pending; with more the hook ends (421). DNS queries beyond dns-session-queries are not sent and do not count.',
  ),
  'watchdog-timeout': untilRestart(
    atStart(
      integer(
        20,
        0,
        3600,
        's',
        'A worker whose event loop stands still this long is killed and replaced; 0 is off.',
      ),
    ),
  ),
  'lua-path': atStart(
    text(
      '',
      'path',
      'Where require looks after the directory of the script and the modules of smtpe: templates such as /usr/share/lua/5.1/?.lua.',
    ),
  ),

  // Logging
  verbose: inProcess(
    text(
      '+warn +info',
      'verbose',
      'Groups of log lines: +word, -word or word=0|1 for warn info trace debug smtp dns http service clamd spamd mime uri ...',
    ),
  ),
  'log-format': untilRestart(atStart(word('text', ['text', 'json'], 'Lines for people, or JSON lines.'))),
  'log-level': atStart(
    word(
      'debug',
      ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'],
      'The least urgent level that is written. The groups of verbose that are on are written in any case.',
    ),
  ),
  'log-file': untilRestart(
    atStart(
      text('', 'path', 'File that log lines are appended to instead of stderr; opened again at SIGUSR2.'),
    ),
  ),
  'syslog-address': untilRestart(
    atStart(
      text(
        '',
        'syslog-address',
        'Send log lines to a syslog server as well (RFC 5424): udp:host:port, tcp:host:port, unix:PATH (a stream socket), or local (this machine, by logger(1)).',
      ),
    ),
  ),
} as const satisfies Record<string, OptionSpec>;

export type OptionName = keyof typeof optionTable;

type ValueOf<S extends OptionSpec> = S extends { kind: 'flag' }
  ? boolean
  : S extends { kind: 'integer' }
    ? number
    : S extends { kind: 'action' }
      ? boolean
      : S extends { kind: 'word'; words: infer W extends readonly string[] }
        ? W[number]
        : string;

/** The parsed values. A word option's type is the union of its words. */
export type OptionValues = { readonly [K in OptionName]: ValueOf<(typeof optionTable)[K]> };

export const optionNames = Object.keys(optionTable) as readonly OptionName[];
