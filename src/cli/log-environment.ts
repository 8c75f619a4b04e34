// What the log needs to know about this process and machine.
import { hostname } from 'node:os';
import { systemClock } from '../base/clock.ts';
import type { LogSurroundings } from '../ops/open-log.ts';
import type { Options } from '../options/options.ts';

/** `trouble`: the log file cannot be written, and so lines are kept back; undefined when that is over. */
export function logSurroundings(trouble: LogSurroundings['trouble'], isSuccessor = false): LogSurroundings {
  return {
    isSuccessor,
    clock: systemClock,
    pid: process.pid,
    host: hostname(),
    env: process.env,
    stderr: 2,
    syslogSocket: '/dev/log',
    trouble,
  };
}

/** Nothing but stderr has the lines: what is said there need not be logged too. */
export function logsToStderr({ values }: Options): boolean {
  return !values.daemon && values['log-file'] === '' && values['syslog-address'] === '';
}
