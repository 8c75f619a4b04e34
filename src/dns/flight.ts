// One question under way and everybody who waits for it: identical questions share it. Follows aliases that the server did not follow.
// Each waiter has its own deadline; when the last one is gone the question is dropped.
import type { Timer } from '../ops/clock.ts';
import { followAliases } from './alias.ts';
import { keepSeconds } from './cache.ts';
import type { Lookup, LookupResult } from './lookup.ts';
import { checkName } from './name.ts';
import { type DnsRecord, rcode } from './resolver-api.ts';

/** The final answer; `keep`: seconds that it may be cached, 0 for failures. */
export interface FlightResult extends LookupResult {
  readonly keep: number;
}

export interface Waiter {
  timer: Timer | undefined;
  answered(result: FlightResult): void;
}

/** Aliases followed by asking again; Unbound's limit is 11. */
const MAX_ALIASES = 11;
const SOA = 6;
const MX = 15;

export interface FlightParts {
  readonly key: string;
  /** ASCII, lower case, without final dot. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
  /** Starts asking for `name` with the type and class above. */
  ask(name: string, done: (result: LookupResult) => void): Lookup;
  /** The flight is over: result undefined when everybody left. */
  over(flight: Flight, result: FlightResult | undefined): void;
}

export class Flight {
  readonly parts: FlightParts;
  readonly #waiters = new Set<Waiter>();
  /** Records found on the way, behind aliases. */
  readonly #answer: DnsRecord[] = [];
  #name: string;
  #aliases = 0;
  #octets = 0;
  #lookup: Lookup | undefined;
  #over = false;

  constructor(parts: FlightParts) {
    this.parts = parts;
    this.#name = parts.name;
  }

  start(): void {
    this.#ask(this.#name);
  }

  /** What was tried so far, for messages. */
  describe(): string {
    return this.#lookup?.describe() ?? 'nothing sent';
  }

  /** The failure that a server gave while others stay silent, if any. */
  get failure(): LookupResult | undefined {
    return this.#lookup?.failure;
  }

  join(waiter: Waiter): void {
    this.#waiters.add(waiter);
  }

  /** The waiter has given up. */
  leave(waiter: Waiter): void {
    this.#waiters.delete(waiter);
    if (this.#waiters.size === 0) this.#end(undefined);
  }

  /** Everybody gets this result now. */
  finish(result: FlightResult): void {
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    this.#end(result);
    for (const waiter of waiters) waiter.answered(result);
  }

  #end(result: FlightResult | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#lookup?.cancel();
    this.parts.over(this, result);
  }

  #ask(name: string): void {
    this.#name = name;
    this.#lookup = this.parts.ask(name, (result) => this.#received(result));
  }

  #received(result: LookupResult): void {
    if (result.rcode !== rcode.OK && result.rcode !== rcode.NXDOMAIN) {
      this.finish({ ...result, keep: 0 });
      return;
    }
    const chain = followAliases(`${this.#name}.`, this.parts.type, ofClass(result.answer, this.parts.class));
    if (chain.broken) {
      this.#fail(result, 'aliases that lead back to themselves or to no name');
      return;
    }
    this.#answer.push(...chain.records);
    this.#octets += result.octets;
    const isEnd = chain.complete || chain.end === `${this.#name.toLowerCase()}.`;
    // A server that followed the aliases to their end and found nothing says so by an SOA, or NXDOMAIN.
    const denied = result.rcode === rcode.NXDOMAIN || result.authority.some((record) => record.type === SOA);
    if (isEnd || denied || result.truncated) {
      const found = { ...result, answer: sortExchangers(this.#answer), octets: this.#octets };
      const keep = result.truncated ? 0 : keepSeconds(found, chain.complete && result.rcode === rcode.OK);
      this.finish({ ...found, keep });
      return;
    }
    this.#aliases++;
    const next = checkName(chain.end);
    if (next.kind === 'invalid') this.#fail(result, `an alias to ${chain.end} (${next.reason})`);
    else if (this.#aliases > MAX_ALIASES) this.#fail(result, `more than ${MAX_ALIASES} aliases`);
    else this.#ask(next.name);
  }

  #fail(result: LookupResult, error: string): void {
    const failed = { ...result, rcode: rcode.SERVFAIL, answer: [], authority: [], extra: [] };
    this.finish({ ...failed, error: `the answer has ${error}`, keep: 0 });
  }
}

/** Records of the class asked for; 255 is any. */
function ofClass(records: readonly DnsRecord[], cls: number): readonly DnsRecord[] {
  return cls === 255 ? records : records.filter((record) => record.class === cls);
}

/** Consecutive MX records by ascending preference; equal ones stay as they were. */
function sortExchangers(records: readonly DnsRecord[]): readonly DnsRecord[] {
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
