// What the Lua of a policy may use up. Rows of option-table.ts.
import { atStart, inProcess, integer, type OptionSpec, seconds, text, untilRestart } from './option-spec.ts';

export const policyOptions = {
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
} as const satisfies Record<string, OptionSpec>;
