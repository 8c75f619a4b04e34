// One connection to a web server, and the idle ones that are kept for the next request to the same place. undici speaks HTTP/1.1 over a
// socket that we opened ourselves: so the address was checked when it was connected to, and a request that is cancelled takes its
// connection with it. Used by service/http-client.

import { isIP, type Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { Client, Dispatcher } from 'undici';
import { checkCertificateName } from '../net/certificate-name.ts';
import { describeError } from './connect.ts';
import { ContinueFilter } from './http-continue.ts';
import { HeaderFolds } from './http-folds.ts';

/** The most a response may have in its head. */
const MAX_HEAD = 65_536;
/** How long an unused connection is kept. undici's own timer, which does not keep the process alive. */
const KEEP_MS = 10_000;

export class HttpConnection {
  /** Where it leads: origin and trust. */
  readonly key: string;
  /** The address of the other side. */
  readonly address: string;
  readonly client: Client;
  readonly #socket: Socket;
  readonly #continues = new ContinueFilter();
  readonly #folds = new HeaderFolds();
  /** Called when the other side has closed it. */
  onGone: () => void = () => undefined;

  private constructor(
    key: string,
    origin: string,
    address: string,
    socket: Socket,
    ClientClass: typeof Client,
  ) {
    this.key = key;
    this.address = address;
    this.#socket = socket;
    this.#filter(socket);
    let given = false;
    this.client = new ClientClass(origin, {
      pipelining: 1,
      // Deadlines are ours, by the clock that is handed in.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: KEEP_MS,
      keepAliveMaxTimeout: KEEP_MS,
      maxHeaderSize: MAX_HEAD,
      connect: (_options, callback) => {
        if (given) {
          callback(new Error('the connection is gone'), null);
          return;
        }
        given = true;
        // Later: while it is asking, undici does not take an answer.
        queueMicrotask(() => callback(null, socket));
      },
    });
    this.client.on('disconnect', () => this.onGone());
  }

  /** Takes over an open socket. undici is loaded with the first one: most policies never ask a web server. */
  static async over(key: string, origin: string, address: string, socket: Socket): Promise<HttpConnection> {
    const { default: ClientClass } = await import('undici/lib/dispatcher/client.js');
    return new HttpConnection(key, origin, address, socket, ClientClass);
  }

  /** Sends a request; its response goes to the handler. */
  dispatch(request: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.#continues.begin();
    this.#folds.begin();
    this.client.dispatch(request, handler);
  }

  /** undici reads by `read` until there is nothing more. */
  #filter(socket: Socket): void {
    const read = socket.read.bind(socket);
    socket.read = (size?: number): Buffer | null => {
      for (;;) {
        const piece: Buffer | null = read(size);
        if (piece === null) return null;
        const rest = this.#folds.push(this.#continues.push(piece));
        if (rest.length > 0) return rest;
      }
    };
  }

  get alive(): boolean {
    return !this.#socket.destroyed && !this.client.destroyed;
  }

  close(): void {
    void this.client.destroy().catch(() => undefined);
    this.#socket.destroy();
  }
}

/** Wraps an open connection in TLS with verification of certificate and name; text says why it failed. */
export function startTls(
  socket: Socket,
  host: string,
  context: SecureContext | undefined,
  signal: AbortSignal,
): Promise<TLSSocket | string> {
  return new Promise((resolve) => {
    const name = isIP(host) === 0 ? { servername: host } : { host };
    const secure = connectTls({
      socket,
      ...name,
      ...(context === undefined ? {} : { secureContext: context }),
      ALPNProtocols: ['http/1.1'],
      minVersion: 'TLSv1.2',
      rejectUnauthorized: true,
      checkServerIdentity: checkCertificateName,
    });
    // As for a ReplySocket: nobody else may be listening when it has just been opened.
    secure.on('error', () => undefined);
    const onAbort = () => finish('cancelled');
    const onError = (error: Error) => finish(`TLS: ${describeError(error)}`);
    const onClose = () => finish('TLS: the server closed the connection');
    const onSecure = () => finish(undefined);
    function finish(error: string | undefined): void {
      signal.removeEventListener('abort', onAbort);
      secure.off('secureConnect', onSecure);
      secure.off('error', onError);
      secure.off('close', onClose);
      if (error === undefined) {
        resolve(secure);
        return;
      }
      secure.destroy();
      socket.destroy();
      resolve(error);
    }
    signal.addEventListener('abort', onAbort);
    secure.once('secureConnect', onSecure);
    secure.once('error', onError);
    secure.once('close', onClose);
    if (signal.aborted) onAbort();
  });
}

const MAX_IDLE = 64;
const MAX_IDLE_EACH = 4;

/** Connections that wait for another request. */
export class IdleConnections {
  /** Oldest first. */
  #idle: HttpConnection[] = [];
  #closed = false;

  get size(): number {
    return this.#idle.length;
  }

  /** A living connection to `key` whose address `permits`; it is the caller's now. */
  take(key: string, permits: (address: string) => boolean): HttpConnection | undefined {
    this.#idle = this.#idle.filter((connection) => connection.alive);
    const at = this.#idle.findLastIndex((each) => each.key === key && permits(each.address));
    return at < 0 ? undefined : this.#idle.splice(at, 1)[0];
  }

  /** Keeps the connection for later, or closes it. */
  keep(connection: HttpConnection): void {
    const others = this.#idle.filter((each) => each.key === connection.key).length;
    if (this.#closed || !connection.alive || others >= MAX_IDLE_EACH) {
      connection.close();
      return;
    }
    connection.onGone = () => this.#forget(connection);
    this.#idle.push(connection);
    if (this.#idle.length > MAX_IDLE) this.#idle.shift()?.close();
  }

  /** Closes all of them, and those that come back later. */
  close(): void {
    this.#closed = true;
    for (const connection of this.#idle.splice(0)) connection.close();
  }

  #forget(connection: HttpConnection): void {
    const at = this.#idle.indexOf(connection);
    if (at < 0) return;
    this.#idle.splice(at, 1);
    connection.close();
  }
}
