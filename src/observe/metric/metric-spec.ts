// How a row of the metrics table is written. Every label has a closed set of values, known when the process starts: what a stranger says can
// never make a series.

/** Sets that depend on how smtpe is configured: they are settled once, by the main process, for all workers. */
export type SetName = 'hook' | 'listener' | 'store' | 'worker' | 'file';

/** The values of the configured sets. What is none of them counts as `other`. */
export type MetricSets = Readonly<Record<SetName, readonly string[]>>;

/** A value that is none of the set counts as the last one of it. */
export type LabelValues = readonly string[] | SetName;

interface MetricBase {
  readonly help: string;
  readonly labels?: Readonly<Record<string, LabelValues>>;
}

export type MetricSpec =
  | (MetricBase & { readonly kind: 'counter' })
  /** `over`: what the gauges of several processes make together; of `main` only the main process's counts. */
  | (MetricBase & { readonly kind: 'gauge'; readonly over: 'sum' | 'most' | 'least' })
  /** `buckets`: upper bounds, growing. */
  | (MetricBase & { readonly kind: 'histogram'; readonly buckets: readonly number[] });

/** Seconds, for what is done by this machine. */
export const QUICK = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10] as const;
/** Seconds, for what others are waited for. */
export const WAITED = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300] as const;
