// Metrics that a policy has declared, and what this process has counted of them. Declared once for a revision of the policy; a revision that
// declares the same goes on with the same numbers. What a stranger says can never make a series: labels have a closed set of values.
import { metricNames } from './metric-table.ts';
import type { PolicyMetric } from './policy-metric.ts';

export const MOST_METRICS = 100;
export const MOST_SERIES = 1000;
/** In front of each name. */
export const POLICY_PREFIX = 'smtpe_policy_';
/** Seconds and octets. */
const SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300];
const BYTES = [100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];
const LONGEST_NAME = 64;
const LONGEST_VALUE = 64;
const LONGEST_HELP = 300;

export interface Declaration {
  readonly name: string;
  readonly kind: string;
  readonly help: string;
  readonly labels: readonly (readonly [string, readonly string[]])[];
}

/** One metric that counts. */
interface Cell extends Omit<PolicyMetric, 'values'> {
  readonly values: Float64Array;
}

/** Those of one revision, by the name that the policy uses. */
type Declared = Map<string, Cell>;

/** What a call has come to; `wrong` says what would be right. */
export type Done = { readonly kind: 'done' } | { readonly kind: 'wrong'; readonly problem: string };

const DONE: Done = { kind: 'done' };
const wrong = (problem: string): Done => ({ kind: 'wrong', problem });

/** Revisions that are shown: the newest, and the one that connections of before still have. */
const SHOWN = 2;

export class PolicyMetrics {
  readonly #byRevision = new WeakMap<object, Declared>();
  /** The newest first. */
  #recent: Declared[] = [];

  /** `revision`: whatever stands for it as long as it is in use. */
  declare(revision: object, declaration: Declaration): Done {
    const { help, kind, labels, name } = declaration;
    const problem = problemOf(declaration);
    if (problem !== undefined) return wrong(problem);
    const declared = this.#declared(revision);
    const cell = newCell(name, help, kind as PolicyMetric['kind'], labels);
    if (metricNames.some((own) => own === cell.name))
      return wrong(`"${name}" would be ${cell.name}, which smtpe counts itself`);
    const present = declared.get(name);
    if (present !== undefined) {
      return isSame(present, cell)
        ? DONE
        : wrong(`"${name}" is declared otherwise already, as a ${present.kind}`);
    }
    if ([...declared.values()].some((other) => other.name === cell.name))
      return wrong(`"${name}" would be ${cell.name}, which another one is already`);
    if (declared.size >= MOST_METRICS) return wrong(`a policy has at most ${MOST_METRICS} metrics`);
    const series = [...declared.values(), cell].reduce((sum, one) => sum + seriesOf(one.labels), 0);
    if (series > MOST_SERIES) {
      return wrong(
        `a policy has at most ${MOST_SERIES} series, with this one it would have ${series}: take fewer values of labels`,
      );
    }
    declared.set(name, this.#before(cell) ?? cell);
    return DONE;
  }

  /** `given`: values of labels by name. */
  count(revision: object, name: string, n: number, given: ReadonlyMap<string, string>): Done {
    const found = this.#find(revision, name, 'counter');
    if ('problem' in found) return found;
    if (!Number.isFinite(n) || n < 0) return wrong('a counter only grows: expected 0 or more');
    const { labels, values } = found;
    for (const label of given.keys()) {
      if (labels.some(([known]) => known === label)) continue;
      const there =
        labels.length === 0 ? 'it has none' : `it has ${labels.map(([known]) => known).join(' ')}`;
      return wrong(`"${name}" has no label "${label}": ${there}`);
    }
    let series = 0;
    for (const [label, known] of labels) {
      const index = known.indexOf(given.get(label) ?? '');
      // `other` is the last one.
      series = series * known.length + (index < 0 ? known.length - 1 : index);
    }
    values[series] = (values[series] ?? 0) + n;
    return DONE;
  }

  observe(revision: object, name: string, value: number): Done {
    const found = this.#find(revision, name, 'histogram');
    if ('problem' in found) return found;
    if (!Number.isFinite(value)) return wrong('expected a number that is none of inf and nan');
    const { buckets, values } = found;
    let i = 0;
    while (i < buckets.length && value > (buckets[i] ?? 0)) i++;
    values[i] = (values[i] ?? 0) + 1;
    const sum = buckets.length + 1;
    values[sum] = (values[sum] ?? 0) + value;
    return DONE;
  }

  gauge(revision: object, name: string, value: number): Done {
    const found = this.#find(revision, name, 'gauge');
    if ('problem' in found) return found;
    if (!Number.isFinite(value)) return wrong('expected a number that is none of inf and nan');
    found.values[0] = value;
    return DONE;
  }

  /** As they are now, each name once. */
  get all(): readonly PolicyMetric[] {
    const shown = new Map<string, Cell>();
    for (const declared of this.#recent) {
      for (const cell of declared.values()) if (!shown.has(cell.name)) shown.set(cell.name, cell);
    }
    return [...shown.values()].map((cell) => ({ ...cell, values: [...cell.values] }));
  }

  #find(revision: object, name: string, kind: PolicyMetric['kind']): Cell | Extract<Done, { kind: 'wrong' }> {
    const declared = this.#declared(revision);
    const cell = declared.get(name);
    if (cell === undefined) {
      return {
        kind: 'wrong',
        problem: `there is no metric "${name.slice(0, LONGEST_NAME)}"; declare it in hook.init: metric.declare("${name.slice(0, LONGEST_NAME)}", "${kind}", "what it says")`,
      };
    }
    return cell.kind === kind
      ? cell
      : { kind: 'wrong', problem: `"${name}" is a ${cell.kind}, not a ${kind}` };
  }

  #declared(revision: object): Declared {
    let declared = this.#byRevision.get(revision);
    if (declared === undefined) {
      declared = new Map();
      this.#byRevision.set(revision, declared);
    }
    // One that is used is shown, also when a newer one was tried and refused.
    if (!this.#recent.includes(declared)) this.#recent = [declared, ...this.#recent].slice(0, SHOWN);
    return declared;
  }

  /** The same of a revision before: it goes on with its numbers. */
  #before(cell: Cell): Cell | undefined {
    for (const declared of this.#recent) {
      for (const one of declared.values()) if (one.name === cell.name && isSame(one, cell)) return one;
    }
    return undefined;
  }
}

function problemOf({ help, kind, labels, name }: Declaration): string | undefined {
  if (!/^[a-z][a-z0-9_]*$/.test(name) || name.length > LONGEST_NAME) {
    return `"${name.slice(0, LONGEST_NAME)}": expected a name of small letters, digits and _, at most ${LONGEST_NAME}`;
  }
  if (!['counter', 'gauge', 'histogram'].includes(kind)) {
    return `"${kind.slice(0, LONGEST_NAME)}": expected "counter", "gauge" or "histogram"`;
  }
  if (help.trim() === '' || help.length > LONGEST_HELP || /[\n\\]/.test(help)) {
    return `expected a help text of one line, at most ${LONGEST_HELP} octets`;
  }
  if (kind === 'histogram' && !/_(?:seconds|bytes)$/.test(name)) {
    return `"${name}": the name of a histogram ends in _seconds or _bytes, which says its unit and its buckets`;
  }
  if (/_(?:bucket|sum|count)$/.test(name))
    return `"${name}": _bucket, _sum and _count are behind the names of histograms`;
  if (kind !== 'counter' && name.endsWith('_total')) return `"${name}": only counters end in _total`;
  if (kind !== 'counter' && labels.length > 0) return `"${name}": only counters have labels`;
  for (const [label, values] of labels) {
    if (!/^[a-z][a-z0-9_]*$/.test(label) || label === 'le')
      return `"${label.slice(0, LONGEST_NAME)}": expected a name of a label of small letters, digits and _`;
    if (values.length === 0) return `label "${label}": expected its values, such as { "yes", "no" }`;
    for (const value of values) {
      if (!/^[\x20-\x7e]*$/.test(value) || value === '' || value.length > LONGEST_VALUE) {
        return `label "${label}": expected values of printable ASCII, 1 to ${LONGEST_VALUE} octets`;
      }
    }
    if (new Set(values).size < values.length) return `label "${label}": a value stands there twice`;
  }
  return undefined;
}

const seriesOf = (labels: Declaration['labels']): number =>
  labels.reduce((count, [, values]) => count * values.length, 1);

function newCell(name: string, help: string, kind: PolicyMetric['kind'], given: Declaration['labels']): Cell {
  const labels = given.map(
    ([label, values]) =>
      [
        label,
        values.includes('other')
          ? [...values.filter((value) => value !== 'other'), 'other']
          : [...values, 'other'],
      ] as const,
  );
  const buckets = kind !== 'histogram' ? [] : name.endsWith('_seconds') ? SECONDS : BYTES;
  const full = `${POLICY_PREFIX}${name}`;
  return {
    name: kind === 'counter' && !name.endsWith('_total') ? `${full}_total` : full,
    ...{ kind, help, labels, buckets },
    values: new Float64Array(kind === 'histogram' ? buckets.length + 2 : seriesOf(labels)),
  };
}

const isSame = (a: Cell, b: Cell): boolean =>
  a.kind === b.kind && JSON.stringify(a.labels) === JSON.stringify(b.labels);
