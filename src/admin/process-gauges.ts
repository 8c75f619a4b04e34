// What the system says of this process, for the metrics: process_* and nodejs_* as everybody's dashboards know them.
import { readdir } from 'node:fs/promises';
import { constants, PerformanceObserver } from 'node:perf_hooks';
import type { MetricCells } from '../observe/metric/cells.ts';

/** Descriptors that are open; undefined where the system does not say. */
async function openFiles(): Promise<number | undefined> {
  try {
    // The directory itself is one of them.
    return (await readdir('/proc/self/fd')).length - 1;
  } catch {
    return undefined;
  }
}

const kinds: Readonly<Record<number, string>> = {
  [constants.NODE_PERFORMANCE_GC_MINOR]: 'minor',
  [constants.NODE_PERFORMANCE_GC_MAJOR]: 'major',
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: 'incremental',
  [constants.NODE_PERFORMANCE_GC_WEAKCB]: 'weakcb',
};

/** Counts collections of garbage, until the function that it gives is called. */
export function watchGarbage(cells: MetricCells): () => void {
  const seconds = cells.of('nodejs_gc_duration_seconds');
  const observer = new PerformanceObserver((list) => {
    for (const { detail, duration } of list.getEntries()) {
      const { kind = 0 } = (detail ?? {}) as { readonly kind?: number };
      seconds.observe(duration / 1000, kinds[kind] ?? 'minor');
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  return () => observer.disconnect();
}

export async function collectProcess(cells: MetricCells): Promise<void> {
  const { user, system } = process.cpuUsage();
  const memory = process.memoryUsage();
  cells.of('process_cpu_seconds_total').set((user + system) / 1e6);
  cells.of('process_resident_memory_bytes').set(memory.rss);
  cells.of('nodejs_heap_size_used_bytes').set(memory.heapUsed);
  cells.of('nodejs_heap_size_total_bytes').set(memory.heapTotal);
  cells.of('nodejs_external_memory_bytes').set(memory.external);
  const files = await openFiles();
  if (files !== undefined) cells.of('process_open_fds').set(files);
}
