// One TCP (or TLS) connection to a next hop: bytes out, replies in, and one account of why it was lost. Knows no commands, keeps no
// deadlines but that of connecting. Made by forward/smtp-client, driven by forward/converse, kept by forward/connection-pool.
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { checkCertificateName } from '../net/certificate-name.ts';
import type { Clock } from '../ops/clock.ts';
import { type Capabilities, type Loss, noCapabilities, pseudoCode } from './machine.ts';
import { type Reply, ReplyParser } from './reply-parser.ts';

/** Who uses the connection at present. */
export interface ConnectionUser {
  reply(reply: Reply): void;
  /** What was written has gone to the kernel: go on. */
  drain(): void;
  /** Once, and nothing after it. */
  lost(loss: Loss): void;
}

/** How TLS is begun: `verify` demands a valid certificate for `host`. */
export interface TlsRequest {
  readonly host: string;
  readonly verify: boolean;
  /** Certificates of authorities to trust, as tls.connect takes them; undefined: those of Node (NODE_EXTRA_CA_CERTS adds to them). */
  readonly ca: ConnectionOptions['ca'];
}

export type SecureOutcome =
  /** `peer` describes protocol and certificate, for logs. */
  { readonly kind: 'secured'; readonly peer: string } | { readonly kind: 'lost'; readonly loss: Loss };

const CLOSED: Loss = { code: pseudoCode.EOF, error: 'the next hop closed the connection' };

/** Bytes kept while nobody waits for a reply; more than the longest reply. */
const MAX_UNASKED = 131_072;
const UNASKED: Loss = { code: pseudoCode.ERROR, error: 'the next hop sends without being asked' };

function ioLoss(error: NodeJS.ErrnoException): Loss {
  return { code: pseudoCode.IO, error: error.code ?? error.message };
}

export class Connection {
  /** `1.2.3.4:25`, `[::1]:25`. */
  readonly peer: string;
  /** Set when the greeting is over. */
  capabilities: Capabilities = noCapabilities;
  /** Transactions begun on this connection. */
  transactions = 0;
  readonly #parser = new ReplyParser();
  #socket: Socket;
  #user: ConnectionUser | undefined;
  #loss: Loss | undefined;
  #detach: () => void;

  constructor(socket: Socket, peer: string) {
    this.#socket = socket;
    this.peer = peer;
    this.#detach = this.#attach(socket);
  }

  /** Undefined while the connection stands. */
  get loss(): Loss | undefined {
    return this.#loss;
  }

  /** False when bytes came that nobody asked for. */
  get quiet(): boolean {
    return this.#parser.empty;
  }

  /** From now on `user` gets replies and the loss; at once when the connection is lost already. */
  use(user: ConnectionUser): void {
    this.#user = user;
    if (this.#loss !== undefined) this.#lose(this.#loss);
    else this.#deliver();
  }

  /** Nobody is told anything any more; what arrives is kept for the next user. */
  release(): void {
    this.#user = undefined;
  }

  send(text: string): void {
    if (this.#loss === undefined) this.#socket.write(text, 'latin1');
  }

  /** False: wait for `drain` before writing more. */
  write(bytes: Buffer): boolean {
    return this.#loss === undefined ? this.#socket.write(bytes) : true;
  }

  /** What is written up to the next `uncork` goes out in one piece. */
  cork(): void {
    this.#socket.cork();
  }

  uncork(): void {
    this.#socket.uncork();
  }

  /** Whether the connection alone keeps the process alive. */
  keepAlive(yes: boolean): void {
    if (yes) this.#socket.ref();
    else this.#socket.unref();
  }

  /**
   * Begins TLS. What the next hop sent in clear text behind its 220 is thrown away (RFC 3207 section 4.2: it could have been put
   * there by somebody else). Never rejects; the caller keeps the deadline and calls `destroy` when it has passed.
   */
  secure(request: TlsRequest): Promise<SecureOutcome> {
    this.#detach();
    this.#parser.clear();
    const name = request.host.replace(/\.$/, '');
    const socket = connectTls({
      socket: this.#socket,
      // Without a name the certificate is checked against the address.
      ...(isIP(name) === 0 ? { servername: name } : { host: name }),
      rejectUnauthorized: request.verify,
      checkServerIdentity: checkCertificateName,
      ...(request.ca === undefined ? {} : { ca: request.ca }),
    });
    this.#socket = socket;
    return new Promise((resolve) => {
      const lost = (loss: Loss): void => {
        this.#lose(loss);
        resolve({ kind: 'lost', loss: this.#loss ?? loss });
      };
      const failed = (error: Error): void => lost({ code: pseudoCode.ERROR, error: `TLS: ${error.message}` });
      const closed = (): void => lost({ code: pseudoCode.EOF, error: 'closed during the TLS handshake' });
      socket.on('error', failed).on('close', closed);
      socket.once('secureConnect', () => {
        socket.off('error', failed).off('close', closed);
        this.#detach = this.#attach(socket);
        const trust = socket.authorized ? 'verified' : `not verified: ${socket.authorizationError}`;
        resolve({ kind: 'secured', peer: `${socket.getProtocol() ?? 'TLS'}, certificate ${trust}` });
      });
    });
  }

  /** Ends in good order: QUIT, whose reply nobody waits for. */
  quit(): void {
    if (this.#loss !== undefined) return;
    this.#end({ code: pseudoCode.EOF, error: 'closed by us' });
    this.#socket.write('QUIT\r\n', 'latin1');
    // Closes when the bytes are gone. A peer that takes none is not worth waiting for: the socket is not counted as alive.
    this.#socket.unref();
    this.#socket.destroySoon();
  }

  /** Closes at once. */
  destroy(): void {
    if (this.#loss === undefined) this.#end({ code: pseudoCode.EOF, error: 'closed by us' });
    this.#socket.destroy();
  }

  #end(loss: Loss): void {
    this.#loss = loss;
    this.#user = undefined;
  }

  #attach(socket: Socket): () => void {
    const data = (chunk: Buffer): void => {
      if (this.#loss !== undefined) return;
      this.#parser.push(chunk);
      this.#deliver();
      // With a user, what is left is the beginning of one reply.
      if (this.#parser.held > MAX_UNASKED) this.#lose(UNASKED);
    };
    const drain = (): void => this.#user?.drain();
    const end = (): void => this.#lose(CLOSED);
    const close = (): void => this.#lose(CLOSED);
    const error = (cause: Error): void => this.#lose(ioLoss(cause));
    socket.on('data', data).on('drain', drain).on('end', end).on('close', close).on('error', error);
    return () => {
      socket.off('data', data).off('drain', drain).off('end', end).off('close', close).off('error', error);
      // The TLS socket on top reports the errors of this one.
      socket.on('error', () => undefined);
    };
  }

  /** One reply at a time: a user may leave, or begin TLS, at each of them. */
  #deliver(): void {
    while (this.#user !== undefined && this.#loss === undefined) {
      const result = this.#parser.next();
      if (result.kind === 'more') return;
      if (result.kind === 'garbage') this.#lose({ code: pseudoCode.ERROR, error: result.error });
      else this.#user.reply(result.reply);
    }
  }

  #lose(loss: Loss): void {
    this.#loss ??= loss;
    this.#socket.destroy();
    const user = this.#user;
    this.#user = undefined;
    user?.lost(this.#loss);
  }
}

export type ConnectOutcome =
  | { readonly kind: 'connected'; readonly connection: Connection }
  | { readonly kind: 'lost'; readonly loss: Loss };

/** Connects to an address (no name) within `timeoutMs`; closes what it began when `signal` aborts. Never rejects. */
export function connect(
  address: string,
  port: number,
  timeoutMs: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<ConnectOutcome> {
  return new Promise((resolve) => {
    const socket = connectTcp({ host: address, port, noDelay: true });
    const settle = (outcome: ConnectOutcome): void => {
      timer.cancel();
      signal.removeEventListener('abort', abort);
      socket.off('connect', connected).off('error', failed).off('close', closed);
      if (outcome.kind === 'lost') {
        socket.on('error', () => undefined);
        socket.destroy();
      }
      resolve(outcome);
    };
    const lost = (code: number, error: string): void => settle({ kind: 'lost', loss: { code, error } });
    const timer = clock.after(timeoutMs, () =>
      lost(pseudoCode.TIMEOUT, `no connection within ${timeoutMs} ms`),
    );
    const abort = (): void => lost(pseudoCode.ERROR, 'given up');
    const failed = (error: NodeJS.ErrnoException): void =>
      lost(pseudoCode.CONNECT, error.code ?? error.message);
    const closed = (): void => lost(pseudoCode.CONNECT, 'closed while connecting');
    const connected = (): void => {
      const peer = isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`;
      settle({ kind: 'connected', connection: new Connection(socket, peer) });
    };
    socket.on('connect', connected).on('error', failed).on('close', closed);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
  });
}
