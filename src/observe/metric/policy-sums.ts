// What the policies of all processes have counted together, kept by the main process. Counters and histograms only grow, whoever dies; gauges are
// the sum of the processes that are there.
import { histogramSamples, type Written } from './exposition.ts';
import type { PolicyMetric } from './policy-metric.ts';

/** By shape. */
type Handed = ReadonlyMap<string, PolicyMetric>;

interface Sum {
  /** As it was declared last. */
  shape: PolicyMetric;
  values: number[];
}

const shapeOf = ({ buckets, kind, labels, name }: PolicyMetric): string =>
  JSON.stringify([name, kind, labels, buckets]);

export class PolicySums {
  /** By name and shape: one that is declared otherwise is another one. */
  readonly #sums = new Map<string, Sum>();
  /** What each process has handed over last, also one that is gone: its last word may come late. */
  readonly #last = new WeakMap<object, Handed>();
  readonly #present = new Map<object, Handed>();
  readonly #dead = new WeakSet<object>();
  /** Shapes that were handed over last, by name: what is shown. */
  readonly #shown = new Map<string, string>();

  take(source: object, metrics: readonly PolicyMetric[]): void {
    const before = this.#last.get(source);
    const now = new Map(metrics.map((metric) => [shapeOf(metric), metric] as const));
    for (const [shape, metric] of now) {
      this.#shown.set(metric.name, shape);
      const sum = this.#sums.get(shape) ?? { shape: metric, values: metric.values.map(() => 0) };
      this.#sums.set(shape, sum);
      sum.shape = metric;
      const last = before?.get(shape);
      sum.values = metric.values.map(
        (value, i) => (sum.values[i] ?? 0) + Math.max(0, value - (last?.values[i] ?? 0)),
      );
    }
    this.#last.set(source, now);
    if (!this.#dead.has(source)) this.#present.set(source, now);
    this.#forget();
  }

  /** Its gauges count no more. */
  gone(source: object): void {
    this.#dead.add(source);
    this.#present.delete(source);
  }

  /** Policies may declare other names with each reload: only those that are shown are kept. */
  #forget(): void {
    const present = new Set([...this.#present.values()].flatMap((metrics) => [...metrics.keys()]));
    for (const [name, shape] of this.#shown) if (!present.has(shape)) this.#shown.delete(name);
    const kept = new Set([...present, ...this.#shown.values()]);
    for (const shape of this.#sums.keys()) if (!kept.has(shape)) this.#sums.delete(shape);
  }

  written(): readonly Written[] {
    return [...this.#shown.values()].flatMap((shape) => {
      const sum = this.#sums.get(shape);
      return sum === undefined ? [] : [this.#writtenOne(shape, sum)];
    });
  }

  #writtenOne(shape: string, { shape: metric, values }: Sum): Written {
    const { buckets, help, kind, labels, name } = metric;
    const about = { name, help, type: kind } as const;
    switch (kind) {
      case 'histogram': {
        const counted = { counts: values.slice(0, -1), sum: values.at(-1) ?? 0 };
        return { ...about, values: histogramSamples(name, buckets, counted, {}) };
      }
      case 'gauge': {
        let sum = 0;
        for (const last of this.#present.values()) sum += last.get(shape)?.values[0] ?? 0;
        return { ...about, values: [{ value: sum, labels: {} }] };
      }
      case 'counter':
        return { ...about, values: values.map((value, i) => ({ value, labels: labelsAt(labels, i) })) };
    }
  }
}

function labelsAt(labels: PolicyMetric['labels'], series: number): Readonly<Record<string, string>> {
  const found: [string, string][] = [];
  let rest = series;
  for (const [label, values] of labels.toReversed()) {
    found.unshift([label, values[rest % values.length] ?? '']);
    rest = Math.floor(rest / values.length);
  }
  return Object.fromEntries(found);
}
