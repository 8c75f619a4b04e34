// The array that one process counts in. Counting is an addition to a number: nothing is made, nothing is waited for.
import type { Family, MetricLayout } from './layout.ts';
import type { MetricName } from './metric-table.ts';

/** One metric of one process. */
export class Counted {
  readonly #family: Family;
  readonly #values: Float64Array;
  readonly #buckets: readonly number[];

  constructor(family: Family, values: Float64Array) {
    this.#family = family;
    this.#values = values;
    this.#buckets = family.spec.kind === 'histogram' ? family.spec.buckets : [];
  }

  /** Counters. `n`: 0 or more; labels in the order of the table. */
  add(n: number, a?: string, b?: string, c?: string): void {
    this.addAt(this.#family.at(a, b, c), n);
  }

  /** Where the series with these labels is, for whoever counts the same ones again and again: to find it costs more than to count. */
  place(a?: string, b?: string, c?: string): number {
    return this.#family.at(a, b, c);
  }

  /** `add`, by place. */
  addAt(place: number, n: number): void {
    this.#values[place] = (this.#values[place] ?? 0) + n;
  }

  /** Gauges, and counters that the system keeps. */
  set(value: number, a?: string, b?: string, c?: string): void {
    this.#values[this.#family.at(a, b, c)] = value;
  }

  /** Histograms. What is no number is left out: it would make the sum none. */
  observe(value: number, a?: string, b?: string, c?: string): void {
    this.observeAt(this.#family.at(a, b, c), value);
  }

  /** `observe`, by place. */
  observeAt(at: number, value: number): void {
    if (!Number.isFinite(value)) return;
    const buckets = this.#buckets;
    let i = 0;
    while (i < buckets.length && value > (buckets[i] ?? 0)) i++;
    this.#values[at + i] = (this.#values[at + i] ?? 0) + 1;
    const sum = at + buckets.length + 1;
    this.#values[sum] = (this.#values[sum] ?? 0) + value;
  }

  /** Every series becomes 0: for gauges that are counted anew. */
  clear(): void {
    const { first, count, width } = this.#family;
    this.#values.fill(0, first, first + count * width);
  }
}

export class MetricCells {
  readonly layout: MetricLayout;
  readonly values: Float64Array;

  constructor(layout: MetricLayout) {
    this.layout = layout;
    this.values = new Float64Array(layout.size);
    // Not known before somebody says so.
    for (const { count, first, spec } of layout.families) {
      if (spec.kind === 'gauge') this.values.fill(Number.NaN, first, first + count);
    }
  }

  of(name: MetricName): Counted {
    return new Counted(this.layout.family(name), this.values);
  }
}
