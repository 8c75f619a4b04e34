// What the system says of a process: numbers that can be true, and pauses of the garbage collector when there was one.
import { expect, it } from 'vitest';
import { collectProcess, watchGarbage } from '../../../src/admin/process-gauges.ts';
import { MetricCells } from '../../../src/observe/metric/cells.ts';
import type { MetricName } from '../../../src/observe/metric/metric-table.ts';
import { adminLayout } from '../../fakes/admin-rig.ts';

it('memory, processor time and descriptors of this process', async () => {
  const cells = new MetricCells(adminLayout);
  const value = (name: MetricName): number => cells.values[adminLayout.family(name).at()] ?? Number.NaN;
  expect(value('process_open_fds')).toBeNaN();
  await collectProcess(cells);
  expect(value('process_open_fds')).toBeGreaterThan(2);
  expect(value('process_cpu_seconds_total')).toBeGreaterThan(0);
  expect(value('process_resident_memory_bytes')).toBeGreaterThan(value('nodejs_heap_size_used_bytes'));
});

it('collections of garbage, until told to stop', async () => {
  const cells = new MetricCells(adminLayout);
  const { count, first, width } = adminLayout.family('nodejs_gc_duration_seconds');
  const all = (): number =>
    cells.values.subarray(first, first + count * width).reduce((sum, one) => sum + one, 0);
  const stop = watchGarbage(cells);
  let kept: unknown[] = [];
  while (all() === 0) {
    kept = Array.from({ length: 100_000 }, (_, i) => ({ i }));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  expect(kept).toHaveLength(100_000);
  stop();
});
