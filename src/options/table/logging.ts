// What is logged, how and where. Rows of option-table.ts.
import { atStart, inProcess, type OptionSpec, text, untilRestart, word } from './option-spec.ts';

export const loggingOptions = {
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
