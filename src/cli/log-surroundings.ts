// What the log needs to know about this process and machine.
import { hostname } from 'node:os';
import { systemClock } from '../ops/clock.ts';
import type { LogSurroundings } from '../ops/open-log.ts';

export function logSurroundings(): LogSurroundings {
  return {
    clock: systemClock,
    pid: process.pid,
    host: hostname(),
    env: process.env,
    stderr: 2,
    syslogSocket: '/dev/log',
  };
}
