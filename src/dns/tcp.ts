// Queries to one name server over TCP (RFC 7766), used when the UDP answer was truncated: one connection per query, closed after the
// answer. The timer of the query is the deadline; too many at once wait their turn within it.
import { connect, type Socket } from 'node:net';
import { Octets } from '../base/octets.ts';
import type { Exchange, ReplyReceiver } from './udp.ts';

/** Connections to one server at once. */
const MAX_CONNECTIONS = 100;

export class TcpTransport {
  readonly #address: string;
  readonly #port: number;
  readonly #waiting = new Set<TcpExchange>();
  #connections = 0;

  constructor(address: string, port: number) {
    this.#address = address;
    this.#port = port;
  }

  /** Connections open or being opened. */
  get connections(): number {
    return this.#connections;
  }

  /** Sends `packet`. `receiver` is never called before this returns, and once at most. */
  send(packet: Buffer, receiver: ReplyReceiver): Exchange {
    const exchange = new TcpExchange(packet, receiver, () => {
      // A waiting exchange has no connection to give back.
      if (this.#waiting.delete(exchange)) return;
      this.#connections--;
      this.#startNext();
    });
    this.#waiting.add(exchange);
    this.#startNext();
    return exchange;
  }

  #startNext(): void {
    const [next] = this.#waiting;
    if (next === undefined || this.#connections >= MAX_CONNECTIONS) return;
    this.#waiting.delete(next);
    this.#connections++;
    next.start(this.#address, this.#port);
  }
}

class TcpExchange implements Exchange {
  readonly #packet: Buffer;
  readonly #receiver: ReplyReceiver;
  readonly #ended: () => void;
  #socket: Socket | undefined;
  readonly #received = new Octets();
  #over = false;

  constructor(packet: Buffer, receiver: ReplyReceiver, ended: () => void) {
    this.#packet = packet;
    this.#receiver = receiver;
    this.#ended = ended;
  }

  start(address: string, port: number): void {
    const prefixed = Buffer.allocUnsafe(2 + this.#packet.length);
    prefixed.writeUInt16BE(this.#packet.length, 0);
    this.#packet.copy(prefixed, 2);
    const socket = connect({ host: address, port, noDelay: true });
    this.#socket = socket;
    socket.on('data', (chunk) => this.#read(chunk));
    socket.on('error', (error: NodeJS.ErrnoException) => this.#fail(`TCP ${error.code ?? error.message}`));
    socket.on('close', () => this.#fail('TCP connection closed before the answer was complete'));
    socket.write(prefixed);
  }

  cancel(): void {
    this.#end();
  }

  #read(chunk: Buffer): void {
    if (this.#over) return;
    // At most 64 KiB: the length is a 16-bit number.
    this.#received.add(chunk);
    if (this.#received.length < 2) return;
    const length = this.#received.view.readUInt16BE(0);
    if (this.#received.length < 2 + length) return;
    const packet = this.#received.take().subarray(2, 2 + length);
    this.#end();
    if (!this.#receiver.reply(packet)) this.#receiver.failed('TCP answer to another question');
  }

  #fail(cause: string): void {
    if (this.#over) return;
    this.#end();
    this.#receiver.failed(cause);
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#socket?.destroy();
    this.#received.clear();
    this.#ended();
  }
}
