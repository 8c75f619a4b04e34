// How long things took, counted in 64 buckets from 0.1 ms to two minutes, each a quarter wider than the one before: what many processes have
// counted can be added up, and any quantile is right within an eighth. Pure.

export const BUCKETS = 64;
const FIRST = 0.0001;
const GROWTH = 1.25;
const LOG_GROWTH = Math.log(GROWTH);

/** A histogram as it travels: bucket, count, bucket, count. */
export type SparseLatency = readonly number[];

export interface Quantiles {
  readonly count: number;
  /** Seconds. */
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** The bucket of a time in seconds; what is no number, or less than nothing, counts as nothing. */
export function bucketOf(seconds: number): number {
  if (!(seconds > FIRST)) return 0;
  return Math.min(BUCKETS - 1, Math.ceil(Math.log(seconds / FIRST) / LOG_GROWTH));
}

/** What stands for a bucket: the middle of it. */
const middleOf = (bucket: number): number => FIRST * GROWTH ** (bucket - 0.5);

export class LatencyCounts {
  readonly #counts = new Uint32Array(BUCKETS);

  observe(seconds: number): void {
    const bucket = bucketOf(seconds);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
  }

  add(other: LatencyCounts): void {
    for (let i = 0; i < BUCKETS; i++) this.#counts[i] = (this.#counts[i] ?? 0) + (other.#counts[i] ?? 0);
  }

  addSparse(sparse: SparseLatency): void {
    for (let i = 0; i + 1 < sparse.length; i += 2) {
      const bucket = sparse[i] ?? 0;
      this.#counts[bucket] = (this.#counts[bucket] ?? 0) + (sparse[i + 1] ?? 0);
    }
  }

  get sparse(): SparseLatency {
    const pairs: number[] = [];
    for (const [bucket, count] of this.#counts.entries()) if (count > 0) pairs.push(bucket, count);
    return pairs;
  }

  get quantiles(): Quantiles {
    const count = this.#counts.reduce((sum, one) => sum + one, 0);
    return {
      count,
      p50: this.#quantile(0.5, count),
      p95: this.#quantile(0.95, count),
      p99: this.#quantile(0.99, count),
    };
  }

  #quantile(q: number, count: number): number {
    let left = Math.max(1, Math.ceil(q * count));
    for (const [bucket, here] of this.#counts.entries()) {
      left -= here;
      if (left <= 0) return Number(middleOf(bucket).toPrecision(3));
    }
    return 0;
  }
}
