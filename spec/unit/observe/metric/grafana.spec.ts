// etc/grafana-smtpe.json: every query asks for metrics, labels and values that there are, in the way that its kind is asked. A dashboard says
// nothing of what is wrong with it: its panels stay empty.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { metricSets } from '../../../../src/observe/metric/layout.ts';
import type { MetricSpec } from '../../../../src/observe/metric/metric-spec.ts';
import { type MetricName, metricNames, metricTable } from '../../../../src/observe/metric/metric-table.ts';
import { hookNames } from '../../../../src/policy/hook-table.ts';
import { type Selector, selectorsOf } from '../../../fakes/promql.ts';

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

const board: {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
} = JSON.parse(readFileSync(join(import.meta.dirname, '../../../../etc/grafana-smtpe.json'), 'utf8'));

/** What Prometheus adds to every series. */
const COMMON = ['job', 'instance'];
const known = metricSets({ hooks: hookNames, listeners: [], stores: [], files: [], workers: 1 });
/** Sets that each configuration has of its own. */
const OPEN = ['listener', 'store', 'worker', 'file'];
const variables = board.templating.list.map(({ name }) => `$${name}`);

function labelsOf(name: MetricName): Readonly<Record<string, readonly string[] | undefined>> {
  const { labels = {} }: MetricSpec = metricTable[name];
  return Object.fromEntries(
    Object.entries(labels).map(([label, values]) => {
      if (typeof values !== 'string') return [label, values];
      return [label, OPEN.includes(values) ? undefined : known[values as keyof typeof known]];
    }),
  );
}

/** What is wrong with what is asked for; undefined: nothing. */
function problemOf({ by, isRange, matchers, metric, within }: Selector): string | undefined {
  const part = /_(bucket|sum|count)$/.exec(metric)?.[1];
  const isPart = part !== undefined && !metricNames.includes(metric as MetricName);
  const name = (isPart ? metric.slice(0, -part.length - 1) : metric) as MetricName;
  if (!metricNames.includes(name)) return `there is no ${metric}`;
  const { kind } = metricTable[name];
  if ((kind === 'histogram') !== isPart) return `${metric} is a ${kind}`;
  if ((kind === 'gauge') === isRange) return `${metric} is a ${kind}: ${isRange ? 'no' : 'a'} range`;
  if (isRange !== (within.includes('rate') || within.includes('increase')))
    return `${metric}: range and rate`;
  const labels = labelsOf(name);
  if (part === 'bucket' && (!within.includes('histogram_quantile') || !by.includes('le')))
    return `${metric} without le`;
  for (const label of by) {
    const isThere =
      Object.hasOwn(labels, label) || COMMON.includes(label) || (label === 'le' && part === 'bucket');
    if (!isThere) return `${metric} has no label ${label}`;
  }
  for (const { label, operator, value } of matchers) {
    if (COMMON.includes(label)) {
      if (!variables.includes(value)) return `${label}: no variable ${value}`;
      continue;
    }
    if (!Object.hasOwn(labels, label)) return `${metric} has no label ${label}`;
    const values = labels[label];
    if (values === undefined) continue;
    const wanted = operator.endsWith('~') ? value.split('|') : [value];
    for (const one of wanted) {
      const form = operator.endsWith('~') ? new RegExp(`^(?:${one})$`) : undefined;
      if (!values.some((there) => (form === undefined ? there === one : form.test(there))))
        return `${metric}: ${label} is never ${one}`;
    }
  }
  if (!COMMON.every((label) => matchers.some((matcher) => matcher.label === label)))
    return `${metric} of every job`;
  return undefined;
}

/** Grafana puts its variables in before Prometheus sees the query. */
const queries = board.panels.flatMap(({ targets = [], title }) =>
  targets.map(({ expr, legendFormat }) => ({ title, expr, legendFormat })),
);

describe('the dashboard', () => {
  it.each(queries)('$title: $expr', ({ expr, legendFormat }) => {
    const selectors = selectorsOf(expr);
    expect(selectors.map(problemOf)).toEqual(selectors.map(() => undefined));
    const grouped = new Set(selectors.flatMap(({ by }) => by));
    for (const [, label = ''] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) expect(grouped).toContain(label);
  });

  it('has the rows that an operator looks for, and shows every metric', () => {
    const rows = board.panels.filter(({ type }) => type === 'row').map(({ title }) => title);
    expect(rows).toEqual([
      ...['Traffic', 'Refusals by cause', 'Latency', 'Sessions', 'Store', 'Process', 'Workers'],
    ]);
    const shown = queries
      .flatMap(({ expr }) => selectorsOf(expr))
      .map(({ metric }) => metric.replace(/_(?:bucket|sum|count)$/, ''));
    expect(metricNames.filter((name) => !shown.includes(name))).toEqual(NOT_SHOWN);
  });

  it('has panels that do not lie on each other, each with a unit and a number of its own', () => {
    const ids = new Set(board.panels.map(({ id }) => id));
    expect(ids.size).toBe(board.panels.length);
    const taken = new Set<string>();
    for (const { fieldConfig, gridPos, title, type } of board.panels) {
      if (type !== 'row') expect(fieldConfig?.defaults.unit, title).toBeDefined();
      const { h, w, x, y } = gridPos;
      expect(x + w, title).toBeLessThanOrEqual(24);
      for (let i = x; i < x + w; i++)
        for (let j = y; j < y + h; j++) {
          expect(taken.has(`${i} ${j}`), `${title} lies on another one`).toBe(false);
          taken.add(`${i} ${j}`);
        }
    }
  });

  it('finds jobs and instances by a metric that every process has', () => {
    const definitions = board.templating.list.flatMap(({ definition }) => definition ?? []);
    for (const definition of definitions)
      expect(metricNames).toContain(/^label_values\((\w+)/.exec(definition)?.[1]);
    expect(variables).toEqual(['$datasource', '$job', '$instance']);
  });
});

/** Told by others of the same thing. */
const NOT_SHOWN = [
  'smtpe_messages_total',
  'smtpe_authres_removed_total',
  'smtpe_recordings_total',
  'smtpe_shadow_sessions_total',
  'nodejs_heap_size_total_bytes',
];

describe('the reader of queries finds', () => {
  const around = 'job="$job", instance=~"$instance"';
  it.each([
    ['a metric that is none', `smtpe_nothing{${around}}`, 'there is no smtpe_nothing'],
    [
      'a label that is none',
      `sum by (nothing) (smtpe_workers{${around}})`,
      'smtpe_workers has no label nothing',
    ],
    [
      'a value that never comes',
      `rate(smtpe_messages_total{${around}, result="rejected"}[5m])`,
      'smtpe_messages_total: result is never rejected',
    ],
    [
      'one of several values that never comes',
      `rate(smtpe_messages_total{${around}, result=~"lost|gone"}[5m])`,
      'smtpe_messages_total: result is never gone',
    ],
    [
      'a counter without a rate',
      `smtpe_messages_total{${around}}`,
      'smtpe_messages_total is a counter: a range',
    ],
    ['the rate of a gauge', `rate(smtpe_workers{${around}}[5m])`, 'smtpe_workers is a gauge: no range'],
    [
      'a histogram as a whole',
      `rate(smtpe_hook_seconds{${around}}[5m])`,
      'smtpe_hook_seconds is a histogram',
    ],
    [
      'buckets that are added up',
      `sum by (hook) (rate(smtpe_hook_seconds_bucket{${around}}[5m]))`,
      'smtpe_hook_seconds_bucket without le',
    ],
    ['those of others', 'smtpe_workers', 'smtpe_workers of every job'],
    ['a variable that is none', 'smtpe_workers{job="$jobs"}', 'job: no variable $jobs'],
  ])('%s', (_, query, problem) => {
    expect(selectorsOf(query).map(problemOf)).toEqual([problem]);
  });

  it.each(['sum(', 'smtpe_workers)', 'sum by hook (x)', 'x{a="b"', 'x{a~"b"}', 'nothing(x)', '1 +'])(
    'that %s is no query',
    (query) => {
      expect(() => selectorsOf(query)).toThrow();
    },
  );
});
