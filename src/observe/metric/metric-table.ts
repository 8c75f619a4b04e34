// All metrics in one table: doc/reference/metrics.md, the arrays that are counted in and what a scrape gives are made from it. A row is plain
// data; who counts is observe/metric/count-events.ts and whoever collects gauges.
import type { MetricSpec } from './metric-spec.ts';
import { connectionMetrics } from './table/connections.ts';
import { policyMetrics } from './table/policy.ts';
import { processMetrics } from './table/process.ts';

/** The topics in the order of the reference, each with its title. */
export const metricTopics = [
  ['Connections, dialogue, messages', connectionMetrics],
  ['The policy and what it asks', policyMetrics],
  ['Next hops and processes', processMetrics],
] as const satisfies readonly (readonly [string, Readonly<Record<string, MetricSpec>>])[];

export const metricTable = { ...connectionMetrics, ...policyMetrics, ...processMetrics } as const;

export type MetricName = keyof typeof metricTable;

export const metricNames = Object.keys(metricTable) as readonly MetricName[];
