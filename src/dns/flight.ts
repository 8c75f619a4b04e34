// One question under way and everybody who waits for it: identical questions share it. Follows aliases that the server did not follow.
// Each waiter has its own deadline (dns/waiter.ts); when the last one is gone the question is dropped.
import { followAliases } from './alias.ts';
import { keepSeconds } from './cache.ts';
import type { Lookup, LookupOwner, LookupResult } from './lookup.ts';
import { checkName } from './name.ts';
import { type DnsQuestion, type DnsRecord, rcode } from './resolver-api.ts';
import type { Server } from './server.ts';
import type { Waiter } from './waiter.ts';

/** The final answer; `keep`: seconds that it may be cached, 0 for failures. */
export interface FlightResult extends LookupResult {
  readonly keep: number;
}

export interface FlightHost {
  /** Asks for `name` with the type and class of the flight. */
  lookUp(flight: Flight, name: string): Lookup;
  /** The flight is over; undefined when everybody left before the answer. */
  landed(flight: Flight, result: FlightResult | undefined): void;
}

/** Aliases followed by asking again; Unbound's limit is 11. */
const MAX_ALIASES = 11;
const SOA = 6;
const MX = 15;
const ANY_CLASS = 255;

export class Flight implements LookupOwner {
  /** Of this question in the cache and among the flights. */
  readonly key: string;
  /** ASCII, lower case, without final dot. */
  readonly question: DnsQuestion;
  readonly startedAt: number;
  readonly #host: FlightHost;
  #waiters: Waiter[] = [];
  /** Records found on the way, behind aliases. */
  #answer: readonly DnsRecord[] = [];
  #name: string;
  #aliases = 0;
  /** So far, all of it. */
  #authenticated = true;
  #octets = 0;
  #lookup: Lookup | undefined;
  #over = false;

  constructor(key: string, question: DnsQuestion, startedAt: number, host: FlightHost) {
    this.key = key;
    this.question = question;
    this.startedAt = startedAt;
    this.#host = host;
    this.#name = question.name;
  }

  start(): void {
    this.#lookup = this.#host.lookUp(this, this.#name);
  }

  /** What was tried so far, for messages. */
  describe(): string {
    return this.#lookup?.describe() ?? 'nothing sent';
  }

  /** The failure that a server gave while others stay silent, if any. */
  get failure(): LookupResult | undefined {
    return this.#lookup?.failure;
  }

  /** The name servers are others now. */
  useServers(servers: readonly Server[]): void {
    this.#lookup?.useServers(servers);
  }

  join(waiter: Waiter): void {
    this.#waiters.push(waiter);
  }

  /** The waiter has given up. */
  leave(waiter: Waiter): void {
    const index = this.#waiters.indexOf(waiter);
    if (index < 0) return;
    this.#waiters.splice(index, 1);
    if (this.#waiters.length === 0) this.#end(undefined);
  }

  /** Everybody gets this result now. */
  finish(result: FlightResult): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    this.#end(result);
    for (const waiter of waiters) waiter.answered(result);
  }

  lookedUp(result: LookupResult): void {
    if (result.rcode !== rcode.OK && result.rcode !== rcode.NXDOMAIN) {
      this.finish({ ...result, keep: 0 });
      return;
    }
    const { type, class: cls } = this.question;
    const chain = followAliases(`${this.#name}.`, type, ofClass(result.answer, cls));
    if (chain.broken) {
      this.#fail('aliases that lead back to themselves or to no name');
      return;
    }
    this.#answer = this.#aliases === 0 ? chain.records : [...this.#answer, ...chain.records];
    this.#octets += result.octets;
    this.#authenticated &&= result.authenticated;
    const isEnd = chain.complete || chain.end === `${this.#name.toLowerCase()}.`;
    // A server that followed the aliases to their end and found nothing says so by an SOA, or NXDOMAIN.
    const denied = result.rcode === rcode.NXDOMAIN || result.authority.some((record) => record.type === SOA);
    if (isEnd || denied || result.truncated) {
      this.#conclude(result, chain.complete && result.rcode === rcode.OK);
      return;
    }
    this.#aliases++;
    const next = checkName(chain.end);
    if (next.kind === 'invalid') this.#fail(`an alias to ${chain.end} (${next.reason})`);
    else if (this.#aliases > MAX_ALIASES) this.#fail(`more than ${MAX_ALIASES} aliases`);
    else {
      this.#name = next.name;
      this.#lookup = this.#host.lookUp(this, next.name);
    }
  }

  /** `found`: the records asked for are there. */
  #conclude(result: LookupResult, found: boolean): void {
    const { rcode: code, authority, extra, truncated } = result;
    const answer = sortExchangers(this.#answer);
    const keep = truncated ? 0 : keepSeconds({ answer, authority, extra }, found);
    this.finish({
      rcode: code,
      answer,
      authority,
      extra,
      authenticated: this.#authenticated,
      octets: this.#octets,
      truncated,
      error: undefined,
      keep,
    });
  }

  #fail(what: string): void {
    this.finish(failedFlight(rcode.SERVFAIL, `the answer has ${what}`));
  }

  #end(result: FlightResult | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#lookup?.cancel();
    this.#host.landed(this, result);
  }
}

export function failedFlight(code: number, error: string): FlightResult {
  const records = { answer: [], authority: [], extra: [], authenticated: false };
  return { ...records, rcode: code, octets: 0, truncated: false, error, keep: 0 };
}

/** Records of the class asked for. */
function ofClass(records: readonly DnsRecord[], cls: number): readonly DnsRecord[] {
  const others = cls !== ANY_CLASS && records.some((record) => record.class !== cls);
  return others ? records.filter((record) => record.class === cls) : records;
}

/** Consecutive MX records by ascending preference; equal ones stay as they were. */
function sortExchangers(records: readonly DnsRecord[]): readonly DnsRecord[] {
  if (!records.some((record) => record.type === MX)) return records;
  const sorted = [...records];
  for (let start = 0; start < sorted.length; start++) {
    let end = start;
    while (sorted[end]?.type === MX) end++;
    if (end - start < 2) continue;
    const run = sorted.slice(start, end);
    run.sort((a, b) => Number(a.fields.preference) - Number(b.fields.preference));
    sorted.splice(start, run.length, ...run);
    start = end;
  }
  return sorted;
}
