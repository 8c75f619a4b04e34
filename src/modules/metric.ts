// Lua module `metric`: what a policy counts, for the metrics of the service (doc/reference/metric.md). The numbers are in observe/metric.
import type { CallContext } from '../lua-api/call-context.ts';
import { LuaError, luaFunction, type Param, type ReadResult } from '../lua-api/function-spec.ts';
import { luaModule, type ModuleSpec } from '../lua-api/module-spec.ts';
import { bytes, number, optionalNumber } from '../lua-api/params.ts';
import type { LuaValue } from '../lua-api/value.ts';
import {
  type Done,
  MOST_METRICS,
  MOST_SERIES,
  type PolicyMetrics,
} from '../observe/metric/policy-metrics.ts';
import { REVISION } from '../policy/revision-view.ts';

const TEXT =
  'What the policy counts: it is shown beside the metrics of smtpe by `GET /metrics` of the administration interface (doc/admin.md), under names that begin with ' +
  `\`smtpe_policy_\`. All connections and workers are added up. A policy has at most ${MOST_METRICS} metrics and ${MOST_SERIES} series. Declare in \`hook.init\`; ` +
  'a reload that declares the same goes on with the same numbers.\n\n' +
  'Labels are for what there are few of, and their values are given beforehand: an address or a name of a stranger is no label.';

/** Stands for the revision where there is none: a line of `+test`. */
const NOBODY = {};

const revisionOf = (context: CallContext): object => REVISION.of(context) ?? NOBODY;

function settle(name: string, done: Done): readonly [] {
  if (done.kind === 'wrong') throw new LuaError(`metric.${name}: ${done.problem}`);
  return [];
}

/** Values by label; undefined when it is no such table. */
function readValues(value: LuaValue): ReadResult<ReadonlyMap<string, string>> {
  const expected = 'table of strings such as { result = "hit" }';
  if (value === undefined || value === null) return { ok: true, value: new Map() };
  if (!(value instanceof Map)) return { ok: false, expected };
  const given = new Map<string, string>();
  for (const [label, one] of value) {
    if (typeof label !== 'string' || !['string', 'number', 'boolean'].includes(typeof one))
      return { ok: false, expected };
    given.set(label, String(one));
  }
  return { ok: true, value: given };
}

const valuesParam: Param<ReadonlyMap<string, string>> = {
  name: 'labels',
  crossing: 'value',
  type: 'table<string, string|number>',
  fallback: 'nil',
  text: 'The value of each label: `{ result = "hit" }`. A value that was not declared counts as `other`, and so does a label that is missing.',
  read: readValues,
};

type Labels = readonly (readonly [string, readonly string[]])[];

function readLabels(value: LuaValue): ReadResult<Labels> {
  const expected = 'table of lists such as { result = { "hit", "miss" } }';
  if (value === undefined || value === null) return { ok: true, value: [] };
  if (!(value instanceof Map)) return { ok: false, expected };
  const labels: [string, readonly string[]][] = [];
  for (const [label, list] of value) {
    if (typeof label !== 'string' || !(list instanceof Map)) return { ok: false, expected };
    const values: string[] = [];
    for (let i = 1; list.has(i); i++) {
      const one = list.get(i);
      if (typeof one !== 'string' && typeof one !== 'number') return { ok: false, expected };
      values.push(String(one));
    }
    if (values.length !== list.size) return { ok: false, expected };
    labels.push([label, values]);
  }
  // The order of a Lua table is nobody's.
  return { ok: true, value: labels.sort(([a], [b]) => (a < b ? -1 : 1)) };
}

const labelsParam: Param<Labels> = {
  name: 'labels',
  crossing: 'value',
  type: 'table<string, string[]>',
  fallback: 'nil',
  text: 'Of a counter: its labels, each with the list of its values. `other` is added to each.',
  read: readLabels,
};

const name = bytes('name', 'As it was declared.');

export function createMetricModule(metrics: PolicyMetrics): ModuleSpec {
  return luaModule({
    name: 'metric',
    text: TEXT,
    functions: [
      luaFunction({
        name: 'declare',
        params: [
          bytes(
            'name',
            'Small letters, digits and `_`, at most 64. `smtpe_policy_` is put in front, behind a counter `_total`. A histogram ends in `_seconds` or `_bytes`.',
          ),
          bytes(
            'kind',
            '`counter`: only grows. `gauge`: goes up and down, the workers are added up. `histogram`: how often which size, in fixed buckets.',
          ),
          bytes('help', 'One line for whoever reads the metrics, at most 300 octets.'),
          labelsParam,
        ],
        text:
          'Makes a metric known. The same again changes nothing; another one of the same name raises an error, and so does a name, a kind, a text or a label that is not right, ' +
          `or one beyond ${MOST_METRICS} metrics or ${MOST_SERIES} series. Does not suspend.`,
        examples: [
          'function hook.init()\n  metric.declare("lists", "counter", "Answers of our block list", { result = { "listed", "clean" } })\nend\n' +
            'function hook.accept(ip)\n  metric.count("lists", 1, { result = "clean" })\nend',
        ],
        call: (context, given, kind, help, labels) =>
          settle('declare', metrics.declare(revisionOf(context), { name: given, kind, help, labels })),
      }),
      luaFunction({
        name: 'count',
        params: [name, optionalNumber('n', 'How many, 0 or more.', 1), valuesParam],
        text: 'Adds to a counter. Raises an error for a metric that was not declared or is none, a label that it does not have, and a negative number. Does not suspend.',
        examples: [
          'metric.declare("seen", "counter", "Clients that were seen")\nmetric.count("seen")\nmetric.count("seen", 2)\nassert(not pcall(metric.count, "seen", -1))\nassert(not pcall(metric.count, "unheard_of"))',
        ],
        call: (context, given, n, labels) =>
          settle('count', metrics.count(revisionOf(context), given, n, labels)),
      }),
      luaFunction({
        name: 'observe',
        params: [name, number('value', 'Seconds or octets, as the name says.')],
        text: 'Puts a value into a histogram. Raises an error for a metric that was not declared or is none. Does not suspend.',
        examples: [
          'metric.declare("lookup_seconds", "histogram", "How long our look-ups take")\nmetric.observe("lookup_seconds", 0.02)',
        ],
        call: (context, given, value) =>
          settle('observe', metrics.observe(revisionOf(context), given, value)),
      }),
      luaFunction({
        name: 'gauge',
        params: [name, number('value', 'Any number.')],
        text: 'Sets a gauge, in this worker; what is shown is the sum of all workers. Raises an error for a metric that was not declared or is none. Does not suspend.',
        examples: ['metric.declare("entries", "gauge", "Entries of our list")\nmetric.gauge("entries", 12)'],
        call: (context, given, value) => settle('gauge', metrics.gauge(revisionOf(context), given, value)),
      }),
    ],
  });
}
