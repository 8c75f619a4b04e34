// A log record as an RFC 5424 message, and the numbers of syslog's facilities.
import { formatBody, identOf, type LogRecord } from './log-line.ts';
import { severityOf } from './pino-log.ts';

/** Facility codes of RFC 5424 section 6.2.1, by the names that syslog.conf uses. */
export const facilities = {
  kern: 0,
  user: 1,
  mail: 2,
  daemon: 3,
  auth: 4,
  syslog: 5,
  lpr: 6,
  news: 7,
  uucp: 8,
  cron: 9,
  authpriv: 10,
  ftp: 11,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
} as const;
export type Facility = keyof typeof facilities;

/** RFC 5424 section 6.1: receivers should take 2048 bytes; common ones take 8 KiB. Longer messages are cut. */
const syslogLimit = 8192;

function isFacility(name: unknown): name is Facility {
  return typeof name === 'string' && Object.hasOwn(facilities, name);
}

/** Facility and severity in one number, as in `<22>`. The facility is what syslog.open set, else mail. */
export function priority(record: LogRecord): number {
  const { facility } = record.fields;
  return facilities[isFacility(facility) ? facility : 'mail'] * 8 + severityOf(record.level);
}

/** HOSTNAME of RFC 5424: printable ASCII without blanks, at most 255 characters. */
export function syslogHost(name: string): string {
  const clean = name.replace(/[^\x21-\x7e]/g, '').slice(0, 255);
  return clean === '' ? '-' : clean;
}

/** `<PRI>1 TIME HOST smtpe PID - - id message key=value`; printable ASCII, at most 8192 bytes, no line end. */
export function formatSyslog(record: LogRecord, host: string, pid: number): string {
  const time = new Date(record.time).toISOString();
  const head = `<${priority(record)}>1 ${time} ${host} ${identOf(record.fields)} ${pid} - - `;
  return (head + formatBody(record)).slice(0, syslogLimit);
}
