// What all processes have counted together, kept by the main process. Counters only grow: of each process what it has more than before is
// added, so that the sums of one that has died stay. Gauges are those of the processes that are there.
import type { MetricLayout } from './layout.ts';

/** What stands for a process, as long as it can hand something over. */
type Source = object;

export class MetricTotals {
  readonly layout: MetricLayout;
  readonly #sums: Float64Array;
  /** What each process has handed over last, also of one that is gone: its last word may come late. */
  readonly #last = new WeakMap<Source, Float64Array>();
  readonly #present = new Set<Source>();
  /** The places of gauges. */
  readonly #isGauge: Uint8Array;

  constructor(layout: MetricLayout) {
    this.layout = layout;
    this.#sums = new Float64Array(layout.size);
    this.#isGauge = new Uint8Array(layout.size);
    for (const { first, count, width, spec } of layout.families) {
      if (spec.kind === 'gauge') this.#isGauge.fill(1, first, first + count * width);
    }
  }

  /** The process is there; without this its gauges do not count. */
  came(source: Source): void {
    this.#present.add(source);
  }

  gone(source: Source): void {
    this.#present.delete(source);
  }

  /** What a process has counted since its start; null is NaN that has crossed as JSON. An array of another length is none of ours. */
  take(source: Source, values: ArrayLike<number | null>): void {
    if (values.length !== this.layout.size) return;
    const last = this.#last.get(source);
    for (let i = 0; i < values.length; i++) {
      if (this.#isGauge[i] === 1) continue;
      const more = (values[i] ?? 0) - (last?.[i] ?? 0);
      if (more > 0) this.#sums[i] = (this.#sums[i] ?? 0) + more;
    }
    this.#last.set(
      source,
      Float64Array.from(values, (value) => value ?? Number.NaN),
    );
  }

  /** Sums of the counters, and gauges over the processes that are there and have said something. */
  get values(): Float64Array {
    const result = Float64Array.from(this.#sums);
    const lasts = [...this.#present].flatMap((source) => {
      const last = this.#last.get(source);
      return last === undefined ? [] : [last];
    });
    for (const { first, count, spec } of this.layout.families) {
      if (spec.kind !== 'gauge') continue;
      for (let i = first; i < first + count; i++) {
        const each = lasts.map((last) => last[i] ?? 0).filter((value) => !Number.isNaN(value));
        result[i] = together(each, spec.over);
      }
    }
    return result;
  }
}

function together(each: readonly number[], over: 'sum' | 'most' | 'least'): number {
  // Nobody knows.
  if (each.length === 0) return Number.NaN;
  if (over === 'sum') return each.reduce((sum, value) => sum + value, 0);
  return over === 'most' ? Math.max(...each) : Math.min(...each);
}
