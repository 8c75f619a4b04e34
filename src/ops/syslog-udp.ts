// Sends log lines to a syslog server as RFC 5424 messages in datagrams (RFC 5426). A name is looked up when the first line is sent and
// again every five minutes, so that a server may move; what the network loses is lost, as with every syslog over UDP.
import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns';
import type { Timer } from '../base/clock.ts';
import type { LogRecord } from './log-line.ts';
import type { LogSink } from './pino-log.ts';
import { formatSyslog } from './syslog-line.ts';
import type { SyslogSettings } from './syslog-stream.ts';

/** Bytes kept until the name of the server is known. */
const QUEUE_LIMIT = 1024 * 1024;
/** Milliseconds until a look-up that failed is tried again, until one is done anew, and for the last lines at the end. */
const RETRY = 30_000;
const LOOK_AGAIN = 300_000;
const CLOSE_LIMIT = 2000;

interface Open {
  readonly address: string;
  readonly socket: Socket;
  /** Monotonic, in ms. */
  since: number;
}

export class SyslogUdpSink implements LogSink {
  readonly wantsJson = false;
  dropped = 0;
  readonly #host: string;
  readonly #port: number;
  readonly #settings: SyslogSettings;
  #queue: string[] = [];
  #queued = 0;
  #pending = 0;
  #open: Open | undefined;
  #looking = false;
  #timer: Timer | undefined;
  #closed: Promise<void> | undefined;
  #finish: (() => void) | undefined;

  constructor(host: string, port: number, settings: SyslogSettings) {
    this.#host = host;
    this.#port = port;
    this.#settings = settings;
    this.#lookUp();
  }

  #lookUp(): void {
    this.#looking = true;
    lookup(this.#host, (error, address, family) => {
      if (error !== null) this.#failed();
      else if (address === this.#open?.address) this.#found(this.#open);
      else this.#connect(address, family);
    });
  }

  #connect(address: string, family: number): void {
    const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
    // A refused datagram shows as an error of the next one; there is nothing to be done about it.
    socket.on('error', () => undefined);
    socket.connect(this.#port, address, (error?: Error | null) => {
      if (error !== undefined && error !== null) {
        socket.close();
        this.#failed();
        return;
      }
      this.#open?.socket.close();
      this.#found({ address, socket, since: 0 });
    });
  }

  /** The server is known; lines that waited go out. */
  #found(open: Open): void {
    this.#looking = false;
    open.since = this.#settings.clock.monotonic();
    this.#open = open;
    const waiting = this.#queue;
    this.#queue = [];
    this.#queued = 0;
    for (const line of waiting) this.#send(open, line);
    this.#settle();
  }

  /** The address that was known stays. */
  #failed(): void {
    this.#looking = false;
    if (this.#open !== undefined) this.#open.since = this.#settings.clock.monotonic();
    else if (this.#closed === undefined) {
      this.#timer = this.#settings.clock.after(RETRY, () => this.#lookUp());
    }
    this.#settle();
  }

  write(record: LogRecord): void {
    if (this.#closed !== undefined) return;
    const line = formatSyslog(record, this.#settings.host, this.#settings.pid);
    const open = this.#open;
    if (open !== undefined) {
      this.#send(open, line);
      const age = this.#settings.clock.monotonic() - open.since;
      if (age >= LOOK_AGAIN && !this.#looking) this.#lookUp();
    } else if (this.#queued + line.length <= QUEUE_LIMIT) {
      this.#queue.push(line);
      this.#queued += line.length;
    } else this.dropped++;
  }

  #send({ socket }: Open, line: string): void {
    this.#pending++;
    socket.send(Buffer.from(line, 'latin1'), () => {
      this.#pending--;
      this.#settle();
    });
  }

  #settle(): void {
    if (this.#pending === 0 && !this.#looking) this.#finish?.();
  }

  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      this.#timer?.cancel();
      const deadline = this.#settings.clock.after(CLOSE_LIMIT, () => this.#finish?.());
      this.#finish = () => {
        this.#finish = undefined;
        deadline.cancel();
        if (this.#open === undefined) resolve();
        else this.#open.socket.close(() => resolve());
      };
      this.#settle();
    });
    return this.#closed;
  }
}
