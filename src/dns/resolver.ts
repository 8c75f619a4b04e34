// Resolver over the name servers of this machine: cache, merging of identical questions, caps and deadlines around dns/flight.ts and
// dns/lookup.ts. One exists per process; main opens it, the dns module, the session (client.host) and forward/ ask it.
import { isIP } from 'node:net';
import type { Clock, RandomInteger } from '../ops/clock.ts';
import type { Log } from '../ops/log.ts';
import type { Options } from '../options/options.ts';
import { reverseName } from './address-text.ts';
import { AnswerCache } from './cache.ts';
import { Flight, type FlightResult, type Waiter } from './flight.ts';
import { HostsFile } from './hosts-file.ts';
import { Lookup } from './lookup.ts';
import { checkName, isHostName } from './name.ts';
import { type DnsQuestion, type DnsResponse, type Resolver, rcode } from './resolver-api.ts';
import { ServerList } from './servers.ts';
import { className, rcodeName, typeName } from './type-table.ts';

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

const LONGEST_TIMER = 2_147_483_647;
/** At most one line about too many queries in this time, in ms. */
const CAP_LOG_INTERVAL = 10_000;
const A = 1;
const PTR = 12;
const AAAA = 28;

/** Reads resolv.conf when option dns-servers is empty, then answers. Never fails: what is wrong is logged, and 127.0.0.1 asked. */
export async function openResolver(parts: ResolverParts): Promise<Resolver> {
  const servers = new ServerList({ ...parts, resolvConf: parts.resolvConf ?? '/etc/resolv.conf' });
  await servers.load();
  return new CachingResolver(parts, servers);
}

class CachingResolver implements Resolver {
  readonly #options: Options;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #servers: ServerList;
  readonly #hosts: HostsFile;
  readonly #cache = new AnswerCache();
  readonly #flights = new Map<string, Flight>();
  #capLoggedAt = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(parts: ResolverParts, servers: ServerList) {
    this.#options = parts.options;
    this.#log = parts.log;
    this.#clock = parts.clock;
    this.#servers = servers;
    this.#hosts = new HostsFile(parts.hosts ?? '/etc/hosts', parts.clock);
  }

  query(question: DnsQuestion, options: QueryOptions = {}): DnsResponse | Promise<DnsResponse> {
    const checked = checkName(question.name);
    if (checked.kind === 'invalid') return notAsked(question, `invalid name: ${checked.reason}`);
    const { type, class: cls } = question;
    if (!isAskable(type) || !isNumber16(cls))
      return notAsked(question, `type ${type}, class ${cls} cannot be asked`);
    const name = checked.name.toLowerCase();
    const key = `${name} ${type} ${cls}`;
    const cached = this.#cache.get(key, this.#clock.monotonic());
    if (cached !== undefined) return { question, ...cached, error: undefined };
    if (this.#closed) return notAsked(question, 'the resolver is closed');
    if (options.signal?.aborted) return notAsked(question, 'cancelled');
    const known = this.#flights.get(key);
    if (known === undefined && this.#flights.size >= this.#options.values['dns-max-queries']) {
      return notAsked(question, this.#tooMany());
    }
    const flight = known ?? this.#newFlight(key, name, type, cls);
    const response = this.#wait(flight, question, options);
    if (known === undefined) flight.start();
    return response;
  }

  async reverse(address: string, options: QueryOptions = {}): Promise<string | undefined> {
    const name = reverseName(address);
    if (name === undefined) return undefined;
    const response = await this.query({ name, type: PTR, class: 1 }, options);
    if (response.error !== undefined) this.#log.write('info', `no name of ${address}: ${response.error}`);
    for (const record of response.rcode === rcode.OK ? response.answer : []) {
      const host = String(record.fields.value);
      if (record.type === PTR && isHostName(host)) return host.slice(0, -1).toLowerCase();
    }
    return undefined;
  }

  async addresses(host: string, options: QueryOptions = {}): Promise<readonly string[]> {
    if (isIP(host) !== 0) return [host];
    const local = await this.#hosts.find(host.toLowerCase().replace(/\.$/, ''));
    if (local.length > 0) return local;
    const responses = await Promise.all(
      [A, AAAA].map((type) => this.query({ name: host, type, class: 1 }, options)),
    );
    const addresses: string[] = [];
    for (const { question, answer, rcode: code, error } of responses) {
      if (error !== undefined) this.#log.write('info', `${typeName(question.type)} of ${host}: ${error}`);
      for (const record of code === rcode.OK ? answer : []) {
        if (record.type === question.type) addresses.push(String(record.fields.value));
      }
    }
    return addresses;
  }

  close(): void {
    this.#closed = true;
    for (const flight of [...this.#flights.values()]) flight.finish(failed('the resolver is closed'));
    this.#cache.clear();
  }

  #newFlight(key: string, name: string, type: number, cls: number): Flight {
    const started = this.#clock.monotonic();
    const flight = new Flight({
      key,
      name,
      type,
      class: cls,
      ask: (asked, done) => {
        const parts = {
          clock: this.#clock,
          servers: this.#servers.order(),
          ignoreTruncation: this.#options.values['dns-ignore-tcp'],
          trace: (line: string) => this.#trace(asked, type, cls, line),
        };
        const lookup = new Lookup({ name: asked, type, class: cls }, parts, done);
        lookup.start();
        return lookup;
      },
      over: (ended, result) => {
        this.#flights.delete(ended.parts.key);
        if (result === undefined) {
          this.#trace(name, type, cls, 'nobody waits any more');
          return;
        }
        const now = this.#clock.monotonic();
        if (result.keep > 0) {
          const { rcode: code, answer, authority, extra } = result;
          const limit = this.#options.values['dns-cache-size'];
          this.#cache.put(
            key,
            { rcode: code, answer, authority, extra },
            result.keep,
            result.octets,
            limit,
            now,
          );
        }
        if (!this.#log.verbose('dns')) return;
        const outcome = result.error ?? `${result.answer.length} records, kept ${result.keep} s`;
        this.#trace(
          name,
          type,
          cls,
          `${rcodeName(result.rcode)} in ${Math.round(now - started)} ms: ${outcome}`,
        );
      },
    });
    this.#flights.set(key, flight);
    return flight;
  }

  #wait(flight: Flight, question: DnsQuestion, options: QueryOptions): Promise<DnsResponse> {
    const ms = options.timeoutMs ?? this.#options.values['dns-max-timeout'] * 1000;
    const { signal } = options;
    return new Promise((resolve) => {
      const settle = (response: DnsResponse): void => {
        waiter.timer?.cancel();
        signal?.removeEventListener('abort', aborted);
        resolve(response);
      };
      const aborted = (): void => {
        settle(notAsked(question, 'cancelled'));
        flight.leave(waiter);
      };
      const waiter: Waiter = {
        timer: undefined,
        answered: ({ rcode: code, answer, authority, extra, keep, error }) => {
          settle({ question, rcode: code, answer, authority, extra, ttl: keep, error });
        },
      };
      waiter.timer = this.#clock.after(Math.min(Math.max(0, ms), LONGEST_TIMER), () => {
        settle(timedOut(question, flight, ms));
        flight.leave(waiter);
      });
      signal?.addEventListener('abort', aborted, { once: true });
      flight.join(waiter);
    });
  }

  #tooMany(): string {
    const cause = `too many queries in flight (dns-max-queries=${this.#options.values['dns-max-queries']})`;
    const now = this.#clock.monotonic();
    if (now - this.#capLoggedAt > CAP_LOG_INTERVAL) {
      this.#capLoggedAt = now;
      this.#log.write('warning', `dns: ${cause}`);
    }
    return cause;
  }

  #trace(name: string, type: number, cls: number, line: string): void {
    if (this.#log.verbose('dns')) {
      this.#log.write('debug', `dns ${className(cls)},${typeName(type)},${name}.: ${line}`);
    }
  }
}

function isNumber16(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 65_535;
}

/** Not OPT, nor what asks for more than records: transfers and key exchange (RFC 6895 section 3.1). */
function isAskable(type: number): boolean {
  return isNumber16(type) && type !== 0 && type !== 41 && !(type >= 249 && type <= 252);
}

function notAsked(question: DnsQuestion, error: string): DnsResponse {
  return { question, rcode: rcode.ERRNO, answer: [], authority: [], extra: [], ttl: 0, error };
}

function failed(error: string): FlightResult {
  const records = { answer: [], authority: [], extra: [] };
  return { ...records, rcode: rcode.ERRNO, octets: 0, truncated: false, error, keep: 0 };
}

/** A server's failure says more than that the others were silent. */
function timedOut(question: DnsQuestion, flight: Flight, ms: number): DnsResponse {
  const failure = flight.failure;
  const code = failure?.rcode ?? rcode.TIMEDOUT;
  const error = `no answer within ${ms} ms: ${flight.describe()}`;
  return { question, rcode: code, answer: [], authority: [], extra: [], ttl: 0, error };
}
