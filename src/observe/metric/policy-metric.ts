// A metric that a policy has declared, as it is handed to the main process: plain data.

export interface PolicyMetric {
  /** With its prefix. */
  readonly name: string;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly (readonly [string, readonly string[]])[];
  /** Upper bounds of a histogram. */
  readonly buckets: readonly number[];
  /** Series by series, in the order of the labels; of a histogram its buckets, what is beyond them, and the sum. */
  readonly values: readonly number[];
}
