// The metrics: the table by the rules of Prometheus, arrays of numbers, sums over processes that come and go, and the text of a scrape, read
// by a reader of our own.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MetricCells } from '../../../../src/observe/metric/cells.ts';
import { exposition, written } from '../../../../src/observe/metric/exposition.ts';
import { MetricLayout, metricSets } from '../../../../src/observe/metric/layout.ts';
import type { MetricSpec } from '../../../../src/observe/metric/metric-spec.ts';
import { metricNames, metricTable } from '../../../../src/observe/metric/metric-table.ts';
import { MetricTotals } from '../../../../src/observe/metric/totals.ts';
import { readExposition, seriesValue } from '../../../fakes/exposition.ts';

const sets = metricSets({
  hooks: ['mail', 'rcpt'],
  listeners: ['default', 'a"b\\c'],
  stores: ['store'],
  files: ['/etc/cert.pem'],
  workers: 2,
});
const layout = new MetricLayout(sets);

const scrape = async (values: Float64Array) => readExposition(await exposition(written(layout, values)));

describe('the table', () => {
  it.each(metricNames)('%s is named and described by the rules', (name) => {
    const spec: MetricSpec = metricTable[name];
    expect(name).toMatch(/^(smtpe|process|nodejs)_[a-z0-9_]+$/);
    expect(name.endsWith('_total')).toBe(spec.kind === 'counter');
    if (spec.kind === 'histogram') expect(name).toMatch(/_(seconds|bytes)$/);
    expect(spec.help).toMatch(/^[A-Z0-9]/);
    expect(spec.help).not.toMatch(/[.\n\\]$/);
    for (const [label, values] of Object.entries(spec.labels ?? {})) {
      expect(label).toMatch(/^[a-z]+$/);
      const all = typeof values === 'string' ? sets[values] : values;
      expect(new Set(all).size).toBe(all.length);
    }
    if (spec.kind === 'histogram') expect([...spec.buckets].sort((a, b) => a - b)).toEqual(spec.buckets);
  });

  it('has less than 5000 places for a service with a few listeners', () => {
    expect(layout.size).toBeLessThan(5000);
  });

  it('gives each series a place of its own, and the labels of a place are those that lead to it', () => {
    const taken = new Set<number>();
    for (const family of layout.families) {
      for (let series = 0; series < family.count; series++) {
        const at = family.at(...Object.values(family.labelsOf(series)));
        expect(at).toBe(family.first + series * family.width);
        for (let i = 0; i < family.width; i++) taken.add(at + i);
      }
    }
    expect(taken.size).toBe(layout.size);
  });
});

describe('a scrape', () => {
  it('shows what was counted, escaped as the format wants it', async () => {
    const cells = new MetricCells(layout);
    cells.of('smtpe_connections_total').add(2, 'a"b\\c', 'accepted');
    cells.of('smtpe_connections_total').add(1, 'nobody knows', 'lost');
    cells.of('smtpe_message_bytes').observe(1000);
    cells.of('smtpe_message_bytes').observe(1001);
    cells.of('smtpe_message_bytes').observe(1e12);
    cells.of('smtpe_message_bytes').observe(Number.NaN);
    cells.of('smtpe_hook_seconds').observe(0.2, 'rcpt');
    const found = await scrape(cells.values);
    const listener = 'a"b\\c';
    expect(seriesValue(found, 'smtpe_connections_total', { listener, result: 'accepted' })).toBe(2);
    expect(seriesValue(found, 'smtpe_connections_total', { listener: 'other', result: 'lost' })).toBe(1);
    expect(seriesValue(found, 'smtpe_message_bytes_bucket', { le: '1000' })).toBe(1);
    expect(seriesValue(found, 'smtpe_message_bytes_bucket', { le: '10000' })).toBe(2);
    expect(seriesValue(found, 'smtpe_message_bytes_count')).toBe(3);
    expect(seriesValue(found, 'smtpe_message_bytes_sum')).toBe(1e12 + 2001);
    expect(seriesValue(found, 'smtpe_hook_seconds_count', { hook: 'rcpt' })).toBe(1);
    expect(found.get('smtpe_message_bytes')?.help).toBe(metricTable.smtpe_message_bytes.help);
  });

  it('leaves out what has never counted where there are many series, and shows 0 where there are few', async () => {
    const found = await scrape(new MetricCells(layout).values);
    expect(found.has('smtpe_commands_total')).toBe(false);
    expect(found.has('smtpe_hook_seconds')).toBe(false);
    expect(seriesValue(found, 'smtpe_messages_total', { result: 'accepted' })).toBe(0);
    expect(seriesValue(found, 'smtpe_session_seconds_count')).toBe(0);
  });

  it('has no more series for ten thousand strangers than for one', () => {
    const cells = new MetricCells(layout);
    const results = cells.of('smtpe_hook_results_total');
    for (let i = 0; i < 10_000; i++) results.add(1, `hook${i}`, `result${i}`);
    const samples = written(layout, cells.values).find(
      ({ name }) => name === 'smtpe_hook_results_total',
    )?.values;
    expect(samples?.map(({ value }) => value)).toEqual([10_000]);
  });
});

describe('sums over processes', () => {
  const name = 'smtpe_messages_total';
  const at = layout.family(name).at('accepted');
  const sessions = layout.family('smtpe_workers').at();
  const counted = (count: number, gauge = 0): Float64Array => {
    const cells = new MetricCells(layout);
    cells.of(name).add(count, 'accepted');
    cells.of('smtpe_workers').set(gauge);
    return cells.values;
  };

  it('add up, and those of one that has died stay; gauges go with it', () => {
    const totals = new MetricTotals(layout);
    const [a, b] = [{}, {}];
    for (const source of [a, b]) totals.came(source);
    totals.take(a, counted(5, 1));
    totals.take(b, counted(7, 1));
    expect([totals.values[at], totals.values[sessions]]).toEqual([12, 2]);
    totals.gone(a);
    expect([totals.values[at], totals.values[sessions]]).toEqual([12, 1]);
    // Its last word comes behind its end.
    totals.take(a, counted(6, 1));
    expect([totals.values[at], totals.values[sessions]]).toEqual([13, 1]);
    const successor = {};
    totals.came(successor);
    totals.take(successor, counted(2, 1));
    expect([totals.values[at], totals.values[sessions]]).toEqual([15, 2]);
  });

  it('do not go back when a process says less than before', () => {
    const totals = new MetricTotals(layout);
    totals.came(totals);
    for (const count of [5, 2, 4]) totals.take(totals, counted(count));
    expect(totals.values[at]).toBe(7);
  });

  it('an array of another length is not ours', () => {
    const totals = new MetricTotals(layout);
    totals.came(totals);
    totals.take(totals, [1, 2, 3]);
    expect(totals.values[at]).toBe(0);
  });

  it('never go back, whatever comes when, and are exact for what was handed over', () => {
    const step = fc.record({
      who: fc.nat(2),
      what: fc.constantFrom('count', 'hand over', 'die'),
      n: fc.nat(5),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const totals = new MetricTotals(layout);
        const fresh = (): { count: number; told: number } => ({ count: 0, told: 0 });
        const there = [fresh(), fresh(), fresh()];
        let wanted = 0;
        let before = 0;
        for (const one of there) totals.came(one);
        for (const { who, what, n } of steps) {
          const one = there[who] ?? fresh();
          if (what === 'count') one.count += n;
          if (what === 'hand over') {
            wanted += one.count - one.told;
            one.told = one.count;
            totals.take(one, counted(one.count));
          }
          if (what === 'die') {
            totals.gone(one);
            there[who] = fresh();
          }
          const now = totals.values[at] ?? 0;
          expect(now).toBeGreaterThanOrEqual(before);
          expect(now).toBe(wanted);
          before = now;
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe('the reader of the specs', () => {
  it.each([
    ['no line end', '# HELP a_total h\n# TYPE a_total counter\na_total 1'],
    ['no help', '# TYPE a_total counter\na_total 1\n'],
    ['a counter without _total', '# HELP a h\n# TYPE a counter\na 1\n'],
    ['a gauge with _total', '# HELP a_total h\n# TYPE a_total gauge\na_total 1\n'],
    ['a label that is not quoted', '# HELP a_total h\n# TYPE a_total counter\na_total{b=c} 1\n'],
    ['a quote in a label', '# HELP a_total h\n# TYPE a_total counter\na_total{b="c"d"} 1\n'],
    ['a series twice', '# HELP a_total h\n# TYPE a_total counter\na_total 1\na_total 2\n'],
    ['a value that is none', '# HELP a_total h\n# TYPE a_total counter\na_total NaN1\n'],
    [
      'buckets that do not add up',
      '# HELP a_seconds h\n# TYPE a_seconds histogram\na_seconds_bucket{le="1"} 2\na_seconds_bucket{le="+Inf"} 1\na_seconds_sum 1\na_seconds_count 1\n',
    ],
    [
      'a histogram without a unit',
      '# HELP a h\n# TYPE a histogram\na_bucket{le="+Inf"} 1\na_sum 1\na_count 1\n',
    ],
  ])('refuses %s', (_, text) => {
    expect(() => readExposition(text)).toThrow();
  });
});
