// How smtpe starts, what it reads, and its processes. Rows of option-table.ts.
import {
  action,
  atStart,
  flag,
  forAll,
  inProcess,
  integer,
  type OptionSpec,
  seconds,
  text,
  untilRestart,
} from './option-spec.ts';

export const startOptions = {
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
    text(
      '',
      'any',
      'The policy: a Lua file, or several separated by blanks, of which the first one that answers decides (doc/hooks.md). Empty: /etc/smtpe.lua if it exists, else /etc/smtpe/smtpe.lua.',
    ),
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
        'File for the process number, written before the first connection is accepted and removed at the end. One that a dead process left is replaced; a symbolic link, or a file with something else in it, is refused. Empty: none.',
      ),
    ),
  ),
  user: untilRestart(
    atStart(
      text(
        '',
        'account',
        'User that smtpe becomes, with all its workers, when ports are bound and log and pid file are opened: a name or number. In no groups but its own. Empty: it stays who it is.',
      ),
    ),
  ),
  group: untilRestart(
    atStart(text('', 'account', 'Group of user, a name or number. Empty: the one that the user has.')),
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
  'workers-reuse-port': untilRestart(
    atStart(
      flag(
        false,
        'Each worker has listening sockets of its own (SO_REUSEPORT), among which the system shares out new connections: one worker wakes for each, not all of them. Needs Node.js 23.1 or later. New connections of a worker that was killed wait for its successor, as nobody else sees them. Sockets that systemd has passed are shared all the same.',
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
  'events-wait': forAll(text('', 'any', 'Accepted for compatibility; has no effect.')),
} as const satisfies Record<string, OptionSpec>;
