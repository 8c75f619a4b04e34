// Opens the log that the options ask for: stderr or a file, and a syslog server. Says what is wrong instead of starting without a log.

import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { codeOf, textOf } from '../base/errors.ts';
import type { Options } from '../options/options.ts';
import { readSyslogAddress, type SyslogTarget } from '../options/text-forms.ts';
import { descriptorOut, FileOut, type LogOut } from './log-out.ts';
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
  /** A service is at work already: lines are kept while the log file cannot be opened. */
  readonly isSuccessor?: boolean;
  /** The log file cannot be written now, which is said outside of the log; undefined: it can again. */
  readonly trouble: (cause: string | undefined) => void;
}

export type OpenLogOutcome =
  | {
      readonly kind: 'open';
      readonly log: RootLog;
      reopen(): void;
      /** Words of option verbose besides those of the options, until it is called again; undefined: none. */
      switchVerbose(words: string | undefined): void;
    }
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

/** With what would be right. */
function whyNotOpened(path: string, error: unknown): string {
  switch (codeOf(error)) {
    case 'ENOENT':
      return `ENOENT: there is no directory ${dirname(path)}; make it with: mkdir -p ${dirname(path)}`;
    case 'EISDIR':
      return 'EISDIR: that is a directory; name a file in it';
    default:
      return textOf(error);
  }
}

/** The log of this process as `options` describe it. */
export async function openLog(options: Options, around: LogSurroundings): Promise<OpenLogOutcome> {
  const { values } = options;
  const { pid } = around;
  const format = values['log-format'];
  const { clock } = around;
  const sinks: LogSink[] = [];
  const addStream = (
    out: LogOut,
    journal: boolean,
    trouble: (cause: string | undefined) => void,
  ): StreamSink => {
    const sink = new StreamSink(out, {
      format,
      journal,
      pid,
      clock,
      trouble,
      isShared: values.workers !== 1,
    });
    sinks.push(sink);
    return sink;
  };
  const path = values['log-file'];
  let file: StreamSink | undefined;
  if (path !== '') {
    try {
      const trouble = (cause: string | undefined): void =>
        around.trouble(cause === undefined ? undefined : `log-file=${path} cannot be written: ${cause}`);
      const opened = await FileOut.open(path, clock).catch((error: unknown) => {
        if (around.isSuccessor !== true) throw error;
        return FileOut.later(path, clock);
      });
      file = addStream(opened, false, trouble);
    } catch (error) {
      return { kind: 'failed', problem: `log-file=${path}: cannot be opened: ${whyNotOpened(path, error)}` };
    }
  } else if (!values.daemon) {
    const journal = isJournal(around.stderr, around.env.JOURNAL_STREAM);
    addStream(descriptorOut(around.stderr, clock), journal, () => undefined);
  }
  const named = readSyslogAddress(values['syslog-address']) ?? { kind: 'none' };
  const nowhere = values.daemon && sinks.length === 0 && named.kind === 'none';
  const syslog = await openSyslog(nowhere ? { kind: 'local' } : named, around);
  if (typeof syslog === 'string') {
    await Promise.all(sinks.map((sink) => sink.close()));
    return { kind: 'failed', problem: nowhere ? `+daemon: ${syslog}` : `syslog-address: ${syslog}` };
  }
  if (syslog !== undefined) sinks.push(syslog);
  let switched: string | undefined;
  const log = createLog({
    level: () => options.values['log-level'],
    verboseText: () =>
      switched === undefined ? options.values.verbose : `${options.values.verbose} ${switched}`,
    sinks,
    clock,
    pid,
  });
  const reopen = (): void => {
    void file?.reopen().catch((error: unknown) => {
      log.write('err', 'log file not opened again, the old one is written to', { cause: textOf(error) });
    });
  };
  const switchVerbose = (words: string | undefined): void => {
    switched = words;
  };
  return { kind: 'open', log, reopen, switchVerbose };
}
