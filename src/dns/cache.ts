// Answers kept in memory until their TTL is over, those not used for longest going first (RFC 2181 section 5.2, RFC 2308). Bounded by
// number and by size: an answer counts once for each KiB of its packet.
import type { DnsRecord } from './resolver-api.ts';
import type { ReplyRecords } from './wire.ts';

export interface KeptAnswer extends ReplyRecords {
  readonly rcode: number;
}

export interface CachedAnswer extends KeptAnswer {
  /** Seconds left, at least 1. */
  readonly ttl: number;
}

interface Entry {
  readonly kept: KeptAnswer;
  readonly weight: number;
  /** Clock.monotonic times. */
  readonly storedAt: number;
  readonly expiresAt: number;
  /** The answer as it is `age` seconds old, made once a second at most. */
  age: number;
  aged: CachedAnswer;
}

/** Longest times to keep, in seconds: a day for answers, three hours for denials (RFC 2308 section 5). */
const LONGEST = 86_400;
const LONGEST_DENIAL = 10_800;
const SOA = 6;

interface Generation {
  readonly entries: Map<string, Entry>;
  weight: number;
}

const generation = (): Generation => ({ entries: new Map(), weight: 0 });

/**
 * Two generations: what is asked for goes into the young one, and when that holds half of the limit the old one is dropped and it
 * becomes the old one. Nothing is ever deleted one by one, which large Maps are slow at (30 µs with 10,000 entries).
 */
export class AnswerCache {
  #young = generation();
  #old = generation();

  /** Answers kept; one that is in both generations counts twice. */
  get size(): number {
    return this.#young.entries.size + this.#old.entries.size;
  }

  /** `now`: Clock.monotonic. The TTLs are those that are left. */
  get(key: string, now: number, limit: number): CachedAnswer | undefined {
    let entry = this.#young.entries.get(key);
    if (entry === undefined) {
      entry = this.#old.entries.get(key);
      if (entry === undefined || now >= entry.expiresAt) return undefined;
      this.#keep(key, entry, limit);
    }
    if (now >= entry.expiresAt) return undefined;
    const age = Math.floor((now - entry.storedAt) / 1000);
    if (age !== entry.age) {
      entry.age = age;
      entry.aged = grownOlder(entry.kept, age, Math.ceil((entry.expiresAt - now) / 1000));
    }
    return entry.aged;
  }

  /** `seconds` to keep, 0 for not at all; `octets` of the packet; `limit`: option dns-cache-size. */
  put(key: string, kept: KeptAnswer, seconds: number, octets: number, limit: number, now: number): void {
    const weight = Math.max(1, Math.ceil(octets / 1024));
    if (seconds <= 0 || weight > limit) return;
    const { rcode, answer, authenticated, authority, extra } = kept;
    const aged = { rcode, answer, authority, extra, authenticated, ttl: seconds };
    this.#keep(key, { kept, weight, storedAt: now, expiresAt: now + seconds * 1000, age: 0, aged }, limit);
  }

  clear(): void {
    this.#young = generation();
    this.#old = generation();
  }

  #keep(key: string, entry: Entry, limit: number): void {
    if (this.#young.weight > 0 && this.#young.weight + entry.weight > limit / 2) {
      this.#old = this.#young;
      this.#young = generation();
    }
    const young = this.#young;
    young.weight += entry.weight - (young.entries.get(key)?.weight ?? 0);
    young.entries.set(key, entry);
    if (young.weight + this.#old.weight > limit) this.#old = generation();
  }
}

function grownOlder(kept: KeptAnswer, age: number, ttl: number): CachedAnswer {
  const older = (record: DnsRecord): DnsRecord => ({ ...record, ttl: Math.max(0, record.ttl - age) });
  return {
    rcode: kept.rcode,
    answer: kept.answer.map(older),
    authority: kept.authority.map(older),
    extra: kept.extra.map(older),
    authenticated: kept.authenticated,
    ttl,
  };
}

/** A TTL with the top bit set counts as 0 (RFC 2181 section 8). */
function usable(ttl: number): number {
  return ttl >= 0x8000_0000 ? 0 : ttl;
}

/**
 * Seconds for which an answer may be kept. `found`: it has the records asked for; else it is a denial, kept as long as its SOA says,
 * and not at all without one.
 */
export function keepSeconds(reply: Omit<ReplyRecords, 'authenticated'>, found: boolean): number {
  let seconds = found ? LONGEST : LONGEST_DENIAL;
  for (const record of reply.answer) seconds = Math.min(seconds, usable(record.ttl));
  if (found) return seconds;
  const soa = reply.authority.find((record) => record.type === SOA);
  if (soa === undefined) return 0;
  return Math.min(seconds, usable(soa.ttl), usable(Number(soa.fields.minimum)));
}
