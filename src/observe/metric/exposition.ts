// What a scrape gives: the text format 0.0.4 of Prometheus, written by prom-client from arrays of numbers.
// https://prometheus.io/docs/instrumenting/exposition_formats/
import type { Metric } from 'prom-client';
import type { Family, MetricLayout } from './layout.ts';

interface Sample {
  readonly value: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly metricName?: string;
}

/** A metric as prom-client writes it. */
export interface Written {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly values: readonly Sample[];
}

/** The samples of a histogram: `counts` of its buckets and of what is beyond them, not yet added up. */
export function histogramSamples(
  name: string,
  buckets: readonly number[],
  { counts, sum }: { readonly counts: ArrayLike<number>; readonly sum: number },
  labels: Readonly<Record<string, string>>,
): readonly Sample[] {
  const samples: Sample[] = [];
  let below = 0;
  for (let i = 0; i <= buckets.length; i++) {
    below += counts[i] ?? 0;
    const le = i < buckets.length ? String(buckets[i]) : '+Inf';
    samples.push({ metricName: `${name}_bucket`, value: below, labels: { ...labels, le } });
  }
  samples.push({ metricName: `${name}_sum`, value: sum, labels });
  samples.push({ metricName: `${name}_count`, value: below, labels });
  return samples;
}

/**
 * Where there are many series (more than one label, a histogram with labels) those that have never counted are left out; they begin with what
 * they have counted by the next scrape. A gauge that nobody knows (NaN) is left out too.
 */
function samplesOf(family: Family, values: Float64Array): readonly Sample[] {
  const { name, spec, first, width, count, labels } = family;
  const quiet = labels.length > 1 || (labels.length > 0 && spec.kind === 'histogram');
  const samples: Sample[] = [];
  for (let series = 0; series < count; series++) {
    const at = first + series * width;
    const own = values.subarray(at, at + width);
    if (quiet && own.every((value) => value === 0)) continue;
    if (spec.kind === 'histogram') {
      const { buckets } = spec;
      const counted = { counts: own.subarray(0, buckets.length + 1), sum: own[buckets.length + 1] ?? 0 };
      samples.push(...histogramSamples(name, buckets, counted, family.labelsOf(series)));
      continue;
    }
    const value = own[0] ?? 0;
    if (!Number.isNaN(value)) samples.push({ value, labels: family.labelsOf(series) });
  }
  return samples;
}

/** Metrics without a sample are left out. */
export function written(layout: MetricLayout, values: Float64Array): readonly Written[] {
  return layout.families
    .map((family) => ({
      name: family.name,
      help: family.spec.help,
      type: family.spec.kind,
      values: samplesOf(family, values),
    }))
    .filter(({ values: samples }) => samples.length > 0);
}

/** Its Content-Type. */
export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Not loaded where nobody can scrape. To be called at the start: loading it at the first scrape would keep clients waiting. */
export async function loadExposition(): Promise<void> {
  await import('prom-client');
}

export async function exposition(metrics: readonly Written[]): Promise<string> {
  const { Registry } = await import('prom-client');
  const registry = new Registry();
  for (const metric of metrics) {
    // A registry asks each of its metrics for what it has to say; nothing else of one is needed here.
    const asked = { name: metric.name, get: () => Promise.resolve(metric) };
    registry.registerMetric(asked as unknown as Metric);
  }
  return registry.metrics();
}
