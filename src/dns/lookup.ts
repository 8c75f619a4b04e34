// One question put to the name servers: again after growing steps, to the next server when one fails, without EDNS when a server does
// not know it, over TCP when the answer was cut (RFC 1035 section 7, RFC 6891, RFC 7766). Ends only by an answer, by the failure of all
// servers, or by cancel: deadlines belong to those who wait (dns/flight.ts). No aliases, no cache.
import type { Clock, Timer } from '../base/clock.ts';
import { Attempt, type AttemptOwner } from './attempt.ts';
import { type DnsQuestion, rcode } from './resolver-api.ts';
import type { Server } from './server.ts';
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

/** What all look-ups of a resolver share. */
export interface LookupHost {
  readonly clock: Clock;
  /** Option dns-ignore-tcp. */
  readonly ignoreTruncation: boolean;
  /** What this server says of having authenticated an answer is to be believed. */
  isTrusted(address: string): boolean;
  /** A line for the log's group `dns`. */
  trace(question: DnsQuestion, line: string): void;
}

export interface LookupOwner {
  /** The end of a look-up that was not cancelled. */
  lookedUp(result: LookupResult): void;
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

const none: ReplyRecords = { answer: [], authority: [], extra: [], authenticated: false };

function failure(code: number, error: string | undefined): LookupResult {
  return { ...none, rcode: code, octets: 0, truncated: false, error };
}

export class Lookup implements AttemptOwner {
  readonly question: DnsQuestion;
  readonly #host: LookupHost;
  #servers: readonly Server[];
  readonly #owner: LookupOwner;
  #attempts: Attempt[] = [];
  /** What servers answered that failed: they are not asked again. */
  #refusals: Map<Server, LookupResult> | undefined;
  /** Servers that answered an EDNS query by an error that may be about EDNS. */
  #plainAsked: Set<Server> | undefined;
  #ednsQuery: Query | undefined;
  #plainQuery: Query | undefined;
  #timer: Timer | undefined;
  /** Servers asked in turn so far, over all rounds. */
  #cursor = 0;
  #asked: Server | undefined;
  #sent = 0;
  /** UDP queries that were not turned down by the network. */
  #hopeful = 0;
  #lastFailure = '';
  #over = false;

  /** `question.name`: ASCII, checked, without final dot. `servers`: at least one, in the order in which they are to be asked. */
  constructor(question: DnsQuestion, servers: readonly Server[], host: LookupHost, owner: LookupOwner) {
    this.question = question;
    this.#servers = servers;
    this.#host = host;
    this.#owner = owner;
  }

  /** The owner is never called before this returns. */
  start(): void {
    this.#askNext();
  }

  /** Gives up; the owner will not be called. */
  cancel(): void {
    this.#over = true;
    this.#timer?.cancel();
    for (const attempt of this.#attempts) attempt.exchange?.cancel();
    this.#attempts = [];
  }

  /** Goes on with these servers: resolv.conf has changed. What the old ones still answer counts. */
  useServers(servers: readonly Server[]): void {
    if (this.#over) return;
    const known = servers.every((server) => this.#servers.includes(server));
    this.#servers = servers;
    if (known) return;
    this.#cursor = 0;
    this.#hopeful = 0;
    this.#askNext();
  }

  /** The failure in hand, when a server gave one; undefined while there were only time-outs. */
  get failure(): LookupResult | undefined {
    let worst: LookupResult | undefined;
    for (const refusal of this.#refusals?.values() ?? []) {
      if (worst === undefined || rank(refusal.rcode) > rank(worst.rcode)) worst = refusal;
    }
    return worst;
  }

  /** What was tried, for messages: `3 queries to 192.0.2.1:53, 192.0.2.2:53; last failure: ...`. */
  describe(): string {
    const servers = this.#servers.map((server) => server.text).join(', ');
    const last = this.#lastFailure === '' ? '' : `; last failure: ${this.#lastFailure}`;
    return `${this.#sent} ${this.#sent === 1 ? 'query' : 'queries'} to ${servers}${last}`;
  }

  /** A packet for one of the attempts; true when it is the answer. */
  replied(attempt: Attempt, packet: Buffer): boolean {
    const { tcpId } = attempt;
    if (tcpId >= 0 && (packet.length < 12 || packet.readUInt16BE(0) !== tcpId)) return false;
    const read = readReply(packet, attempt.query, tcpId >= 0 || this.#host.ignoreTruncation);
    return this.#take(attempt, packet, read);
  }

  /** An attempt that the network turned down. */
  attemptFailed(attempt: Attempt, cause: string): void {
    if (this.#over) return;
    this.#forget(attempt);
    const { server } = attempt;
    if (attempt.tcpId >= 0) {
      this.#refuse(server, failure(rcode.SERVFAIL, `answer truncated, and ${cause}`));
      return;
    }
    this.#hopeful--;
    server.unreachable(cause);
    this.#note(server, cause);
    // After a whole round without a server that can be reached the timer starts the next one, not the failure.
    const roundOver = this.#cursor % this.#servers.length === 0;
    if (server === this.#asked && !roundOver) this.#askNext();
  }

  #askNext(): void {
    const server = this.#nextServer();
    const round = Math.floor(this.#cursor / this.#servers.length);
    const failed = this.#refusals !== undefined && round >= ROUNDS_AFTER_FAILURE;
    const unreachable = this.#hopeful === 0 && round >= UNREACHABLE_ROUNDS;
    if (server === undefined || failed || unreachable) {
      const error = `no name server can be reached: ${this.describe()}`;
      this.#finish(this.failure ?? failure(rcode.ERRNO, error));
      return;
    }
    this.#cursor++;
    this.#asked = server;
    this.#timer?.cancel();
    this.#timer = this.#host.clock.after(Math.min(FIRST_STEP * 2 ** round, LONGEST_STEP), () =>
      this.#stepOver(),
    );
    this.#ask(server, server.edns && round < PLAIN_ROUND);
  }

  #stepOver(): void {
    const server = this.#asked;
    if (server !== undefined && this.#attempts.some((attempt) => attempt.server === server)) {
      server.silent(`${this.question.name} ${this.question.type}`);
      this.#note(server, 'no answer in time');
    }
    this.#askNext();
  }

  /** The server at the cursor, or the next behind it that has not failed yet; undefined when all have. */
  #nextServer(): Server | undefined {
    for (let i = 0; i < this.#servers.length; i++) {
      const server = this.#servers[this.#cursor % this.#servers.length];
      if (server !== undefined && !this.#refusals?.has(server)) return server;
      this.#cursor++;
    }
    return undefined;
  }

  #ask(server: Server, edns: boolean): void {
    this.#hopeful++;
    this.#sent++;
    const attempt = new Attempt(this, server, this.#query(edns), -1);
    this.#attempts.push(attempt);
    attempt.exchange = server.udp.send(attempt.query, attempt);
  }

  /** The server that truncated is asked again; its step starts anew. */
  #askByTcp(server: Server, query: Query, id: number): void {
    this.#trace(`${server.text}: answer truncated, asking by TCP`);
    this.#timer?.restart();
    this.#sent++;
    const attempt = new Attempt(this, server, query, id);
    this.#attempts.push(attempt);
    attempt.exchange = server.tcp.send(withId(query, id), attempt);
  }

  /** True when `read` was the answer of this attempt. */
  #take(attempt: Attempt, packet: Buffer, read: ReadReply): boolean {
    const { server, query } = attempt;
    switch (read.kind) {
      case 'foreign':
        return false;
      case 'error-without-question':
        // Nothing proves that it belongs to this question, so it may only make us ask again.
        if (!query.edns) return false;
        this.#forget(attempt);
        this.#askPlain(server, read.rcode);
        return true;
      case 'truncated':
        this.#forget(attempt);
        server.answered();
        this.#askByTcp(server, query, packet.readUInt16BE(0));
        return true;
      case 'malformed':
        this.#forget(attempt);
        server.answered();
        this.#refuse(server, failure(rcode.SERVFAIL, `malformed answer (${read.reason})`));
        return true;
      case 'reply':
        this.#forget(attempt);
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
      if (query.edns) server.answeredEdns();
      // It does not know EDNS although it was thought to.
      else if (this.#plainAsked?.has(server)) server.refusedEdns();
      // Or what has EDNS gets lost on the way to it or back.
      else if (this.#ednsUnanswered(server)) server.lostEdns();
      const authenticated = reply.authenticated && this.#host.isTrusted(server.address);
      this.#finish({
        rcode: code,
        answer,
        authority,
        extra,
        authenticated,
        octets,
        truncated,
        error: undefined,
      });
    } else {
      this.#refuse(server, failure(code, undefined));
    }
  }

  /** Queries with EDNS went to this server and none came back, although one without did. */
  #ednsUnanswered(server: Server): boolean {
    return this.#attempts.some((attempt) => attempt.server === server && attempt.query.edns);
  }

  #askPlain(server: Server, code: number): void {
    this.#trace(`${server.text}: rcode ${code} for a query with EDNS, asking without`);
    this.#timer?.restart();
    this.#plainAsked ??= new Set();
    this.#plainAsked.add(server);
    this.#ask(server, false);
  }

  #refuse(server: Server, result: LookupResult): void {
    this.#note(server, result.error ?? `rcode ${result.rcode}`);
    this.#refusals ??= new Map();
    this.#refusals.set(server, { ...result, error: result.error && `${server.text}: ${result.error}` });
    this.#askNext();
  }

  #forget(attempt: Attempt): void {
    const index = this.#attempts.indexOf(attempt);
    if (index >= 0) this.#attempts.splice(index, 1);
  }

  #finish(result: LookupResult): void {
    if (this.#over) return;
    this.cancel();
    this.#owner.lookedUp(result);
  }

  #note(server: Server, cause: string): void {
    this.#lastFailure = `${server.text}: ${cause}`;
    this.#trace(this.#lastFailure);
  }

  #trace(line: string): void {
    this.#host.trace(this.question, line);
  }

  #query(edns: boolean): Query {
    const { name, type, class: cls } = this.question;
    if (edns) {
      this.#ednsQuery ??= encodeQuery(name, type, cls, true);
      return this.#ednsQuery;
    }
    this.#plainQuery ??= encodeQuery(name, type, cls, false);
    return this.#plainQuery;
  }
}

/** When servers fail differently, which failure is told: REFUSED says least. */
function rank(code: number): number {
  if (code === rcode.SERVFAIL) return 2;
  return code === rcode.REFUSED ? 0 : 1;
}
