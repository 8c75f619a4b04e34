// What the rest of smtpe logs with. The implementation over pino is in ops/pino-log.ts; layers below main only know this.

/** The syslog severities (RFC 5424 section 6.2.1), most urgent first. */
export const levels = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'] as const;
export type Level = (typeof levels)[number];

/** Values from outside may be put here as they are: the writer encodes control characters. Never put secrets here. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** The words of the option `verbose`; each switches a group of lines on. */
export const verboseWords = [
  'warn',
  'info',
  'trace',
  'debug',
  'smtp',
  'dns',
  'http',
  'service',
  'clamd',
  'spamd',
  'mime',
  'uri',
  'connect',
  'helo',
  'auth',
  'mail',
  'rcpt',
  'data',
  'noop',
  'rset',
] as const;
export type VerboseWord = (typeof verboseWords)[number];

export interface Log {
  write(level: Level, message: string, fields?: LogFields): void;
  /** True when the word of option `verbose` is on; ask before building an expensive line. */
  verbose(word: VerboseWord): boolean;
  /** A log whose lines carry these fields too (`id` is printed first: the session or transaction id). */
  child(fields: LogFields): Log;
}

/** A log that drops everything. */
export const silentLog: Log = { write() {}, verbose: () => false, child: () => silentLog };
