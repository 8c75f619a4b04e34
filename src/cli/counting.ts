// What a process that serves counts for the metrics, and the gauges that it sets when somebody scrapes. Without admin-listen nothing listens to
// events and no timer runs.
import { statfs } from 'node:fs/promises';
import { collectProcess, watchGarbage } from '../admin/process-gauges.ts';
import type { App } from '../app.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Gate } from '../net/gate.ts';
import type { InboundTls } from '../net/inbound-tls.ts';
import { LiveGatherer } from '../observe/live/gatherer.ts';
import type { LiveBatch } from '../observe/live/live-batch.ts';
import { MetricCells } from '../observe/metric/cells.ts';
import { countEvents } from '../observe/metric/count-events.ts';
import { MetricLayout, metricSets } from '../observe/metric/layout.ts';
import type { MetricSets } from '../observe/metric/metric-spec.ts';
import { listenerNames } from '../options/listen-list.ts';
import { listenerOptions } from '../options/listener-options.ts';
import type { Options } from '../options/options.ts';
import { hookNames } from '../policy/hook-table.ts';
import type { StoreState } from '../store/store.ts';
import type { Stores } from '../store/stores.ts';
import { requiredStoreProblem } from './required-stores.ts';
import { spoolProblem } from './start-checks.ts';

/** How long a store that is being connected to is waited for. */
const STORE_MS = 500;

/** The sets of the metrics' labels, settled for as long as the main process lives: what a reload adds counts as `other`. */
export function settleMetrics(options: Options, workers: number): MetricSets {
  const certificates = listenerOptions(options).flatMap(({ options: its }) =>
    its.values['smtp-tls'].split(/\s+/).map((item) => item.split(',')[0] ?? ''),
  );
  return metricSets({
    hooks: hookNames,
    listeners: ['default', ...listenerNames(options.values['smtp-listen'])],
    stores: [
      'store',
      'store.local',
      ...options.ofListener('store').map(({ name }) => `store.${name.toLowerCase()}`),
    ],
    files: certificates.filter((path) => path !== ''),
    workers,
  });
}

export interface Counting {
  readonly cells: MetricCells;
  /** The lag of the event loop, each time that it is looked at. */
  lagged(seconds: number): void;
  stop(): void;
}

const NOTHING: MetricSets = { hook: [], listener: [], store: [], worker: [], file: [] };

export function startCounting(
  {
    log,
    metrics,
    name,
    tellLive,
  }: {
    readonly log: Log;
    readonly metrics?: MetricSets | undefined;
    readonly name: string;
    readonly tellLive: (batch: LiveBatch) => void;
  },
  clock: Clock,
): Counting {
  if (metrics === undefined)
    return {
      cells: new MetricCells(new MetricLayout(NOTHING)),
      lagged: () => undefined,
      stop: () => undefined,
    };
  const cells = new MetricCells(new MetricLayout(metrics));
  const loaded = cells.of('smtpe_policy_load_time');
  const now = (): void => loaded.set(Math.floor(clock.now() / 1000));
  const ends = [
    countEvents(log.bus, cells),
    log.bus.on('serving', now),
    log.bus.on('policy-reloaded', now),
    watchGarbage(cells),
  ];
  const gatherer = new LiveGatherer(log.bus, clock, tellLive);
  const lag = cells.of('smtpe_event_loop_lag_seconds');
  return {
    cells,
    lagged: (seconds) => lag.observe(seconds, name),
    stop: () => {
      for (const end of ends) end();
      gatherer.stop();
    },
  };
}

/** Sets the gauges of a process that serves. */
export async function collectServing(
  cells: MetricCells,
  {
    app,
    droppedLines,
    options,
    tls,
  }: {
    readonly app: App;
    /** Log lines that this process has given up. */
    readonly droppedLines: () => number;
    readonly options: Options;
    readonly tls: InboundTls;
  },
): Promise<void> {
  cells.of('smtpe_spool_bytes').set(app.spools.bytes);
  cells.of('smtpe_spool_memory_bytes').set(app.spools.held);
  cells.of('smtpe_lua_memory_bytes').set(app.engine.memoryUse().lua);
  const forward = cells.of('smtpe_forward_connections');
  forward.set(app.idleConnections, 'idle');
  forward.set(app.busyConnections, 'busy');
  collectStores(cells, app.ports.stores);
  cells.of('smtpe_dns_cache_entries').set(app.dnsEntries);
  cells.of('smtpe_log_dropped_total').set(droppedLines());
  const expiry = cells.of('smtpe_tls_certificate_expiry_timestamp_seconds');
  for (const file of cells.layout.sets.file) expiry.set(Number.NaN, file);
  for (const { options: its } of listenerOptions(options)) {
    for (const { notAfter, place } of tls.contexts(its.values)?.certificates ?? [])
      expiry.set(Math.floor(notAfter / 1000), place.chain);
  }
  cells.of('smtpe_spool_free_bytes').set(await freeBytes(options.values['spool-dir']));
  await collectProcess(cells);
}

const breakers: Readonly<Record<StoreState, number>> = { up: 0, trying: 1, down: 2 };

/** Those that nobody has asked for yet are as good as any. */
export function collectStores(cells: MetricCells, stores: Pick<Stores, 'states'>): void {
  const gauge = cells.of('smtpe_store_state');
  for (const name of cells.layout.sets.store) gauge.set(0, name);
  for (const [option, state] of stores.states?.() ?? []) gauge.set(breakers[state], option);
}

/** Octets that are free in a directory; NaN: there is none to look at. Messages that fit into memory need none. */
export async function freeBytes(directory: string): Promise<number> {
  if (directory === '') return Number.NaN;
  try {
    const { bavail, bsize } = await statfs(directory);
    return bavail * bsize;
  } catch {
    return Number.NaN;
  }
}

/** What keeps a process that serves from taking mail. */
export async function servingProblems(app: App, options: Options, gate: Gate): Promise<readonly string[]> {
  const problems = [
    gate.overload === undefined ? undefined : `overloaded: ${gate.overload}`,
    await spoolProblem(options),
    await requiredStoreProblem(options, app.ports.stores, app.ports.clock, STORE_MS),
  ];
  return problems.filter((problem) => problem !== undefined);
}
