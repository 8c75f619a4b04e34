// One name server: its address, its sockets, and what was learned about it.
import type { Clock, RandomInteger, Timer } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { TcpTransport } from './tcp.ts';
import { type Exchange, type ReplyReceiver, UdpTransport } from './udp.ts';
import { encodeQuery } from './wire.ts';

/** Queries in a row that the network turned down (a closed port, no route) after which a server is down. */
const PATIENCE = 3;
/** Different questions without an answer, none answered between them, after which a server may be down: one may be a dead zone's. */
const QUESTIONS = 2;
/** A server that answered anything within this many ms is alive. */
const ALIVE = 2_000;
/** How often, in ms, a server that is down gets one query of somebody who waits, and is asked for the root. */
const RETRY_AFTER = 2_000;
/** How long, in ms, a server has to answer when it is asked whether it lives; it is asked PROBES times. */
const PROBE_TIME = 2_000;
const PROBES = 2;
/** How long, in ms, a server that refused EDNS is asked without. */
const WITHOUT_EDNS = 900_000;
/** Look-ups in which what had EDNS got lost and what had none came back, before a server is asked without. */
const EDNS_LOSSES = 2;
const SOA = 6;

/** What any name server can be asked: has it a word about the root? A refusal is an answer too. */
const rootQuery = encodeQuery('', SOA, 1, false);

/** The question whether it lives, under way. */
interface Probe {
  readonly exchanges: Exchange[];
  timer: Timer | undefined;
}

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
  #down = false;
  /** Asked last, and never alone, before this; of a server that is down. */
  #downUntil = Number.NEGATIVE_INFINITY;
  /** Queries turned down since the last answer. */
  #turnedDown = 0;
  /** Questions without an answer since the last one; at most QUESTIONS. */
  readonly #unanswered = new Set<string>();
  #answeredAt = Number.NEGATIVE_INFINITY;
  #probe: Probe | undefined;
  #ednsLosses = 0;
  #plainUntil = Number.NEGATIVE_INFINITY;

  constructor(address: string, port: number, parts: ServerParts) {
    this.address = address;
    this.port = port;
    this.text = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
    this.#parts = parts;
    this.udp = new UdpTransport(address, port, parts.random);
    this.tcp = new TcpTransport(address, port);
  }

  /** It answers nothing, neither questions nor whether it lives. */
  get down(): boolean {
    return this.#down;
  }

  /** False for a server that is down, but true for one query now and then that is to try it again. */
  claim(now: number): boolean {
    if (!this.#down) return true;
    if (now < this.#downUntil) return false;
    this.#downUntil = now + RETRY_AFTER;
    this.#ask();
    return true;
  }

  /** Whether to send EDNS. */
  get edns(): boolean {
    return this.#parts.clock.monotonic() >= this.#plainUntil;
  }

  /** A packet of it that belongs to a query. */
  answered(): void {
    if (this.#down) this.#parts.log.emit('dns-server-up', { server: this.text });
    this.#down = false;
    this.#turnedDown = 0;
    this.#unanswered.clear();
    this.#answeredAt = this.#parts.clock.monotonic();
    this.#endProbe();
  }

  /** The network turned a query down, e.g. ECONNREFUSED. */
  unreachable(cause: string): void {
    this.#turnedDown++;
    if (this.#turnedDown >= PATIENCE) this.#giveUp(cause);
  }

  /** No answer within the step of a query. `question`: its name and type. A dead zone behind a living server looks the same. */
  silent(question: string): void {
    if (this.#unanswered.size < QUESTIONS) this.#unanswered.add(question);
    if (this.#down || this.#parts.clock.monotonic() - this.#answeredAt < ALIVE) return;
    if (this.#unanswered.size >= QUESTIONS) this.#ask();
  }

  /** It answered a query with EDNS by an error and the same query without EDNS properly. */
  refusedEdns(): void {
    this.#plainUntil = this.#parts.clock.monotonic() + WITHOUT_EDNS;
  }

  /** It left queries with EDNS unanswered and answered the same question without. */
  lostEdns(): void {
    this.#ednsLosses++;
    if (this.#ednsLosses < EDNS_LOSSES) return;
    this.#ednsLosses = 0;
    if (this.edns) {
      const minutes = WITHOUT_EDNS / 60_000;
      this.#parts.log.emit('dns-edns-lost', { server: this.text, minutes });
    }
    this.refusedEdns();
  }

  /** It answered a query with EDNS. */
  answeredEdns(): void {
    this.#ednsLosses = 0;
  }

  /** Ends what asks whether it lives, and closes the sockets that are kept. */
  close(): void {
    this.#endProbe();
    this.udp.close();
  }

  #giveUp(cause: string): void {
    if (!this.#down) this.#parts.log.emit('dns-server-down', { server: this.text, cause });
    this.#down = true;
    this.#downUntil = this.#parts.clock.monotonic() + RETRY_AFTER;
  }

  /** Asks whether it lives, unless that is under way: twice, then it is down. */
  #ask(): void {
    if (this.#probe !== undefined) return;
    const probe: Probe = { exchanges: [], timer: undefined };
    this.#probe = probe;
    const receiver: ReplyReceiver = {
      reply: () => {
        this.answered();
        return true;
      },
      failed: (cause) => this.unreachable(cause),
    };
    const step = (): void => {
      if (probe.exchanges.length === PROBES) {
        this.#endProbe();
        this.#giveUp('no answer in time');
        return;
      }
      probe.exchanges.push(this.udp.send(rootQuery, receiver));
      probe.timer = this.#parts.clock.after(PROBE_TIME / PROBES, step);
      probe.timer.unref();
    };
    step();
  }

  #endProbe(): void {
    const probe = this.#probe;
    this.#probe = undefined;
    probe?.timer?.cancel();
    for (const exchange of probe?.exchanges ?? []) exchange.cancel();
  }
}
