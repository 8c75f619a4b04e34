// Hands log lines to the syslog daemon of this machine. Its socket /dev/log takes datagrams, which Node cannot send; the program
// logger(1) of util-linux can, and reads the priority of each line from its input. It is started again when it ends.
import { type ChildProcess, spawn } from 'node:child_process';
import type { Clock, Timer } from '../base/clock.ts';
import { killChild } from './kill-child.ts';
import { formatBody, type LogRecord } from './log-line.ts';
import type { LogSink } from './pino-log.ts';
import { priority } from './syslog-line.ts';

const QUEUE_LIMIT = 1024 * 1024;
const RETRY = 5000;
const CLOSE_LIMIT = 2000;

export interface LocalSyslogSettings {
  /** The program, by name or path. */
  readonly program: string;
  readonly pid: number;
  readonly clock: Clock;
}

export class SyslogLocalSink implements LogSink {
  readonly wantsJson = false;
  dropped = 0;
  readonly #settings: LocalSyslogSettings;
  #child: ChildProcess | undefined;
  #timer: Timer | undefined;
  #lost = 0;
  #closed: Promise<void> | undefined;

  constructor(settings: LocalSyslogSettings) {
    this.#settings = settings;
    this.#start();
  }

  #start(): void {
    const { program, pid, clock } = this.#settings;
    const args = ['--prio-prefix', `--id=${pid}`, '--tag', 'smtpe', '--size', '8192'];
    const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'ignore'] });
    this.#child = child;
    child.stdin?.on('error', () => undefined);
    const ended = (): void => {
      if (this.#child !== child) return;
      this.#child = undefined;
      if (this.#closed !== undefined) return;
      this.#timer = clock.after(RETRY, () => this.#start());
    };
    child.on('error', ended);
    child.on('exit', ended);
  }

  write(record: LogRecord): void {
    if (this.#closed !== undefined) return;
    const input = this.#child?.stdin;
    if (input === null || input === undefined || !input.writable || input.writableLength > QUEUE_LIMIT) {
      this.#lost++;
      this.dropped++;
      return;
    }
    if (this.#lost > 0) input.write(`<20>- ${this.#lost} log lines lost: logger(1) was not running\n`);
    this.#lost = 0;
    input.write(`<${priority(record)}>${formatBody(record)}\n`);
  }

  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      this.#timer?.cancel();
      const child = this.#child;
      if (child === undefined) {
        resolve();
        return;
      }
      const deadline = this.#settings.clock.after(CLOSE_LIMIT, () => killChild(child));
      child.once('exit', () => {
        deadline.cancel();
        resolve();
      });
      child.stdin?.end();
    });
    return this.#closed;
  }
}
