// Metrics of policies: what may be declared, what is counted, and what the main process makes of several processes that come and go.
import { describe, expect, it } from 'vitest';
import { exposition } from '../../../../src/observe/metric/exposition.ts';
import type { PolicyMetric } from '../../../../src/observe/metric/policy-metric.ts';
import { type Declaration, PolicyMetrics } from '../../../../src/observe/metric/policy-metrics.ts';
import { PolicySums } from '../../../../src/observe/metric/policy-sums.ts';
import { readExposition, seriesValue } from '../../../fakes/exposition.ts';

const declaration = (name: string, more: Partial<Declaration> = {}): Declaration => ({
  ...{ name, kind: 'counter', help: 'What it says', labels: [] },
  ...more,
});
const yesNo = [['result', ['yes', 'no']]] as const;

function declared(...declarations: readonly Declaration[]): { metrics: PolicyMetrics; revision: object } {
  const metrics = new PolicyMetrics();
  const revision = {};
  for (const one of declarations) expect(metrics.declare(revision, one)).toEqual({ kind: 'done' });
  return { metrics, revision };
}

const values = (metrics: PolicyMetrics, name: string): readonly number[] | undefined =>
  metrics.all.find((metric) => metric.name === name)?.values;

describe('a declaration', () => {
  it.each([
    ['a name with a capital', declaration('Seen'), /expected a name/],
    ['no name', declaration(''), /expected a name/],
    ['a long name', declaration('x'.repeat(65)), /at most 64/],
    [
      'a kind that is none',
      declaration('seen', { kind: 'summary' }),
      /expected "counter", "gauge" or "histogram"/,
    ],
    ['no help', declaration('seen', { help: ' ' }), /help/],
    ['help of two lines', declaration('seen', { help: 'a\nb' }), /one line/],
    ['a histogram without a unit', declaration('seen', { kind: 'histogram' }), /_seconds or _bytes/],
    [
      'a gauge that ends in _total',
      declaration('seen_total', { kind: 'gauge' }),
      /only counters end in _total/,
    ],
    ['the name of one of ours', declaration('loads'), /which smtpe counts itself/],
    [
      'what is behind a histogram',
      declaration('a_seconds_sum', { kind: 'gauge' }),
      /_bucket, _sum and _count/,
    ],
    [
      'a gauge with labels',
      declaration('seen', { kind: 'gauge', labels: yesNo }),
      /only counters have labels/,
    ],
    ['the label le', declaration('seen', { labels: [['le', ['1']]] }), /name of a label/],
    ['a label without values', declaration('seen', { labels: [['a', []]] }), /expected its values/],
    ['a value twice', declaration('seen', { labels: [['a', ['b', 'b']]] }), /twice/],
    ['a value that is no ASCII', declaration('seen', { labels: [['a', ['\xfc']]] }), /printable ASCII/],
  ])('%s', (_, wrong, problem) => {
    const { metrics, revision } = declared();
    expect(metrics.declare(revision, wrong)).toEqual({
      kind: 'wrong',
      problem: expect.stringMatching(problem),
    });
    expect(metrics.all).toEqual([]);
  });

  it('the same again is none, another one of the same name is refused', () => {
    const { metrics, revision } = declared(
      declaration('seen', { labels: yesNo }),
      declaration('seen', { labels: yesNo }),
    );
    expect(metrics.declare(revision, declaration('seen', { kind: 'gauge' })).kind).toBe('wrong');
    expect(metrics.declare(revision, declaration('seen_total')).kind).toBe('wrong');
    expect(metrics.all.map(({ name }) => name)).toEqual(['smtpe_policy_seen_total']);
  });

  it('at most 100 metrics and 1000 series', () => {
    const { metrics, revision } = declared(...Array.from({ length: 100 }, (_, i) => declaration(`m${i}`)));
    expect(metrics.declare(revision, declaration('more'))).toMatchObject({
      problem: expect.stringMatching(/at most 100/),
    });
    const many = declared(declaration('first'));
    const list = (n: number) => Array.from({ length: n }, (_, i) => `v${i}`);
    const large = declaration('large', {
      labels: [
        ['a', list(39)],
        ['b', list(24)],
      ],
    });
    expect(many.metrics.declare(many.revision, large)).toMatchObject({
      problem: expect.stringMatching(/would have 1001/),
    });
    const fits = declaration('fits', { labels: [['a', list(998)]] });
    expect(many.metrics.declare(many.revision, fits)).toEqual({ kind: 'done' });
  });
});

describe('counting', () => {
  it('adds, sets, sorts into buckets; what was not declared is other', () => {
    const { metrics, revision } = declared(
      declaration('seen', { labels: yesNo }),
      declaration('entries', { kind: 'gauge' }),
      declaration('look_seconds', { kind: 'histogram' }),
    );
    metrics.count(revision, 'seen', 2, new Map([['result', 'no']]));
    metrics.count(revision, 'seen', 1, new Map([['result', 'perhaps']]));
    metrics.count(revision, 'seen', 1, new Map());
    metrics.gauge(revision, 'entries', -3);
    metrics.observe(revision, 'look_seconds', 0.001);
    metrics.observe(revision, 'look_seconds', 1e9);
    expect(values(metrics, 'smtpe_policy_seen_total')).toEqual([0, 2, 2]);
    expect(values(metrics, 'smtpe_policy_entries')).toEqual([-3]);
    const buckets = values(metrics, 'smtpe_policy_look_seconds') ?? [];
    expect([buckets[0], buckets.at(-2), buckets.at(-1)]).toEqual([1, 1, 1e9 + 0.001]);
  });

  it('says what is wrong, and counts nothing', () => {
    const { metrics, revision } = declared(
      declaration('seen', { labels: yesNo }),
      declaration('n', { kind: 'gauge' }),
    );
    const problems = [
      metrics.count(revision, 'sene', 1, new Map()),
      metrics.count(revision, 'n', 1, new Map()),
      metrics.count(revision, 'seen', -1, new Map()),
      metrics.count(revision, 'seen', Number.NaN, new Map()),
      metrics.count(revision, 'seen', 1, new Map([['reuslt', 'yes']])),
      metrics.gauge(revision, 'n', Number.POSITIVE_INFINITY),
      metrics.observe(revision, 'n', 1),
    ].map((done) => (done.kind === 'wrong' ? done.problem : 'done'));
    expect(problems).toEqual([
      expect.stringMatching(/no metric "sene"; declare it in hook.init: metric.declare\("sene", "counter"/),
      '"n" is a gauge, not a counter',
      expect.stringMatching(/only grows/),
      expect.stringMatching(/only grows/),
      '"seen" has no label "reuslt": it has result',
      expect.stringMatching(/inf/),
      '"n" is a gauge, not a histogram',
    ]);
    expect(values(metrics, 'smtpe_policy_seen_total')).toEqual([0, 0, 0]);
  });

  it('goes on over a reload with what is declared as before, and anew with what is not', () => {
    const { metrics, revision } = declared(declaration('seen'), declaration('old'));
    metrics.count(revision, 'seen', 5, new Map());
    const next = {};
    metrics.declare(next, declaration('seen'));
    metrics.declare(next, declaration('old', { labels: yesNo }));
    metrics.count(next, 'seen', 1, new Map());
    // A connection of before.
    metrics.count(revision, 'seen', 1, new Map());
    expect(values(metrics, 'smtpe_policy_seen_total')).toEqual([7]);
    expect(values(metrics, 'smtpe_policy_old_total')).toEqual([0, 0, 0]);
    // Reloads that were tried and refused: the one that serves is shown as soon as it counts.
    for (let i = 0; i < 5; i++) metrics.declare({}, declaration(`try${i}`));
    metrics.count(next, 'seen', 1, new Map());
    expect(values(metrics, 'smtpe_policy_seen_total')).toEqual([8]);
    expect(metrics.all.length).toBeLessThan(5);
  });
});

describe('sums over processes', () => {
  const counter = (...counted: readonly number[]): PolicyMetric => ({
    ...{ name: 'smtpe_policy_seen_total', kind: 'counter', help: 'Seen' },
    ...{ labels: [['result', ['yes', 'no', 'other']]], buckets: [], values: counted },
  });
  const gauge = (value: number): PolicyMetric => ({
    ...{
      name: 'smtpe_policy_entries',
      kind: 'gauge',
      help: 'Entries',
      labels: [],
      buckets: [],
      values: [value],
    },
  });
  const read = async (sums: PolicySums) => readExposition(await exposition(sums.written()));

  it('add up, do not go back when one dies, and are read as the format wants it', async () => {
    const sums = new PolicySums();
    const [a, b] = [{}, {}];
    sums.take(a, [counter(1, 2, 3), gauge(5)]);
    sums.take(b, [counter(1, 0, 0), gauge(7)]);
    sums.take(a, [counter(2, 2, 3), gauge(5)]);
    sums.gone(b);
    // Its last word comes late.
    sums.take(b, [counter(2, 0, 0), gauge(7)]);
    sums.take({}, [counter(4, 0, 0), gauge(1)]);
    const found = await read(sums);
    expect(seriesValue(found, 'smtpe_policy_seen_total', { result: 'yes' })).toBe(8);
    expect(seriesValue(found, 'smtpe_policy_entries')).toBe(6);
  });

  it('histograms, and one name in one shape only', async () => {
    const sums = new PolicySums();
    const histogram: PolicyMetric = {
      ...{ name: 'smtpe_policy_look_seconds', kind: 'histogram', help: 'Look', labels: [] },
      ...{ buckets: [1, 2], values: [1, 0, 2, 12.5] },
    };
    sums.take({}, [histogram, { ...gauge(1), name: 'smtpe_policy_x' }]);
    sums.take(
      {},
      [{ ...gauge(1), name: 'smtpe_policy_x', kind: 'counter' as const, labels: [] }].map((one) => ({
        ...one,
        name: 'smtpe_policy_x_total',
      })),
    );
    const found = await read(sums);
    expect(seriesValue(found, 'smtpe_policy_look_seconds_bucket', { le: '2' })).toBe(1);
    expect(seriesValue(found, 'smtpe_policy_look_seconds_count')).toBe(3);
    expect(seriesValue(found, 'smtpe_policy_look_seconds_sum')).toBe(12.5);
  });

  it('keeps no more names than are there', () => {
    const sums = new PolicySums();
    const source = {};
    for (let i = 0; i < 500; i++) sums.take(source, [{ ...gauge(1), name: `smtpe_policy_g${i}` }]);
    expect(sums.written()).toHaveLength(1);
  });
});
