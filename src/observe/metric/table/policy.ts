// Metrics of the policy and of what it asks: hooks, Lua, the store, services, sender checks.
import { type MetricSpec, QUICK, WAITED } from '../metric-spec.ts';

const storeOps = [
  ...([
    'get',
    'set',
    'add',
    'replace',
    'incr',
    'expire',
    'ttl',
    'delete',
    'member',
    'count',
    'list',
    'rate',
  ] as const),
  'other',
] as const;

export const policyMetrics = {
  smtpe_hook_seconds: {
    kind: 'histogram',
    help: 'How long hooks took, waiting included; hooks that are called for every line are not measured',
    labels: { hook: 'hook' },
    buckets: WAITED,
  },
  smtpe_hook_cpu_seconds: {
    kind: 'histogram',
    help: 'How long Lua ran in hooks, without what they have waited for',
    labels: { hook: 'hook' },
    buckets: QUICK,
  },
  smtpe_hook_results_total: {
    kind: 'counter',
    help: 'What hooks answered, or why they failed',
    labels: {
      hook: 'hook',
      result: [
        ...([
          'none',
          'reply2',
          'reply3',
          'reply4',
          'reply5',
          'drop',
          'error',
          'cpu_limit',
          'time_limit',
        ] as const),
        ...(['memory', 'pending', 'cancelled'] as const),
      ],
    },
  },
  smtpe_hook_suspended: { kind: 'gauge', over: 'sum', help: 'Hooks that wait for something at present' },
  smtpe_lua_memory_bytes: { kind: 'gauge', over: 'sum', help: 'Memory that Lua has in use' },
  smtpe_policy_loads_total: {
    kind: 'counter',
    help: 'Reloads of the policy, by every process that did it',
    labels: { result: ['ok', 'failed'] },
  },
  smtpe_policy_load_time: {
    kind: 'gauge',
    over: 'most',
    help: 'When the policy that is served was loaded, seconds since the Epoch',
  },
  smtpe_dns_queries_total: {
    kind: 'counter',
    help: 'Questions to the resolver, by the answer',
    labels: { outcome: ['cache', 'ok', 'nxdomain', 'servfail', 'timeout', 'other'] },
  },
  smtpe_dns_seconds: {
    kind: 'histogram',
    help: 'How long name servers took; answers from the cache are not in it',
    buckets: WAITED,
  },
  smtpe_dns_cache_entries: { kind: 'gauge', over: 'sum', help: 'Answers of name servers that are kept' },
  smtpe_service_total: {
    kind: 'counter',
    help: 'Questions to services, by whether there was an answer that can be used',
    labels: { service: ['clamd', 'spamd', 'rspamd', 'http', 'client'], result: ['ok', 'failed'] },
  },
  smtpe_service_seconds: {
    kind: 'histogram',
    help: 'How long services took',
    labels: { service: ['clamd', 'spamd', 'rspamd', 'http', 'client'] },
    buckets: WAITED,
  },
  smtpe_spf_total: {
    kind: 'counter',
    help: 'SPF results',
    labels: { result: ['pass', 'fail', 'softfail', 'neutral', 'none', 'temperror', 'permerror'] },
  },
  smtpe_dkim_total: {
    kind: 'counter',
    help: 'DKIM results, one for each signature; none for a message without one',
    labels: { result: ['pass', 'fail', 'policy', 'neutral', 'none', 'temperror', 'permerror'] },
  },
  smtpe_dmarc_total: {
    kind: 'counter',
    help: 'DMARC results',
    labels: { result: ['pass', 'fail', 'none', 'temperror', 'permerror'] },
  },
  smtpe_arc_total: {
    kind: 'counter',
    help: 'ARC results',
    labels: { result: ['pass', 'fail', 'none', 'temperror', 'permerror'] },
  },
  smtpe_store_operations_total: {
    kind: 'counter',
    help: 'Calls of module store, by what the policy was told',
    labels: {
      store: 'store',
      op: storeOps,
      result: ['ok', 'missing', 'exists', 'changed', 'type', 'limit', 'down', 'timeout'],
    },
  },
  smtpe_store_seconds: {
    kind: 'histogram',
    help: 'How long calls of module store took',
    labels: { store: 'store' },
    buckets: QUICK,
  },
  smtpe_store_state: {
    kind: 'gauge',
    over: 'most',
    help: 'Breaker of a store: 0 closed, it is asked; 1 half open, it is found out whether it is there again; 2 open, it is down',
    labels: { store: 'store' },
  },
} as const satisfies Readonly<Record<string, MetricSpec>>;
