// What systemd is told of this process (sd_notify(3), Type=notify): that it serves, reads everything again, ends. Node.js has no datagrams of
// UNIX sockets, so the program systemd-notify(1) says it; its unit needs NotifyAccess=all. Without NOTIFY_SOCKET there is nobody to tell.
import { type ChildProcess, spawn } from 'node:child_process';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { killChild } from './kill-child.ts';

/** systemd-notify waits until it has been heard; longer than this it is not waited for. */
const LONGEST_MS = 5000;

/** Starts `systemd-notify` with these words. */
export type StartNotify = (words: readonly string[], socket: string) => ChildProcess;

const start: StartNotify = (words, socket) =>
  spawn('systemd-notify', [...words], {
    stdio: 'ignore',
    env: { PATH: process.env.PATH ?? '/usr/bin:/bin', NOTIFY_SOCKET: socket },
  });

/** The socket of the manager that waits for this process; undefined: nobody does. Taken away, so that no child speaks in our place. */
export function takeNotifySocket(env: Record<string, string | undefined>): string | undefined {
  const { NOTIFY_SOCKET: socket } = env;
  delete env.NOTIFY_SOCKET;
  return socket === '' ? undefined : socket;
}

export class ServiceManager {
  readonly #socket: string | undefined;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #start: StartNotify;
  /** One at a time: they must arrive in order. */
  #last: Promise<void> = Promise.resolve();
  #saidTrouble = false;

  constructor(socket: string | undefined, clock: Clock, log: Log, startNotify: StartNotify = start) {
    this.#socket = socket;
    this.#clock = clock;
    this.#log = log;
    this.#start = startNotify;
  }

  /** Connections are accepted; also at the end of a reload. `status` is one line for `systemctl status`. */
  ready(status?: string): void {
    this.#tell(['READY=1', ...(status === undefined ? [] : [`STATUS=${status}`])]);
  }

  /** Options and policy are read again. `ready` must follow, whatever comes of it. */
  reloading(): void {
    this.#tell(['RELOADING=1', `MONOTONIC_USEC=${Math.floor(this.#clock.monotonic() * 1000)}`]);
  }

  /** No new connections. */
  stopping(): void {
    this.#tell(['STOPPING=1']);
  }

  /** It lives, by the watchdog. Done when that was told. */
  alive(): Promise<void> {
    this.#tell(['WATCHDOG=1']);
    return this.#last;
  }

  /** What was to be told has been. */
  get told(): Promise<void> {
    return this.#last;
  }

  #tell(words: readonly string[]): void {
    const socket = this.#socket;
    if (socket !== undefined) this.#last = this.#last.then(() => this.#run(words, socket));
  }

  /** Never rejects. */
  #run(words: readonly string[], socket: string): Promise<void> {
    return new Promise((resolve) => {
      const child = this.#start(words, socket);
      const timer = this.#clock.after(LONGEST_MS, () => killChild(child, 'SIGKILL'));
      timer.unref();
      const over = (cause: string | undefined): void => {
        timer.cancel();
        if (cause !== undefined && !this.#saidTrouble) {
          this.#saidTrouble = true;
          this.#log.emit('notify-failed', { cause, message: words[0] ?? '' });
        }
        resolve();
      };
      child.once('error', (error) => over(error.message));
      child.once('exit', (code, signal) => over(code === 0 ? undefined : `it ended with ${signal ?? code}`));
    });
  }
}
