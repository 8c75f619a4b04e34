// The handshake with a client that speaks TLS from here on: its hello is read, everything that was read is put back, and the TLS socket is
// made with the context of the name that it asks for. RFC 8446, RFC 6066 section 3, RFC 7301.
//
// It must never answer what is no TLS, nor keep a deadline: who calls it closes the transport when that has passed.
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { Clock } from '../base/clock.ts';
import { textOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { Octets } from '../base/octets.ts';
import { type ClientHello, ClientHelloReader } from './client-hello.ts';
import { likeProxy } from './proxy-protocol.ts';
import type { TlsContexts } from './tls-context.ts';
import type { TlsFacts } from './tls-facts.ts';
import { readTlsFacts } from './tls-peer.ts';
import type { Transport, TransportUser } from './transport.ts';

export type HandshakeOutcome =
  /** The transport has no user; nothing that comes inside was read. */
  | { readonly kind: 'secured'; readonly tls: TlsFacts }
  /** The connection is closed, and no user has heard of it. */
  | { readonly kind: 'lost'; readonly cause: string };

/** The one protocol that is spoken here, as ALPN has it. */
const PROTOCOLS = ['smtp'];

/** Why it is lost when a balancer speaks, for which smtp-proxy-hosts has no word. */
export const SPEAKS_PROXY = 'a header of the PROXY protocol in place of a TLS hello';

/** Reads until there is a whole hello, which is given back to the transport, or until the connection is closed. */
class HelloUser implements TransportUser {
  readonly outcome: Promise<ClientHello | string>;
  readonly #transport: Transport;
  readonly #reader = new ClientHelloReader();
  /** What begins as a header of the PROXY protocol does. */
  #beginning: Octets | undefined;
  #cause = 'closed before the TLS handshake';
  #settle: (outcome: ClientHello | string) => void = () => undefined;

  constructor(transport: Transport) {
    this.#transport = transport;
    this.outcome = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  received(octets: Buffer): void {
    let chunk = octets;
    if (this.#beginning !== undefined || (this.#reader.length === 0 && likeProxy(chunk) !== 'no')) {
      this.#beginning ??= new Octets();
      this.#beginning.add(chunk);
      const likeness = likeProxy(this.#beginning.view);
      if (likeness === 'yes') this.#refuse(SPEAKS_PROXY);
      if (likeness !== 'no') return;
      // None of them begins as TLS does.
      chunk = this.#beginning.take();
      this.#beginning = undefined;
    }
    const read = this.#reader.push(chunk);
    switch (read.kind) {
      case 'more':
        return;
      case 'hello':
        this.#transport.unread(this.#reader.take());
        this.#transport.release();
        this.#settle(read.hello);
        return;
      case 'wrong':
        this.#refuse(read.cause);
    }
  }

  inputEnded(): void {
    this.#refuse('closed within the TLS handshake');
  }

  drained(): void {}

  failed(error: Error): void {
    this.#cause = error.message;
  }

  closed(): void {
    this.#settle(this.#cause);
  }

  #refuse(cause: string): void {
    this.#cause = cause;
    this.#transport.destroy();
  }
}

/** Tells when the transport is closed. */
function whenClosed(transport: Transport): Promise<void> {
  if (transport.closed) return Promise.resolve();
  return new Promise((resolve) => {
    transport.use({ received() {}, inputEnded() {}, drained() {}, failed() {}, closed: resolve });
  });
}

export interface HandshakeSettings {
  /** From the first octet, and not by STARTTLS. */
  readonly implicit: boolean;
  readonly clock: Clock;
  /** Who is told how it went; undefined: nobody. */
  readonly log?: Log | undefined;
}

/** Never rejects. */
export async function acceptTls(
  transport: Transport,
  contexts: TlsContexts,
  settings: HandshakeSettings,
): Promise<HandshakeOutcome> {
  const { clock, log } = settings;
  const since = clock.monotonic();
  const outcome = await handshake(transport, contexts, settings);
  if (log?.wants('tls-handshake') !== true) return outcome;
  const seconds = (clock.monotonic() - since) / 1000;
  if (outcome.kind === 'lost')
    log.emit('tls-handshake', { side: 'in', version: '', result: 'failed', seconds });
  else {
    const { resumed, version } = outcome.tls;
    log.emit('tls-handshake', { side: 'in', version, result: resumed ? 'resumed' : 'full', seconds });
  }
  return outcome;
}

async function handshake(
  transport: Transport,
  contexts: TlsContexts,
  { implicit, clock }: HandshakeSettings,
): Promise<HandshakeOutcome> {
  if (transport.closed) return { kind: 'lost', cause: 'closed before the TLS handshake' };
  const user = new HelloUser(transport);
  transport.use(user);
  const hello = await user.outcome;
  if (typeof hello === 'string') return { kind: 'lost', cause: hello };
  let made: TLSSocket | undefined;
  let broken: Error | undefined;
  const cover = (stream: Duplex): Duplex => {
    const socket = new TLSSocket(stream as never, {
      isServer: true,
      secureContext: contexts.select(hello.name),
      requestCert: contexts.clients !== 'off',
      rejectUnauthorized: contexts.clients === 'must',
      ALPNProtocols: PROTOCOLS,
    });
    // A TLSSocket that no tls.Server has made keeps its errors to itself: without this one of a broken record would stay open.
    socket.on('_tlsError', (error: Error) => {
      broken ??= error;
      socket.destroy(error);
    });
    made = socket;
    return socket;
  };
  const secured = await transport.secure(cover);
  const refuse = async (cause: string): Promise<HandshakeOutcome> => {
    transport.destroy();
    await whenClosed(transport);
    return { kind: 'lost', cause };
  };
  if (secured.kind === 'lost' || made === undefined) {
    return refuse(broken === undefined && secured.kind === 'lost' ? secured.cause : reasonOf(broken));
  }
  let tls: TlsFacts;
  try {
    tls = readTlsFacts(made, hello.name, implicit, contexts.clients !== 'off', clock.now());
  } catch (error) {
    // A certificate that Node cannot show, although OpenSSL has taken it.
    return refuse(`the certificate of the client cannot be read: ${textOf(error)}`);
  }
  if (contexts.clients === 'must' && tls.certificate?.result !== 'verified') {
    return refuse(`the certificate of the client: ${tls.certificate?.cause ?? 'none'}`);
  }
  return { kind: 'secured', tls };
}

/** OpenSSL's reason, without the addresses in front of it. */
function reasonOf(error: Error | undefined): string {
  if (error === undefined) return 'closed during the TLS handshake';
  const { reason, code } = error as Error & { readonly reason?: string; readonly code?: string };
  return reason ?? code ?? error.message;
}
