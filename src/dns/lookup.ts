// One question put to the name servers: again after growing steps, to the next server when one fails, without EDNS when a server does
// not know it, over TCP when the answer was cut (RFC 1035 section 7, RFC 6891, RFC 7766). Ends only by an answer, by the failure of all
// servers, or by cancel: deadlines belong to those who wait (dns/flight.ts). No aliases, no cache.
import type { Clock, Timer } from '../ops/clock.ts';
import { rcode } from './resolver-api.ts';
import type { Server } from './server.ts';
import type { Exchange, ReplyReceiver } from './udp.ts';
import { encodeQuery, type Query, type ReadReply, type ReplyRecords, readReply, withId } from './wire.ts';

/** What came of it. `error` is the cause when smtpe, not a server, says so. */
export interface LookupResult extends ReplyRecords {
  readonly rcode: number;
  /** Size of the answer's packet. */
  readonly octets: number;
  /** Part of the records is missing (option dns-ignore-tcp). */
  readonly truncated: boolean;
  readonly error: string | undefined;
}

export interface LookupParts {
  readonly clock: Clock;
  /** Servers in the order in which they are to be asked. */
  readonly servers: readonly Server[];
  readonly ignoreTruncation: boolean;
  /** A line for the log's group `dns`. */
  trace(line: string): void;
}

/** The wait for a server, in ms: doubles with each round over the servers. */
const FIRST_STEP = 1000;
const LONGEST_STEP = 16_000;
/** Rounds in which no server could be reached at all before the look-up gives up. */
const UNREACHABLE_ROUNDS = 3;
/** Rounds that the other servers get when one answered by an error. */
const ROUNDS_AFTER_FAILURE = 2;
/** From this round on without EDNS: large answers may be what gets lost. */
const PLAIN_ROUND = 2;

type Reply = Extract<ReadReply, { kind: 'reply' }>;

const none: ReplyRecords = { answer: [], authority: [], extra: [] };

function servfail(error: string): LookupResult {
  return { ...none, rcode: rcode.SERVFAIL, octets: 0, truncated: false, error };
}

export class Lookup {
  readonly name: string;
  readonly type: number;
  readonly class: number;
  readonly #parts: LookupParts;
  readonly #done: (result: LookupResult) => void;
  readonly #exchanges = new Map<Exchange, Server>();
  /** Servers that answered by an error: they are not asked again. */
  readonly #refusals = new Map<Server, LookupResult>();
  /** Servers that answered an EDNS query by an error that may be about EDNS. */
  readonly #plainAsked = new Set<Server>();
  readonly #queries: { plain?: Query; edns?: Query } = {};
  #timer: Timer | undefined;
  /** Servers asked in turn so far, over all rounds. */
  #cursor = 0;
  #asked: Server | undefined;
  #sent = 0;
  /** UDP queries that were not turned down by the network. */
  #hopeful = 0;
  #lastFailure = '';
  #over = false;

  constructor(
    question: { readonly name: string; readonly type: number; readonly class: number },
    parts: LookupParts,
    done: (result: LookupResult) => void,
  ) {
    this.name = question.name;
    this.type = question.type;
    this.class = question.class;
    this.#parts = parts;
    this.#done = done;
  }

  /** `done` is never called before this returns. */
  start(): void {
    this.#askNext();
  }

  /** Gives up; `done` will not be called. */
  cancel(): void {
    this.#over = true;
    this.#timer?.cancel();
    for (const exchange of this.#exchanges.keys()) exchange.cancel();
    this.#exchanges.clear();
  }

  /** The failure in hand, when a server gave one; undefined while there were only time-outs. */
  get failure(): LookupResult | undefined {
    let worst: LookupResult | undefined;
    for (const refusal of this.#refusals.values()) {
      if (worst === undefined || rank(refusal.rcode) > rank(worst.rcode)) worst = refusal;
    }
    return worst;
  }

  /** What was tried, for messages: `3 queries to 192.0.2.1:53, 192.0.2.2:53; last failure: ...`. */
  describe(): string {
    const servers = this.#parts.servers.map((server) => server.text).join(', ');
    const last = this.#lastFailure === '' ? '' : `; last failure: ${this.#lastFailure}`;
    return `${this.#sent} ${this.#sent === 1 ? 'query' : 'queries'} to ${servers}${last}`;
  }

  #askNext(): void {
    const { servers, clock } = this.#parts;
    const server = this.#nextServer();
    const round = Math.floor(this.#cursor / servers.length);
    const failed = this.#refusals.size > 0 && round >= ROUNDS_AFTER_FAILURE;
    const unreachable = this.#hopeful === 0 && round >= UNREACHABLE_ROUNDS;
    if (server === undefined || failed || unreachable) {
      this.#giveUp();
      return;
    }
    this.#cursor++;
    this.#asked = server;
    this.#timer?.cancel();
    this.#timer = clock.after(Math.min(FIRST_STEP * 2 ** round, LONGEST_STEP), () => {
      if ([...this.#exchanges.values()].includes(server)) {
        server.failed('no answer in time');
        this.#note(server, 'no answer in time');
      }
      this.#askNext();
    });
    this.#ask(server, server.edns && round < PLAIN_ROUND);
  }

  /** The server at the cursor, or the next behind it that has not failed yet; undefined when all have. */
  #nextServer(): Server | undefined {
    const { servers } = this.#parts;
    for (let i = 0; i < servers.length; i++) {
      const server = servers[this.#cursor % servers.length];
      if (server !== undefined && !this.#refusals.has(server)) return server;
      this.#cursor++;
    }
    return undefined;
  }

  #ask(server: Server, edns: boolean): void {
    const query = this.#query(edns);
    this.#track(server, (receiver) => server.udp.send((id) => withId(query, id), receiver), {
      reply: (packet) => {
        const read = readReply(packet, query, this.#parts.ignoreTruncation);
        if (read.kind === 'truncated') {
          server.answered();
          this.#askByTcp(server, query, packet.readUInt16BE(0));
          return true;
        }
        return this.#take(server, query, read);
      },
      failed: (cause) => {
        this.#hopeful--;
        server.failed(cause);
        this.#note(server, cause);
        // After a whole round without a server that can be reached the timer starts the next one, not the failure.
        const roundOver = this.#cursor % this.#parts.servers.length === 0;
        if (server === this.#asked && !roundOver) this.#askNext();
      },
    });
    this.#hopeful++;
  }

  /** The server that truncated is asked again, by TCP; its step starts anew. */
  #askByTcp(server: Server, query: Query, id: number): void {
    this.#parts.trace(`${server.text}: answer truncated, asking by TCP`);
    this.#timer?.restart();
    this.#track(server, (receiver) => server.tcp.send(withId(query, id), receiver), {
      reply: (packet) => {
        if (packet.length < 12 || packet.readUInt16BE(0) !== id) return false;
        return this.#take(server, query, readReply(packet, query, true));
      },
      failed: (cause) => this.#refuse(server, servfail(`answer truncated, and ${cause}`)),
    });
  }

  /** Sends, and keeps the exchange while something may come of it. */
  #track(server: Server, send: (receiver: ReplyReceiver) => Exchange, receiver: ReplyReceiver): void {
    this.#sent++;
    const exchange = send({
      reply: (packet) => {
        const taken = receiver.reply(packet);
        if (taken) this.#exchanges.delete(exchange);
        return taken;
      },
      failed: (cause) => {
        this.#exchanges.delete(exchange);
        if (!this.#over) receiver.failed(cause);
      },
    });
    this.#exchanges.set(exchange, server);
  }

  /** True when `read` was for us. */
  #take(server: Server, query: Query, read: ReadReply): boolean {
    switch (read.kind) {
      case 'foreign':
        return false;
      case 'error-without-question':
        // Nothing proves that it belongs to this question, so it may only make us ask again.
        if (!query.edns) return false;
        this.#askPlain(server, read.rcode);
        return true;
      case 'truncated':
      case 'malformed': {
        server.answered();
        this.#refuse(
          server,
          servfail(`malformed answer (${read.kind === 'malformed' ? read.reason : 'truncated'})`),
        );
        return true;
      }
      case 'reply':
        server.answered();
        this.#judge(server, query, read);
        return true;
      default:
        return read satisfies never;
    }
  }

  #judge(server: Server, query: Query, reply: Reply): void {
    const { rcode: code, extendedRcode, answer, authority, extra, octets, truncated } = reply;
    const ednsProblem = extendedRcode !== 0 || code === rcode.FORMAT || code === rcode.NOT_IMPLEMENTED;
    if (query.edns && ednsProblem) {
      this.#askPlain(server, code);
    } else if (code === rcode.OK || code === rcode.NXDOMAIN) {
      // It does not know EDNS although it was thought to.
      if (!query.edns && server.edns && this.#plainAsked.has(server)) server.refusedEdns();
      this.#finish({ rcode: code, answer, authority, extra, octets, truncated, error: undefined });
    } else {
      this.#refuse(server, { ...none, rcode: code, octets: 0, truncated: false, error: undefined });
    }
  }

  #askPlain(server: Server, code: number): void {
    this.#parts.trace(`${server.text}: rcode ${code} for a query with EDNS, asking without`);
    this.#timer?.restart();
    this.#plainAsked.add(server);
    this.#ask(server, false);
  }

  #refuse(server: Server, result: LookupResult): void {
    const cause = result.error ?? `rcode ${result.rcode}`;
    this.#note(server, cause);
    this.#refusals.set(server, { ...result, error: result.error && `${server.text}: ${result.error}` });
    this.#askNext();
  }

  #giveUp(): void {
    const unreachable = {
      ...servfail(`no name server can be reached: ${this.describe()}`),
      rcode: rcode.ERRNO,
    };
    this.#finish(this.failure ?? unreachable);
  }

  #finish(result: LookupResult): void {
    if (this.#over) return;
    this.cancel();
    this.#done(result);
  }

  #note(server: Server, cause: string): void {
    this.#lastFailure = `${server.text}: ${cause}`;
    this.#parts.trace(this.#lastFailure);
  }

  #query(edns: boolean): Query {
    const key = edns ? 'edns' : 'plain';
    const known = this.#queries[key];
    if (known !== undefined) return known;
    const made = encodeQuery(this.name, this.type, this.class, edns);
    this.#queries[key] = made;
    return made;
  }
}

/** When servers fail differently, which failure is told: REFUSED says least. */
function rank(code: number): number {
  if (code === rcode.SERVFAIL) return 2;
  return code === rcode.REFUSED ? 0 : 1;
}
