// Opens the log that the options ask for: stderr or a file, and a syslog server. Says what is wrong instead of starting without a log.
import { constants } from 'node:fs';
import { access, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Options } from '../options/options.ts';
import { readSyslogAddress, type SyslogTarget } from '../options/text-forms.ts';
import type { Clock } from './clock.ts';
import { isJournal, StreamSink } from './log-stream.ts';
import { createLog, type LogSink, type RootLog } from './pino-log.ts';
import { syslogHost } from './syslog-line.ts';
import { SyslogLocalSink } from './syslog-local.ts';
import { SyslogStreamSink } from './syslog-stream.ts';
import { SyslogUdpSink } from './syslog-udp.ts';

export interface LogSurroundings {
  readonly clock: Clock;
  readonly pid: number;
  /** Name of this machine, for syslog. */
  readonly host: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** File descriptor of stderr. */
  readonly stderr: number;
  /** The socket of the syslog daemon, /dev/log. */
  readonly syslogSocket: string;
}

export type OpenLogOutcome =
  | { readonly kind: 'open'; readonly log: RootLog; reopen(): void }
  | { readonly kind: 'failed'; readonly problem: string };

/** A sink, or what is wrong. */
type SinkOutcome = LogSink | string | undefined;

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** The path of logger(1), if it is installed. */
async function findLogger(path: string | undefined): Promise<string | undefined> {
  for (const directory of (path ?? '/usr/bin:/bin').split(':')) {
    const candidate = join(directory, 'logger');
    if (directory !== '' && (await isExecutable(candidate))) return candidate;
  }
  return undefined;
}

async function openLocal(around: LogSurroundings): Promise<SinkOutcome> {
  const exists = await access(around.syslogSocket).then(
    () => true,
    () => false,
  );
  const program = await findLogger(around.env.PATH);
  if (exists && program !== undefined) {
    return new SyslogLocalSink({ program, pid: around.pid, clock: around.clock });
  }
  const missing = exists ? 'the program logger(1)' : around.syslogSocket;
  return `there is no syslog on this machine (${missing} is missing); set log-file=PATH or syslog-address=udp:host:port`;
}

async function openSyslog(target: SyslogTarget, around: LogSurroundings): Promise<SinkOutcome> {
  const settings = { host: syslogHost(around.host), pid: around.pid, clock: around.clock };
  switch (target.kind) {
    case 'udp':
      return new SyslogUdpSink(target.host, target.port, settings);
    case 'tcp':
      return new SyslogStreamSink({ kind: 'tcp', host: target.host, port: target.port }, settings);
    case 'unix':
      return new SyslogStreamSink({ kind: 'unix', path: target.path }, settings);
    case 'local':
      return openLocal(around);
    case 'none':
      return undefined;
  }
}

async function openFile(path: string, format: 'text' | 'json', pid: number): Promise<StreamSink | string> {
  try {
    // Tried here first: the stream opens it later, when there is nobody left to tell.
    await (await open(path, 'a', 0o640)).close();
    return new StreamSink(path, { format, journal: false, pid });
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    return `log-file=${path}: cannot be opened: ${cause}`;
  }
}

/** The log of this process as `options` describe it. */
export async function openLog(options: Options, around: LogSurroundings): Promise<OpenLogOutcome> {
  const { values } = options;
  const { pid } = around;
  const format = values['log-format'];
  const sinks: LogSink[] = [];
  let file: StreamSink | undefined;
  if (values['log-file'] !== '') {
    const opened = await openFile(values['log-file'], format, pid);
    if (typeof opened === 'string') return { kind: 'failed', problem: opened };
    file = opened;
    sinks.push(opened);
  } else if (!values.daemon) {
    const journal = isJournal(around.stderr, around.env.JOURNAL_STREAM);
    sinks.push(new StreamSink(around.stderr, { format, journal, pid }));
  }
  const named = readSyslogAddress(values['syslog-address']) ?? { kind: 'none' };
  const nowhere = values.daemon && sinks.length === 0 && named.kind === 'none';
  const syslog = await openSyslog(nowhere ? { kind: 'local' } : named, around);
  if (typeof syslog === 'string') {
    await Promise.all(sinks.map((sink) => sink.close()));
    return { kind: 'failed', problem: nowhere ? `+daemon: ${syslog}` : `syslog-address: ${syslog}` };
  }
  if (syslog !== undefined) sinks.push(syslog);
  const log = createLog({
    level: values['log-level'],
    verboseText: () => options.values.verbose,
    sinks,
    clock: around.clock,
    pid,
  });
  return { kind: 'open', log, reopen: () => file?.reopen() };
}
