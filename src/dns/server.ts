// One name server: its address, its sockets, and what was learned about it.
import type { Clock, RandomInteger } from '../ops/clock.ts';
import type { Log } from '../ops/log.ts';
import { TcpTransport } from './tcp.ts';
import { UdpTransport } from './udp.ts';

/** Time-outs in a row after which a server is asked last. */
const PATIENCE = 3;
/** How long, in ms, before one query tries it first again. */
const RETRY_AFTER = 30_000;
/** How long, in ms, that one query has to show that it is back. */
const PROBE_TIME = 5_000;
/** How long, in ms, a server that refused EDNS is asked without. */
const WITHOUT_EDNS = 900_000;

export interface ServerParts {
  readonly log: Log;
  readonly clock: Clock;
  readonly random: RandomInteger;
}

export class Server {
  readonly address: string;
  readonly port: number;
  /** `192.0.2.1:53` or `[2001:db8::1]:53`, for people. */
  readonly text: string;
  readonly udp: UdpTransport;
  readonly tcp: TcpTransport;
  readonly #parts: ServerParts;
  #timeouts = 0;
  #downUntil = Number.NEGATIVE_INFINITY;
  #plainUntil = Number.NEGATIVE_INFINITY;

  constructor(address: string, port: number, parts: ServerParts) {
    this.address = address;
    this.port = port;
    this.text = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
    this.#parts = parts;
    this.udp = new UdpTransport(address, port, parts.random);
    this.tcp = new TcpTransport(address, port);
  }

  /** False for a server that does not answer, but true for the one query that is to try it again. */
  claim(now: number): boolean {
    if (this.#timeouts < PATIENCE) return true;
    if (now < this.#downUntil) return false;
    this.#downUntil = now + PROBE_TIME;
    return true;
  }

  /** Whether to send EDNS. */
  get edns(): boolean {
    return this.#parts.clock.monotonic() >= this.#plainUntil;
  }

  answered(): void {
    if (this.#timeouts >= PATIENCE) this.#parts.log.write('notice', `name server ${this.text} answers again`);
    this.#timeouts = 0;
  }

  /** No answer within the step of a query, or not reachable at all. */
  failed(cause: string): void {
    this.#timeouts++;
    if (this.#timeouts < PATIENCE) return;
    if (this.#timeouts === PATIENCE) {
      this.#parts.log.write('warning', `name server ${this.text} does not answer: ${cause}`);
    }
    this.#downUntil = this.#parts.clock.monotonic() + RETRY_AFTER;
  }

  /** It answered a query with EDNS by an error and the same query without EDNS properly. */
  refusedEdns(): void {
    this.#plainUntil = this.#parts.clock.monotonic() + WITHOUT_EDNS;
  }
}
