// doc/reference/metrics.md, made from the metrics table: for who draws them and is woken by them.
import type { LabelValues, MetricSpec, SetName } from '../observe/metric/metric-spec.ts';
import { metricTopics } from '../observe/metric/metric-table.ts';
import { code, generated, page, table } from './markdown.ts';

const configured: Readonly<Record<SetName, string>> = {
  hook: 'names of hooks, `other`',
  listener: 'names of listeners, `default` for those without one, `other`',
  store: '`store`, `store.NAME`, `other`',
  worker: 'numbers from 0, `main`',
  file: 'certificates of `smtp-tls`, `other`',
};

function labelText([name, values]: readonly [string, LabelValues]): string {
  const shown = typeof values === 'string' ? configured[values] : values.map(code).join(' ');
  return `${code(name)}: ${shown}`;
}

function rowOf([name, spec]: readonly [string, MetricSpec]): readonly string[] {
  const buckets = spec.kind === 'histogram' ? `. Buckets: ${spec.buckets.join(' ')}` : '';
  return [
    code(name),
    spec.kind,
    Object.entries(spec.labels ?? {})
      .map(labelText)
      .join('; '),
    spec.help + buckets,
  ];
}

export function metricPage(): string {
  return page([
    generated('src/observe/metric'),
    '',
    '# Metrics',
    '',
    '`GET /metrics` of the administration interface ([admin.md](../admin.md)) gives them in the text format 0.0.4 of Prometheus; without `admin-listen` nothing',
    'is counted. All processes are added up, and counters of a worker that has died stay. Every label has a closed set of values: what a client says',
    'never makes a series; a value that is not in the set counts as the last one of it. A metric with several labels, or a histogram with one, begins to show',
    'a series when it has counted something. Metrics of a policy ([metric](metric.md)) begin with `smtpe_policy_`.',
    '',
    ...metricTopics.flatMap(([title, metrics]) => [
      `## ${title}`,
      '',
      ...table(['metric', 'type', 'labels', 'what it says'], Object.entries<MetricSpec>(metrics).map(rowOf)),
    ]),
  ]);
}
