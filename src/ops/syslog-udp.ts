// Sends log lines to a syslog server as RFC 5424 messages in datagrams (RFC 5426). The name of the server is looked up once; what the
// network loses is lost, as with every syslog over UDP.
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Timer } from './clock.ts';
import type { LogRecord } from './log-line.ts';
import type { LogSink } from './pino-log.ts';
import { formatSyslog } from './syslog-line.ts';
import type { SyslogSettings } from './syslog-stream.ts';

/** Bytes kept until the name of the server is known. */
const QUEUE_LIMIT = 1024 * 1024;
/** Milliseconds until a look-up that failed is tried again, and for the last lines at the end. */
const RETRY = 30_000;
const CLOSE_LIMIT = 2000;

export class SyslogUdpSink implements LogSink {
  readonly wantsJson = false;
  readonly #host: string;
  readonly #port: number;
  readonly #settings: SyslogSettings;
  readonly #socket: Socket;
  #queue: string[] = [];
  #queued = 0;
  #pending = 0;
  #state: 'connecting' | 'connected' | 'failed' = 'connecting';
  #timer: Timer | undefined;
  #closed: Promise<void> | undefined;
  #finish: (() => void) | undefined;

  constructor(host: string, port: number, settings: SyslogSettings) {
    this.#host = host;
    this.#port = port;
    this.#settings = settings;
    this.#socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
    // A refused datagram shows as an error of the next one; there is nothing to be done about it.
    this.#socket.on('error', () => undefined);
    this.#connect();
  }

  #connect(): void {
    this.#state = 'connecting';
    this.#socket.connect(this.#port, this.#host, (error?: Error | null) => {
      const failed = error !== undefined && error !== null;
      this.#state = failed ? 'failed' : 'connected';
      if (!failed) for (const line of this.#queue) this.#send(line);
      if (!failed) this.#queue = [];
      if (failed && this.#closed === undefined) {
        this.#timer = this.#settings.clock.after(RETRY, () => this.#connect());
      }
      this.#settle();
    });
  }

  write(record: LogRecord): void {
    if (this.#closed !== undefined) return;
    const line = formatSyslog(record, this.#settings.host, this.#settings.pid);
    if (this.#state === 'connected') {
      this.#send(line);
    } else if (this.#queued + line.length <= QUEUE_LIMIT) {
      this.#queue.push(line);
      this.#queued += line.length;
    }
  }

  #send(line: string): void {
    this.#pending++;
    this.#socket.send(Buffer.from(line, 'latin1'), () => {
      this.#pending--;
      this.#settle();
    });
  }

  #settle(): void {
    if (this.#pending === 0 && this.#state !== 'connecting') this.#finish?.();
  }

  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      this.#timer?.cancel();
      const deadline = this.#settings.clock.after(CLOSE_LIMIT, () => this.#finish?.());
      this.#finish = () => {
        this.#finish = undefined;
        deadline.cancel();
        this.#socket.close(() => resolve());
      };
      this.#settle();
    });
    return this.#closed;
  }
}
