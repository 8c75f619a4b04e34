// What the rest of smtpe reports and logs with. Log lines are made from events in observe/event-log.ts and written in ops/pino-log.ts; layers
// below main only know this.
//
// A log must never throw, wait, or hold up who writes: what cannot be written is kept within bounds, or dropped and counted.
import type { EventBus, EventFields, EventName, EventSource } from './events.ts';

/** The syslog severities (RFC 5424 section 6.2.1), most urgent first. */
export const levels = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'] as const;
export type Level = (typeof levels)[number];

export type LogValue = string | number | boolean | undefined;

/** One of a list: in a line for people its fields stand behind those of the event, one row after the other. */
export type LogRow = Readonly<Record<string, LogValue>>;

/** Values from outside may be put here as they are: the writer encodes control characters. Never put secrets here. */
export type LogFields = Readonly<Record<string, LogValue | readonly LogRow[]>>;

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

/** Where log lines go. */
export interface LogWriter {
  write(level: Level, message: string, fields?: LogFields): void;
  /** False when a line of this level is not written (option log-level). */
  shows(level: Level): boolean;
  /** True when the word of option `verbose` is on; ask before building an expensive line. */
  verbose(word: VerboseWord): boolean;
  /** A log whose lines carry these fields too (`id` is printed first: the session or transaction id). */
  child(fields: LogFields): LogWriter;
}

/**
 * Where facts are told. Each is an event of the event table, from which its log line is made. `write` is for lines that are no facts of
 * smtpe: what a policy has written to the log, and what the log says about itself.
 */
export interface Log extends LogWriter, EventSource {
  readonly bus: EventBus;
  emit<N extends EventName>(name: N, fields: EventFields<N>): void;
  /** False when nobody would listen: to be asked before something is made for an event. */
  wants(name: EventName): boolean;
  child(fields: LogFields): Log;
}

/** Drops everything. */
export const silentWriter: LogWriter = {
  write() {},
  shows: () => false,
  verbose: () => false,
  child: () => silentWriter,
};
