// Resolver over the name servers of this machine: cache, merging of identical questions, caps and deadlines around dns/flight.ts and
// dns/lookup.ts. One exists per process; main opens it, the dns module, the session (client.host) and smtp/client ask it.
import { isIP } from 'node:net';
import { AbortListeners } from '../base/abort-listeners.ts';
import type { Clock, RandomInteger, Timer } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { clientName } from '../net/client-name.ts';
import type { Options } from '../options/options.ts';
import { canonicalAddress, reverseName } from './address-text.ts';
import { AnswerCache } from './cache.ts';
import { Flight, type FlightHost, type FlightResult, failedFlight } from './flight.ts';
import { HostsFile } from './hosts-file.ts';
import { Lookup, type LookupHost } from './lookup.ts';
import { checkName } from './name.ts';
import { type DnsQuestion, type DnsResponse, type Resolver, rcode } from './resolver-api.ts';
import { ServerList } from './servers.ts';
import { ShortMemory } from './short-memory.ts';
import { classKey, rcodeName, typeKey } from './type-table.ts';
import { notAnswered, Waiter, type WaitParts } from './waiter.ts';

export interface ResolverParts {
  /** The options of the process: dns-servers, dns-max-timeout, dns-round-robin, dns-ignore-tcp, dns-cache-size, dns-max-queries. */
  readonly options: Options;
  readonly log: Log;
  readonly clock: Clock;
  /** Must be unpredictable: ids are made of it. */
  readonly random: RandomInteger;
  /** Default /etc/resolv.conf. */
  readonly resolvConf?: string;
  /** Default /etc/hosts; only for Resolver.addresses. */
  readonly hosts?: string;
}

type QueryOptions = { readonly signal?: AbortSignal; readonly timeoutMs?: number };

const CLOSED = 'the resolver is closed';
const SILENT = 'no name server answers; they are asked again every 2 s';
/** At most one line about too many queries in this time, in ms. */
const CAP_LOG_INTERVAL = 10_000;
/** How long, in ms, it is remembered that a host's A or AAAA is not answered. */
const HALF_ANSWERED = 10_000;
/** How long, in ms, it is remembered that nobody answered what a client is called: the next connection of it does not wait. */
const UNNAMED = 10_000;
/** How long, in ms, the answer of the other family is waited for when one has come. */
const AAAA_DELAY = 50;
const A_DELAY = 1000;
const A = 1;
const PTR = 12;
const AAAA = 28;

/** Reads resolv.conf when option dns-servers is empty, then answers. Never fails: what is wrong is logged, and 127.0.0.1 asked. */
export async function openResolver(parts: ResolverParts): Promise<Resolver> {
  const servers = new ServerList({
    ...parts,
    resolvConf: parts.resolvConf ?? '/etc/resolv.conf',
    changed: () => resolver.serversChanged(),
  });
  const resolver = new CachingResolver(parts, servers);
  await servers.load();
  return resolver;
}

class CachingResolver implements Resolver, FlightHost, LookupHost, WaitParts {
  readonly clock: Clock;
  readonly listeners = new AbortListeners();
  readonly #options: Options;
  readonly #log: Log;
  readonly #servers: ServerList;
  readonly #hosts: HostsFile;
  readonly #cache = new AnswerCache();
  readonly #flights = new Map<string, Flight>();
  /** Host names of which one family has lately not been answered in time. */
  readonly #halves = new ShortMemory(HALF_ANSWERED, 1000);
  /** Questions about names of clients that have lately not been answered in time. */
  readonly #unnamed = new ShortMemory(UNNAMED, 1000);
  #capLoggedAt = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(parts: ResolverParts, servers: ServerList) {
    this.clock = parts.clock;
    this.#options = parts.options;
    this.#log = parts.log;
    this.#servers = servers;
    this.#hosts = new HostsFile(parts.hosts ?? '/etc/hosts', parts.clock);
  }

  query(question: DnsQuestion, options?: QueryOptions): DnsResponse | Promise<DnsResponse> {
    const checked = checkName(question.name);
    if (checked.kind === 'invalid') return notAsked(question, `invalid name: ${checked.reason}`);
    const { type, class: cls } = question;
    if (!isAskable(type) || !isNumber16(cls))
      return notAsked(question, `type ${type}, class ${cls} cannot be asked`);
    const name = checked.name.toLowerCase();
    const key = `${name} ${type} ${cls}`;
    const now = this.clock.monotonic();
    const cached = this.#cache.get(key, now, this.#options.values['dns-cache-size']);
    if (cached !== undefined) {
      this.#count('cache', 0);
      const { rcode: code, answer, authenticated, authority, extra, ttl } = cached;
      return { question, rcode: code, answer, authority, extra, ttl, authenticated, error: undefined };
    }
    if (this.#closed) return notAsked(question, CLOSED);
    if (options?.signal?.aborted) return notAsked(question, 'cancelled');
    const known = this.#flights.get(key);
    if (known !== undefined) return this.#wait(known, question, options);
    if (this.#servers.silent()) return notAnswered(question, rcode.TIMEDOUT, SILENT);
    if (this.#flights.size >= this.#options.values['dns-max-queries'])
      return notAsked(question, this.#tooMany());
    const flight = new Flight(key, { name, type, class: cls }, now, this);
    this.#flights.set(key, flight);
    const response = this.#wait(flight, question, options);
    flight.start();
    return response;
  }

  async reverse(address: string, options: QueryOptions = {}): Promise<string | undefined> {
    // Everybody's loopback has the same name, which says nothing; a health check must not wait for a name server.
    const name = isLoopback(address) ? undefined : reverseName(address);
    if (name === undefined) return undefined;
    const response = await this.#aboutClient({ name, type: PTR, class: 1 }, options);
    if (response.error !== undefined) this.#log.emit('dns-no-host', { address, cause: response.error });
    for (const record of response.rcode === rcode.OK ? response.answer : []) {
      const host = record.type === PTR ? clientName(String(record.fields.value)) : undefined;
      if (host !== undefined) return host;
    }
    return undefined;
  }

  async confirms(host: string, address: string, options: QueryOptions = {}): Promise<boolean> {
    const wanted = canonicalAddress(address);
    const type = isIP(wanted) === 6 ? AAAA : A;
    const { rcode: code, answer } = await this.#aboutClient({ name: host, type, class: 1 }, options);
    return (
      code === rcode.OK &&
      answer.some(
        (record) => record.type === type && canonicalAddress(String(record.fields.value)) === wanted,
      )
    );
  }

  /** As query. A client that comes again and again waits once for a name server that says nothing of it. */
  async #aboutClient(question: DnsQuestion, options: QueryOptions): Promise<DnsResponse> {
    const key = `${question.name} ${question.type}`;
    if (this.#unnamed.has(key, this.clock.monotonic()))
      return notAnswered(question, rcode.TIMEDOUT, 'it was not answered a moment ago');
    const response = await this.query(question, options);
    if (response.rcode === rcode.TIMEDOUT) this.#unnamed.add(key, this.clock.monotonic());
    return response;
  }

  async addresses(host: string, options: QueryOptions = {}): Promise<readonly string[]> {
    if (isIP(host) !== 0) return [host];
    const local = await this.#hosts.find(host.toLowerCase().replace(/\.$/, ''));
    if (local.length > 0) return local;
    const responses = await this.#bothFamilies(host, options);
    const addresses: string[] = [];
    for (const { question, answer, rcode: code, error } of responses) {
      if (error !== undefined) {
        this.#log.emit('dns-no-address', { type: typeKey(question.type), host, cause: error });
      }
      for (const record of code === rcode.OK ? answer : []) {
        if (record.type === question.type) addresses.push(String(record.fields.value));
      }
    }
    return addresses;
  }

  /**
   * The answers for A and AAAA. When one has brought addresses the other is waited for only as long as RFC 8305 section 3 has it, a
   * moment for AAAA and longer for A, which comes first in use; it goes on by itself, so that the next asker finds it in the cache.
   */
  async #bothFamilies(host: string, options: QueryOptions): Promise<readonly DnsResponse[]> {
    const found: (DnsResponse | undefined)[] = [undefined, undefined];
    const key = host.toLowerCase();
    const patience = this.#halves.has(key, this.clock.monotonic()) ? [0, 0] : [AAAA_DELAY, A_DELAY];
    const asked = [A, AAAA].map(async (type, index) => {
      const response = await this.query({ name: host, type, class: 1 }, options);
      found[index] = response;
      return response;
    });
    const enough = new Promise<void>((resolve) => {
      let timer: Timer | undefined;
      for (const [index, answer] of asked.entries()) {
        void answer.then((response) => {
          if (
            timer !== undefined ||
            !response.answer.some((record) => record.type === response.question.type)
          )
            return;
          timer = this.clock.after(patience[index] ?? 0, resolve);
        });
      }
      void Promise.all(asked).then(() => {
        timer?.cancel();
        resolve();
      });
    });
    await enough;
    // For a while nobody waits for what did not come.
    if (found.includes(undefined)) this.#halves.add(key, this.clock.monotonic());
    return found.filter((response) => response !== undefined);
  }

  get cacheEntries(): number {
    return this.#cache.size;
  }

  /** What is under way goes on with the new servers. */
  serversChanged(): void {
    for (const flight of this.#flights.values()) flight.useServers(this.#servers.order());
  }

  close(): void {
    this.#closed = true;
    this.#servers.close();
    for (const flight of [...this.#flights.values()]) flight.finish(failedFlight(rcode.ERRNO, CLOSED));
    this.#cache.clear();
  }

  lookUp(flight: Flight, name: string): Lookup {
    const { type, class: cls } = flight.question;
    const lookup = new Lookup({ name, type, class: cls }, this.#servers.order(), this, flight);
    lookup.start();
    return lookup;
  }

  landed(flight: Flight, result: FlightResult | undefined): void {
    this.#flights.delete(flight.key);
    const now = this.clock.monotonic();
    if (result !== undefined && result.keep > 0) {
      const { rcode: code, answer, authenticated, authority, extra, keep, octets } = result;
      const limit = this.#options.values['dns-cache-size'];
      const kept = { rcode: code, answer, authority, extra, authenticated };
      this.#cache.put(flight.key, kept, keep, octets, limit, now);
    }
    this.#count(result === undefined ? 'timeout' : outcomeOf(result.rcode), (now - flight.startedAt) / 1000);
    if (!this.#log.wants('dns-trace')) return;
    const ms = `in ${Math.round(now - flight.startedAt)} ms`;
    const outcome = result?.error ?? `${result?.answer.length} records, kept ${result?.keep} s`;
    const line =
      result === undefined ? `dropped ${ms}, nobody waits` : `${rcodeName(result.rcode)} ${ms}: ${outcome}`;
    this.trace(flight.question, line);
  }

  #count(outcome: string, seconds: number): void {
    if (this.#log.wants('dns-asked')) this.#log.emit('dns-asked', { outcome, seconds });
  }

  get ignoreTruncation(): boolean {
    return this.#options.values['dns-ignore-tcp'];
  }

  isTrusted(address: string): boolean {
    return isLoopback(address) || this.#options.values['dns-trusted'];
  }

  trace({ name, type, class: cls }: DnsQuestion, step: string): void {
    if (!this.#log.wants('dns-trace')) return;
    this.#log.emit('dns-trace', { question: `${classKey(cls)},${typeKey(type)},${name}.`, step });
  }

  #wait(flight: Flight, question: DnsQuestion, options: QueryOptions | undefined): Promise<DnsResponse> {
    const ms = options?.timeoutMs ?? this.#options.values['dns-max-timeout'] * 1000;
    return new Promise((resolve) => {
      new Waiter(flight, question, this, ms, options?.signal, resolve);
    });
  }

  #tooMany(): string {
    const cause = `too many queries in flight (dns-max-queries=${this.#options.values['dns-max-queries']})`;
    const now = this.clock.monotonic();
    if (now - this.#capLoggedAt > CAP_LOG_INTERVAL) {
      this.#capLoggedAt = now;
      this.#log.emit('dns-queries-limit', { cause });
    }
    return cause;
  }
}

function isLoopback(address: string): boolean {
  const canonical = canonicalAddress(address);
  return canonical.startsWith('127.') || canonical === canonicalAddress('::1');
}

function isNumber16(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 65_535;
}

/** Not OPT, nor what asks for more than records: transfers and key exchange (RFC 6895 section 3.1). */
function isAskable(type: number): boolean {
  return isNumber16(type) && type !== 0 && type !== 41 && !(type >= 249 && type <= 252);
}

function notAsked(question: DnsQuestion, error: string): DnsResponse {
  return notAnswered(question, rcode.ERRNO, error);
}

function outcomeOf(code: number): string {
  switch (code) {
    case rcode.OK:
      return 'ok';
    case rcode.NXDOMAIN:
      return 'nxdomain';
    case rcode.SERVFAIL:
      return 'servfail';
    case rcode.TIMEDOUT:
      return 'timeout';
    default:
      return 'other';
  }
}
