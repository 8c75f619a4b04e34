// Where each series has its place in an array of numbers: metric by metric, label by label in the order of the table. The same in every
// process that has the same sets, so that arrays can be added up place by place. Pure.
import type { MetricSets, MetricSpec } from './metric-spec.ts';
import { type MetricName, metricNames, metricTable } from './metric-table.ts';

/** One metric: its labels, and where its places begin. */
export class Family {
  readonly name: string;
  readonly spec: MetricSpec;
  /** Names of the labels, and the values of each. */
  readonly labels: readonly (readonly [string, readonly string[]])[];
  readonly first: number;
  /** Places of one series: 1, or of a histogram its buckets, the one without a bound, and the sum. */
  readonly width: number;
  /** Series there are. */
  readonly count: number;
  readonly #indices: readonly ReadonlyMap<string, number>[];

  constructor(name: string, spec: MetricSpec, sets: MetricSets, first: number) {
    this.name = name;
    this.spec = spec;
    this.first = first;
    this.labels = Object.entries(spec.labels ?? {}).map(([label, values]) => [
      label,
      typeof values === 'string' ? sets[values] : values,
    ]);
    this.width = spec.kind === 'histogram' ? spec.buckets.length + 2 : 1;
    this.count = this.labels.reduce((count, [, values]) => count * values.length, 1);
    this.#indices = this.labels.map(([, values]) => new Map(values.map((value, i) => [value, i])));
  }

  /** The place where the series with these labels begins; a value that is none of its set counts as the last one. */
  at(a = '', b = '', c = ''): number {
    let series = 0;
    for (let i = 0; i < this.#indices.length; i++) {
      const indices = this.#indices[i];
      if (indices === undefined) continue;
      const value = i === 0 ? a : i === 1 ? b : c;
      series = series * indices.size + (indices.get(value) ?? indices.size - 1);
    }
    return this.first + series * this.width;
  }

  /** The labels of the series of this number, from 0 to count - 1. */
  labelsOf(series: number): Readonly<Record<string, string>> {
    const found: [string, string][] = [];
    let rest = series;
    for (const [label, values] of this.labels.toReversed()) {
      found.push([label, values[rest % values.length] ?? '']);
      rest = Math.floor(rest / values.length);
    }
    return Object.fromEntries(found.reverse());
  }
}

export class MetricLayout {
  readonly sets: MetricSets;
  readonly families: readonly Family[];
  /** Places of all. */
  readonly size: number;
  readonly #byName: ReadonlyMap<string, Family>;

  constructor(sets: MetricSets) {
    this.sets = sets;
    const families: Family[] = [];
    let size = 0;
    for (const name of metricNames) {
      const family = new Family(name, metricTable[name], sets, size);
      families.push(family);
      size += family.count * family.width;
    }
    this.families = families;
    this.size = size;
    this.#byName = new Map(families.map((family) => [family.name, family]));
  }

  family(name: MetricName): Family {
    const found = this.#byName.get(name);
    if (found === undefined) throw new Error(`no such metric: ${name}`);
    return found;
  }
}

/** `listeners`, `stores`, `files` as they are configured; `hooks` that there are; `workers`: places that workers can have. */
export function metricSets(configured: {
  readonly hooks: readonly string[];
  readonly listeners: readonly string[];
  readonly stores: readonly string[];
  readonly files: readonly string[];
  readonly workers: number;
}): MetricSets {
  const unique = (values: readonly string[]): readonly string[] => [...new Set([...values, 'other'])];
  return {
    hook: unique(configured.hooks),
    listener: unique(configured.listeners),
    store: unique(configured.stores),
    file: unique(configured.files),
    worker: [...Array.from({ length: configured.workers }, (_, i) => String(i)), 'main'],
  };
}
