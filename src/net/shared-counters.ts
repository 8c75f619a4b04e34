// The counts behind limit-connections, limit-client-connections, rate-global and rate-client when several worker processes share the
// port. Each worker writes what it counts into its own region of one small file in memory (tmpfs) and reads the regions of the others
// there: a few microseconds, no message between processes, and no count is lost when a worker dies. A worker counts itself first and
// looks at the others then, so that two that come at the same moment may both be refused, but never are there too many. The file has no
// name (net/counters-file): nobody can take it away, and nothing is left of it when all are gone.
import { createHash } from 'node:crypto';
import { closeSync, readSync, writeSync } from 'node:fs';
import { ConnectionLimits, type OpenResult } from './connection-limits.ts';
import { nextPlace, waitFor } from './rate.ts';

/** Length of a slot and their number, as in net/rate. */
const SLOT_MS = 6000;
const SLOTS = 10;

// Region: u32 connections, u32 last second with places taken, u32 places taken in it, padding to 64 bytes, then the buckets.
const HEADER = 64;
const BUCKETS = 16_384;
const WAYS = 4;
// Entry: 8 bytes hash of the client, u32 connections, u32 last slot, ten u16 counts, 4 bytes padding.
const ENTRY = 40;
const OPEN = 8;
const LAST = 12;
const COUNTS = 16;
const BUCKET = ENTRY * WAYS;

/** Bytes of one worker's region. */
export const regionSize = HEADER + BUCKETS * BUCKET;

interface Client {
  readonly hash: Buffer;
  open: number;
  last: number;
  readonly counts: number[];
}

export interface SharedCountersPlace {
  /** Descriptor of the file, of at least `workers` regions; open for reading and writing. */
  readonly file: number;
  /** This worker's region, from 0. */
  readonly slot: number;
  readonly workers: number;
  /** Secret of this start: nobody can choose addresses that fall into one bucket. */
  readonly seed: string;
}

/** Zeroes a region: at the start of its worker, and when the worker has died. */
export function clearRegion(file: number, slot: number): void {
  const zeroes = Buffer.alloc(regionSize);
  // A place that is nearly full takes a part, and says why with the next one.
  for (let done = 0; done < regionSize; ) {
    done += writeSync(file, zeroes, done, regionSize - done, slot * regionSize + done);
  }
}

export class SharedCounters {
  readonly #place: SharedCountersPlace;
  readonly #file: number;
  readonly #limits = new ConnectionLimits();
  /** What this worker counted, by client; an entry goes when nothing is open and its last slot is old. */
  readonly #clients = new Map<string, Client>();
  readonly #header = Buffer.alloc(12);
  readonly #bucket = Buffer.alloc(BUCKET);
  #disposed = false;
  #second = 0;
  #inSecond = 0;

  constructor(place: SharedCountersPlace) {
    this.#place = place;
    this.#file = place.file;
    clearRegion(place.file, place.slot);
  }

  /** Connections of this worker. */
  get total(): number {
    return this.#limits.total;
  }

  open(key: string, limit: number, limitOfClient: number): OpenResult {
    this.#limits.open(key, 0, 0);
    const client = this.#client(key);
    client.open++;
    this.#publish(client);
    let result: OpenResult = 'open';
    if (limit > 0 && this.#limits.total + this.#others((header) => header.readUInt32LE(0)) > limit)
      result = 'too-many';
    else if (
      limitOfClient > 0 &&
      client.open + this.#othersOf(client, (entry) => entry.readUInt32LE(OPEN)) > limitOfClient
    ) {
      result = 'too-many-of-client';
    }
    if (result !== 'open') this.close(key);
    return result;
  }

  close(key: string): void {
    const client = this.#clients.get(key);
    if (client === undefined || client.open === 0 || this.#disposed) return;
    this.#limits.close(key);
    client.open--;
    this.#publish(client);
  }

  /** As SecondPlaces.take in net/rate, over all workers: the last second that any of them has taken a place in is the one that fills. */
  place(limit: number, now: number, longest: number): number | undefined {
    let second = this.#second;
    let count = this.#inSecond;
    this.#others((header) => {
      const [theirs, places] = [header.readUInt32LE(4), header.readUInt32LE(8)];
      if (theirs > second) [second, count] = [theirs, places];
      else if (theirs === second) count += places;
      return 0;
    });
    const place = nextPlace({ second, count }, limit, now);
    const wait = waitFor(place, now);
    if (wait > longest) return undefined;
    this.#inSecond = place.second === this.#second ? this.#inSecond + 1 : 1;
    this.#second = place.second;
    this.#publishHeader();
    return wait;
  }

  /** As ClientRate.count in net/rate, over all workers. */
  client(key: string, limit: number, now: number): number {
    const slot = Math.floor(now / SLOT_MS) >>> 0;
    const client = this.#client(key);
    this.#advance(client, slot);
    const index = slot % SLOTS;
    client.counts[index] = (client.counts[index] ?? 0) + 1;
    this.#publish(client);
    const own = client.counts.reduce((sum, count) => sum + count, 0);
    const others = this.#othersOf(client, (entry) => windowSum(entry, slot));
    if (own + others > limit) {
      client.counts[index] = (client.counts[index] ?? 1) - 1;
      this.#publish(client);
    }
    return own + others;
  }

  /** Closes the file. Connections that end later are counted by nobody: the number of the descriptor may be another file's. */
  dispose(): void {
    this.#disposed = true;
    closeSync(this.#file);
  }

  #client(key: string): Client {
    let client = this.#clients.get(key);
    if (client === undefined) {
      const hash = createHash('md5').update(this.#place.seed).update(key).digest().subarray(0, 8);
      client = { hash, open: 0, last: 0, counts: new Array<number>(SLOTS).fill(0) };
      this.#clients.set(key, client);
      if (this.#clients.size > 16_384) this.#forgetIdle();
    }
    return client;
  }

  #advance(client: Client, slot: number): void {
    const passed = Math.min(Math.max(slot - client.last, 0), SLOTS);
    for (let i = 1; i <= passed; i++) client.counts[(client.last + i) % SLOTS] = 0;
    client.last = Math.max(client.last, slot);
  }

  /** Clients without a connection; those that came longest ago first (insertion order is good enough for that). */
  #forgetIdle(): void {
    let left = 1024;
    for (const [key, client] of this.#clients) {
      if (client.open > 0) continue;
      this.#clients.delete(key);
      if (--left === 0) return;
    }
  }

  #publishHeader(): void {
    this.#header.writeUInt32LE(this.#limits.total, 0);
    this.#header.writeUInt32LE(this.#second, 4);
    this.#header.writeUInt32LE(this.#inSecond, 8);
    writeSync(this.#file, this.#header, 0, 12, this.#place.slot * regionSize);
  }

  #publish(client: Client): void {
    this.#publishHeader();
    const start = this.#bucketStart(client, this.#place.slot);
    this.#read(BUCKET, start);
    const way = this.#way(client);
    if (way < 0) return;
    const entry = this.#bucket.subarray(way * ENTRY, (way + 1) * ENTRY);
    client.hash.copy(entry, 0);
    entry.writeUInt32LE(client.open, OPEN);
    entry.writeUInt32LE(client.last, LAST);
    for (let i = 0; i < SLOTS; i++)
      entry.writeUInt16LE(Math.min(client.counts[i] ?? 0, 0xffff), COUNTS + 2 * i);
    writeSync(this.#file, entry, 0, ENTRY, start + way * ENTRY);
  }

  /** The client's place in the bucket just read, else the place of one without connections that came longest ago; -1: none. */
  #way(client: Client): number {
    let best = -1;
    let oldest = Number.POSITIVE_INFINITY;
    for (let way = 0; way < WAYS; way++) {
      const at = way * ENTRY;
      if (this.#bucket.compare(client.hash, 0, 8, at, at + 8) === 0) return way;
      const last = this.#bucket.readUInt32LE(at + LAST);
      if (this.#bucket.readUInt32LE(at + OPEN) === 0 && last < oldest) {
        best = way;
        oldest = last;
      }
    }
    return best;
  }

  #bucketStart(client: Client, slot: number): number {
    return slot * regionSize + HEADER + (client.hash.readUInt32LE(0) % BUCKETS) * BUCKET;
  }

  /** Reads into #bucket; what is behind the end of the file (a worker that has not started) counts as zero. */
  #read(length: number, position: number): void {
    const got = readSync(this.#file, this.#bucket, 0, length, position);
    if (got < length) this.#bucket.fill(0, got, length);
  }

  #others(pick: (header: Buffer) => number): number {
    let sum = 0;
    for (let slot = 0; slot < this.#place.workers; slot++) {
      if (slot === this.#place.slot) continue;
      this.#read(12, slot * regionSize);
      sum += pick(this.#bucket);
    }
    return sum;
  }

  #othersOf(client: Client, pick: (entry: Buffer) => number): number {
    let sum = 0;
    for (let slot = 0; slot < this.#place.workers; slot++) {
      if (slot === this.#place.slot) continue;
      this.#read(BUCKET, this.#bucketStart(client, slot));
      for (let at = 0; at < BUCKET; at += ENTRY) {
        if (this.#bucket.compare(client.hash, 0, 8, at, at + 8) === 0)
          sum += pick(this.#bucket.subarray(at, at + ENTRY));
      }
    }
    return sum;
  }
}

/** Connections of an entry within the ten slots that end with `slot`. */
function windowSum(entry: Buffer, slot: number): number {
  const last = entry.readUInt32LE(LAST);
  let sum = 0;
  for (let back = 0; back < SLOTS; back++) {
    const of = last - back;
    if (of > slot - SLOTS && of <= slot && of >= 0) sum += entry.readUInt16LE(COUNTS + 2 * (of % SLOTS));
  }
  return sum;
}
