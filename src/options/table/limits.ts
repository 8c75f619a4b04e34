// How many, how fast, how long and how large: what a stranger may use up. Rows of option-table.ts.
import { forListener, inProcess, integer, type OptionSpec } from './option-spec.ts';

export const limitsOptions = {
  'rate-global': forListener(
    inProcess(
      integer(
        100,
        0,
        1_000_000,
        'connections/s',
        'So many new connections are served in a second, all listeners together; the others wait for their turn, up to 30 s, then 421. A listener with less of its own waits earlier, so that the others have the rest. 0 is off.',
      ),
    ),
  ),
  'rate-client': forListener(
    inProcess(
      integer(
        0,
        0,
        1_000_000,
        'connections/60s',
        'More connections of an address in 60 seconds, to all listeners, are refused with 421; of those whom a PROXY header or XCLIENT names the address named counts. 0 is off.',
      ),
    ),
  ),
  'limit-connections': forListener(
    inProcess(
      integer(
        10_000,
        0,
        1_000_000,
        'connections',
        'Connections at once, all listeners together; more get 421. A listener with less of its own refuses earlier, so that the others have the rest. 0 is no limit.',
      ),
    ),
  ),
  'limit-client-connections': forListener(
    inProcess(
      integer(
        50,
        0,
        1_000_000,
        'connections',
        'Connections at once from one address (IPv6: one /64) to all listeners, by the address of the connection, or the one that a PROXY header names: a proxy that speaks for its clients with XCLIENT counts as one. 0 is no limit.',
      ),
    ),
  ),
  'limit-lag': inProcess(
    integer(
      2000,
      0,
      600_000,
      'ms',
      'When the event loop of a process is later than this twice in a row (looked at twice a second), new connections get 421 4.3.2 until it is not. 0 is no limit.',
    ),
  ),
  'limit-memory': inProcess(
    integer(
      4096,
      0,
      1_048_576,
      'MiB',
      'The same while the resident memory of a process is more than this; with several workers worker-max-memory has it replaced before. 0 is no limit.',
    ),
  ),
  'limit-spool-free': inProcess(
    integer(
      16,
      0,
      1_048_576,
      'MiB',
      'The same while less than this is free where spool-dir is, looked at every 5 seconds. 0 is no limit.',
    ),
  ),
  'limit-line-length': forListener(
    inProcess(
      integer(
        16_384,
        512,
        65_536,
        'bytes',
        'The longest command line or answer of AUTH, CRLF included. RFC 4954 asks for 12288 for AUTH.',
      ),
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
  'limit-headers': integer(
    20_000,
    100,
    1_000_000,
    'headers',
    'A message with more headers is refused at dot (552 5.3.4): what is asked about them takes time for each.',
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
  'limit-mime-edits': integer(
    100,
    0,
    10_000,
    'edits',
    'Calls of mime.add_footer, mime.remove and mime.replace for one message; more raise an error.',
  ),
  'limit-mime-edit-bytes': integer(
    4_194_304,
    0,
    268_435_456,
    'bytes',
    'Bytes that these put into one message, all calls together; more raise an error. What a message grows by does not count for smtp-max-size.',
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
  'limit-mime-content-bytes': inProcess(
    integer(
      4_194_304,
      1024,
      268_435_456,
      'bytes',
      'What one call of mime.content or mime.text gives at most. All of it is in the memory of Lua (lua-max-memory).',
    ),
  ),
  'limit-mime-read-bytes': inProcess(
    integer(
      536_870_912,
      65_536,
      1_099_511_627_776,
      'bytes',
      'What mime.content, mime.text, mime.header, mime.detect and mime.archive read, decode and unpack for one message, all calls together; then they give nil and an error.',
    ),
  ),
  'limit-archive-names': inProcess(
    integer(
      1000,
      1,
      100_000,
      'names',
      'What mime.archive lists of one part; the list then says that it is not all.',
    ),
  ),
  'limit-archive-bytes': inProcess(
    integer(
      67_108_864,
      1024,
      1_073_741_824,
      'bytes',
      'What one call of mime.archive unpacks to look into archives inside an archive; what is beyond is not looked into, and the list says so. Of one that is inside, a quarter at most is kept in memory.',
    ),
  ),
  'limit-archive-depth': inProcess(
    integer(
      3,
      1,
      10,
      'levels',
      'Archives inside each other that mime.archive looks into, the part itself being the first.',
    ),
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
  'limit-dsn-reports': integer(
    20,
    1,
    1000,
    'reports',
    'Reports of relayed messages (smtp-dsn) that are being sent at a time; more are not sent, and the log says so.',
  ),
  'limit-commands': integer(
    1000,
    0,
    1_000_000,
    'commands',
    'Commands without a message in between; then 421. Recipients that were taken count only when their message does not come. 0 is no limit.',
  ),
  'limit-small-chunks': integer(
    10_000,
    0,
    1_000_000,
    'chunks',
    'Chunks of less than 1024 bytes (BDAT) without a message in between; then 421. Chunks do not count for limit-commands. 0 is no limit.',
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
  'limit-session-time': forListener(
    inProcess(
      integer(
        7200,
        0,
        604_800,
        's',
        'The longest that a session may last; then 421, also when a hook waits. A message that is being forwarded is brought to its end first. 0 is no limit.',
      ),
    ),
  ),
  'limit-pipeline-bytes': integer(
    262_144,
    4096,
    16_777_216,
    'bytes',
    'Input kept while a hook is running or the client does not read; reading pauses beyond it.',
  ),
} as const satisfies Record<string, OptionSpec>;
