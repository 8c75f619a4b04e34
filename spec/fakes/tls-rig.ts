// What specs of TLS with clients share: material out of texts, a ClientHello as a real client makes it, and a client over a stream.
import { type Duplex, duplexPair } from 'node:stream';
import { type ConnectionOptions, connect, TLSSocket } from 'node:tls';
import type { TlsMaterial } from '../../src/net/tls-material.ts';
import { type TestCertificate, tlsAuthority } from './tls-certificates.ts';

/** Files by their names, `NAME.pem` and `NAME.key` for each certificate, and `ca.pem`. */
export function materialOf(certificates: Readonly<Record<string, TestCertificate>>): TlsMaterial {
  const files = Object.entries(certificates).flatMap(([name, { certificate, key }]) => [
    { path: `${name}.pem`, text: certificate, isOpen: false },
    { path: `${name}.key`, text: key, isOpen: false },
  ]);
  return { files: [...files, { path: 'ca.pem', text: tlsAuthority, isOpen: true }] };
}

/** What smtp-tls says to have these, in order. */
export const tlsOption = (...names: readonly string[]): string =>
  names.map((name) => `${name}.pem,${name}.key`).join(' ');

/** The first thing that a client with these options says. */
export function helloOf(options: ConnectionOptions): Promise<Buffer> {
  const [ours, theirs] = duplexPair();
  const client = connect({ socket: theirs, rejectUnauthorized: false, ...options });
  client.on('error', () => undefined);
  return new Promise((resolve) => {
    ours.once('data', (chunk: Buffer) => {
      client.destroy();
      resolve(chunk);
    });
  });
}

/** A TLS client over a stream. Errors are for `secured` to tell. */
export function tlsClient(stream: Duplex, options: ConnectionOptions = {}): TLSSocket {
  return connect({ socket: stream, ca: tlsAuthority, checkServerIdentity: () => undefined, ...options });
}

/** Resolves when the handshake is done, or with what went wrong. */
export function secured(client: TLSSocket): Promise<'secured' | string> {
  return new Promise((resolve) => {
    client.once('secureConnect', () => resolve('secured'));
    client.once('error', (error: Error & { readonly code?: string }) => resolve(error.code ?? error.message));
    client.once('close', () => resolve('closed'));
  });
}

/** A client of a session in a rig, which can lay TLS over its stream. */
export class StartTlsClient {
  readonly #raw: Duplex;
  #stream: Duplex;
  received = '';
  ended = false;
  #wake: () => void = () => undefined;
  readonly #data = (chunk: Buffer): void => {
    this.received += chunk.toString('latin1');
    this.#wake();
  };
  readonly #end = (): void => {
    this.ended = true;
    this.#wake();
  };

  constructor(stream: Duplex) {
    this.#raw = stream;
    this.#stream = stream;
    this.#listen();
  }

  get raw(): Duplex {
    return this.#raw;
  }

  /** The common name of the server's certificate. */
  get peerName(): string | undefined {
    return this.#stream instanceof TLSSocket ? this.#stream.getPeerCertificate().subject.CN : undefined;
  }

  send(text: string | Buffer): void {
    this.#stream.write(typeof text === 'string' ? Buffer.from(text, 'latin1') : text);
  }

  /** The next whole reply, or what is there when the server has closed. */
  async reply(): Promise<string> {
    for (;;) {
      const [whole] = /^(?:\d{3}-[^\n]*\n)*\d{3} [^\n]*\n/.exec(this.received) ?? [];
      if (whole !== undefined) {
        this.received = this.received.slice(whole.length);
        return whole;
      }
      if (this.ended) return this.received;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  command(line: string): Promise<string> {
    this.send(`${line}\r\n`);
    return this.reply();
  }

  async commands(...lines: readonly string[]): Promise<readonly string[]> {
    const codes: string[] = [];
    for (const line of lines) codes.push((await this.command(line)).slice(0, 3));
    return codes;
  }

  /** Everything until the server closes. */
  async rest(): Promise<string> {
    while (!this.ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.received;
  }

  /** The handshake; what it comes to. */
  async secure(options: ConnectionOptions = {}): Promise<string> {
    for (const event of ['data', 'end', 'close', 'error'] as const)
      this.#raw.off(event, event === 'data' ? this.#data : this.#end);
    const socket = tlsClient(this.#raw, options);
    const outcome = await secured(socket);
    this.#stream = socket;
    this.#listen();
    return outcome;
  }

  end(): void {
    this.#stream.end();
  }

  #listen(): void {
    this.#stream.on('data', this.#data).on('end', this.#end).on('close', this.#end).on('error', this.#end);
  }
}
