// One TCP (or TLS) connection to a next hop: bytes out, replies in, how long nothing may come of it, and one account of why it was lost. Knows
// no commands. Made by smtp/client/smtp-client, driven by smtp/client/converse, kept by smtp/client/connection-pool.
import { type ConnectOpts, isIP, Socket, type SocketConstructorOpts } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import type { Clock } from '../../base/clock.ts';
import { Deadline } from '../../base/deadline.ts';
import { codeOf, textOf } from '../../base/errors.ts';
import type { HopTls } from '../../delivery/port/delivery.ts';
import { type HostlessOutcome, type Loss, pseudoCode } from '../../delivery/port/outcome.ts';
import { checkCertificateName } from '../../net/certificate-name.ts';
import { type DialFailure, type DialLimits, dial } from '../../net/dial.ts';
import type { SmtpTarget } from '../../net-address/host-list.ts';
import { type Capabilities, noCapabilities } from '../protocol/capabilities.ts';
import type { Reply } from '../protocol/reply.ts';
import { ReplyParser } from '../protocol/reply-parser.ts';
import type { Tlsa } from './tls-check.ts';
import { judge } from './tls-judgement.ts';

/** Who uses the connection at present. */
export interface ConnectionUser {
  reply(reply: Reply): void;
  /** What was written has gone to the kernel: go on. */
  drain(): void;
  /** What it gave by `expect` has passed. */
  expired(): void;
  /** Once, and nothing after it. */
  lost(loss: Loss): void;
}

/** What the certificate of the other side must be. */
export type TlsCheck =
  /** Any, or none that is valid: against listeners. */
  | { readonly kind: 'none' }
  /** For the host, by authorities that are trusted. */
  | { readonly kind: 'authorities' }
  /** One of these digests, or as `authorities` when there are some. */
  | { readonly kind: 'pins'; readonly digests: readonly string[]; readonly authorities: boolean }
  | { readonly kind: 'tlsa'; readonly records: readonly Tlsa[]; readonly names: readonly string[] };

/** How TLS is begun. */
export interface TlsRequest {
  /** The name asked for (SNI), and that a certificate must have. */
  readonly host: string;
  readonly check: TlsCheck;
  /** Certificates of authorities to trust, as tls.connect takes them; undefined: those of Node (NODE_EXTRA_CA_CERTS adds to them). */
  readonly ca: ConnectionOptions['ca'];
  /** Ours, PEM. */
  readonly own: { readonly cert: Buffer; readonly key: Buffer } | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export type SecureOutcome = { readonly kind: 'secured' } | { readonly kind: 'lost'; readonly loss: Loss };

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
  /** LMTP answers the final dot for each recipient. */
  readonly protocol: 'smtp' | 'lmtp';
  /** Set when TLS was begun. */
  tls: HopTls | undefined;
  /** Set when the greeting is over. */
  capabilities: Capabilities = noCapabilities;
  /** Transactions begun on this connection. */
  transactions = 0;
  /** Called once, when the connection is lost or given up. */
  onGone: (() => void) | undefined;
  readonly #parser = new ReplyParser();
  /** One for all that is waited for here. The socket keeps the process alive as long as it has to be. */
  readonly #deadline: Deadline;
  #socket: Socket;
  #user: ConnectionUser | undefined;
  #loss: Loss | undefined;
  #detach: () => void;

  constructor(socket: Socket, peer: string, protocol: 'smtp' | 'lmtp', clock: Clock) {
    this.#deadline = new Deadline(clock, () => this.#user?.expired(), false);
    this.#socket = socket;
    this.peer = peer;
    this.protocol = protocol;
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

  /** The reply at the end of a connection that was closed behind its code and before its line end. */
  lastReply(): Reply | undefined {
    return this.#loss === CLOSED ? this.#parser.last() : undefined;
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
    this.#deadline.stop();
  }

  /** The user is told when so many milliseconds have passed (`now`: monotonic), unless it says so anew before, or leaves. */
  expect(ms: number, now?: number): void {
    if (this.#loss === undefined) this.#deadline.start(ms, now);
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
   * Begins TLS; only while the connection is `quiet` (RFC 3207 section 4.2: what stands behind the 220 could have been put there by somebody
   * else). Never rejects; the caller keeps the deadline and calls `destroy` when it has passed.
   */
  secure(request: TlsRequest): Promise<SecureOutcome> {
    this.#detach();
    const name = request.host.replace(/\.$/, '');
    let socket: TLSSocket;
    try {
      socket = connectTls({
        socket: this.#socket,
        // Without a name the certificate is checked against the address.
        ...(isIP(name) === 0 ? { servername: name } : { host: name }),
        rejectUnauthorized: request.check.kind === 'authorities',
        checkServerIdentity: checkCertificateName,
        ...(request.ca === undefined ? {} : { ca: request.ca }),
        ...(request.own ?? {}),
      });
    } catch (error) {
      // A key or certificate of ours that OpenSSL does not take.
      const loss = { code: pseudoCode.ERROR, error: `TLS: ${textOf(error)}` };
      this.#lose(loss);
      return Promise.resolve({ kind: 'lost', loss });
    }
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
        const { demanded, facts } = judge(socket, request);
        this.tls = facts;
        if (demanded === undefined) resolve({ kind: 'secured' });
        else lost({ code: pseudoCode.ERROR, error: `TLS: ${demanded}` });
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
    this.#user = undefined;
    this.#gone(loss);
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

  #gone(loss: Loss): void {
    if (this.#loss !== undefined) return;
    this.#loss = loss;
    this.#deadline.dispose();
    this.onGone?.();
  }

  #lose(loss: Loss): void {
    this.#socket.destroy();
    const user = this.#user;
    this.#user = undefined;
    this.#gone(loss);
    user?.lost(this.#loss ?? loss);
  }
}

/** The outcome with how the connection was encrypted. */
export function withTls(outcome: HostlessOutcome, { tls }: Connection): HostlessOutcome {
  return tls === undefined ? outcome : { tls, ...outcome };
}

export type ConnectOutcome =
  | { readonly kind: 'connected'; readonly connection: Connection }
  | { readonly kind: 'lost'; readonly loss: Loss };

/** Where all connections read to, one after the other: a stream of its own for each, with a buffer for each reply, costs as much as what is done with it. */
const lastRead = Buffer.allocUnsafeSlow(65_536);

/** What it gives as `data` is good until the listener returns. */
function systemSocket(): Socket {
  const callback = (length: number): boolean => {
    socket.emit('data', lastRead.subarray(0, length));
    return true;
  };
  const options: SocketConstructorOpts & ConnectOpts = { onread: { buffer: lastRead, callback } };
  const socket = new Socket(options);
  return socket;
}

function lossOf(failure: DialFailure, timeoutMs: number): Loss {
  switch (failure.kind) {
    case 'error':
      return { code: pseudoCode.CONNECT, error: codeOf(failure.error) || failure.error.message };
    case 'closed':
      return { code: pseudoCode.CONNECT, error: 'closed while connecting' };
    case 'timeout':
      return { code: pseudoCode.TIMEOUT, error: `no connection within ${timeoutMs} ms` };
    case 'cancelled':
      return { code: pseudoCode.ERROR, error: 'given up' };
  }
}

/** Connects to an address (no name), or to a socket, within `timeoutMs`; closes what it began when `signal` aborts. Never rejects. */
export async function connect(
  address: string,
  { isSocket, port, protocol }: SmtpTarget,
  limits: DialLimits,
  newSocket: () => Socket = systemSocket,
): Promise<ConnectOutcome> {
  const outcome = await dial(newSocket, isSocket ? { path: address } : { host: address, port }, limits);
  if (outcome.kind !== 'connected') return { kind: 'lost', loss: lossOf(outcome, limits.timeoutMs) };
  const host = isIP(address) === 6 ? `[${address}]` : address;
  const peer = isSocket ? address : `${host}:${port}`;
  return { kind: 'connected', connection: new Connection(outcome.socket, peer, protocol, limits.clock) };
}
