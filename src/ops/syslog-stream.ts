// Sends log lines to a syslog server as RFC 5424 messages: over TCP with octet counting (RFC 6587 section 3.4.1), or over a unix stream
// socket, one message a line. While the server is away a bounded number of lines is kept; what is lost is counted and said, and so is
// what may be lost: syslog has no acknowledgement, so of a connection that breaks nobody knows how much the server has read.
import { type Socket, connect as tcpConnect } from 'node:net';
import type { Clock, Timer } from '../base/clock.ts';
import type { LogRecord } from './log-line.ts';
import type { LogSink } from './pino-log.ts';
import { formatSyslog } from './syslog-line.ts';

export interface SyslogSettings {
  readonly host: string;
  readonly pid: number;
  readonly clock: Clock;
}

/** Bytes kept while the server is away. */
const QUEUE_LIMIT = 4 * 1024 * 1024;
const FIRST_RETRY = 500;
const LAST_RETRY = 30_000;
/** Milliseconds without a connection after which it is given up; and for the last lines at the end. */
const CONNECT_LIMIT = 10_000;
const CLOSE_LIMIT = 1000;
/** The most that buffers of the system on both sides hold. */
const SYSTEM_LIMIT = 10 * 1024 * 1024;

export type StreamTarget =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/** Lines over a connection that is made again, in growing steps, when it breaks. */
export class SyslogStreamSink implements LogSink {
  readonly wantsJson = false;
  dropped = 0;
  readonly #target: StreamTarget;
  readonly #settings: SyslogSettings;
  #queue: string[] = [];
  #queued = 0;
  #lost = 0;
  /** Lines that a broken connection may have lost. */
  #doubtful = 0;
  /** Lines handed to the socket, which the system has not taken yet. */
  #flying: (readonly string[])[] = [];
  /** What the system has taken over this connection, the latest of it that may still be in its buffers. */
  #taken: { readonly lines: number; readonly bytes: number }[] = [];
  #takenBytes = 0;
  #socket: Socket | undefined;
  #connected = false;
  #retry = FIRST_RETRY;
  #timer: Timer | undefined;
  #closing: (() => void) | undefined;
  #closed: Promise<void> | undefined;

  constructor(target: StreamTarget, settings: SyslogSettings) {
    this.#target = target;
    this.#settings = settings;
  }

  write(record: LogRecord): void {
    if (this.#closed !== undefined) return;
    this.#add(record);
    if (this.#connected) this.#send();
    else this.#connect();
  }

  #add(record: LogRecord): void {
    const line = formatSyslog(record, this.#settings.host, this.#settings.pid);
    const framed = this.#target.kind === 'tcp' ? `${line.length} ${line}` : `${line}\n`;
    const buffered = this.#socket?.writableLength ?? 0;
    if (this.#queued + buffered + framed.length > QUEUE_LIMIT) {
      this.#lost++;
      this.dropped++;
      return;
    }
    this.#queue.push(framed);
    this.#queued += framed.length;
  }

  #connect(): void {
    if (this.#socket !== undefined || this.#timer !== undefined) return;
    const target = this.#target;
    const socket =
      target.kind === 'tcp' ? tcpConnect(target.port, target.host) : tcpConnect({ path: target.path });
    this.#socket = socket;
    socket.setTimeout(CONNECT_LIMIT, () => socket.destroy());
    socket.on('connect', () => {
      socket.setTimeout(0);
      this.#connected = true;
      this.#retry = FIRST_RETRY;
      this.#send();
    });
    socket.on('drain', () => this.#send());
    // Whatever the server says is not for us; the close that follows an error is what counts.
    socket.resume();
    socket.on('error', () => undefined);
    socket.on('close', (hadError) => this.#disconnected(hadError));
  }

  #disconnected(hadError: boolean): void {
    this.#socket = undefined;
    this.#connected = false;
    // After an orderly end the server has read what the system had taken.
    if (hadError) for (const { lines } of this.#taken) this.#doubtful += lines;
    this.#taken = [];
    this.#takenBytes = 0;
    const back = this.#flying.flat();
    this.#flying = [];
    this.#queue = [...back, ...this.#queue];
    for (const line of back) this.#queued += line.length;
    if (this.#closing !== undefined) {
      this.#closing();
      return;
    }
    this.#timer = this.#settings.clock.after(this.#retry, () => {
      this.#timer = undefined;
      this.#connect();
    });
    this.#retry = Math.min(this.#retry * 2, LAST_RETRY);
  }

  #send(): void {
    const socket = this.#socket;
    if (socket === undefined || socket.writableNeedDrain) return;
    if (this.#lost > 0) this.#addLost();
    if (this.#doubtful > 0) this.#addDoubtful();
    const lines = this.#queue;
    const text = lines.join('');
    this.#queue = [];
    this.#queued = 0;
    if (text !== '') {
      this.#flying.push(lines);
      socket.write(text, 'latin1', (error) => {
        if (error !== undefined && error !== null) return;
        this.#flying = this.#flying.filter((it) => it !== lines);
        this.#noteTaken(lines.length, text.length);
      });
    }
    if (this.#closing !== undefined) socket.end();
  }

  #noteTaken(lines: number, bytes: number): void {
    this.#taken.push({ lines, bytes });
    this.#takenBytes += bytes;
    while (this.#takenBytes - (this.#taken[0]?.bytes ?? 0) > SYSTEM_LIMIT) {
      this.#takenBytes -= this.#taken.shift()?.bytes ?? 0;
    }
  }

  #addDoubtful(): void {
    const message = `up to ${this.#doubtful} log lines before this one may be lost: the connection to the syslog server broke`;
    this.#doubtful = 0;
    this.#add({ time: this.#settings.clock.now(), level: 'warning', message, fields: {} });
  }

  #addLost(): void {
    const message = `${this.#lost} log lines lost: the syslog server was away`;
    this.#lost = 0;
    this.#add({ time: this.#settings.clock.now(), level: 'warning', message, fields: {} });
  }

  /** Sends what is left, within two seconds. */
  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      this.#timer?.cancel();
      this.#timer = undefined;
      if (this.#queue.length === 0 && this.#socket === undefined) {
        resolve();
        return;
      }
      const deadline = this.#settings.clock.after(CLOSE_LIMIT, () => this.#socket?.destroy());
      this.#closing = () => {
        deadline.cancel();
        resolve();
      };
      if (this.#connected) this.#send();
      else this.#connect();
    });
    return this.#closed;
  }
}
