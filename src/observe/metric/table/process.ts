// Metrics of next hops, of the spool and of processes.
import { type MetricSpec, QUICK, WAITED } from '../metric-spec.ts';

const stages = [
  ...(['connect', 'banner', 'helo', 'starttls', 'auth', 'mail', 'rcpt', 'data', 'content', 'dot'] as const),
] as const;

export const processMetrics = {
  smtpe_forward_total: {
    kind: 'counter',
    help: 'Attempts to hand a message, or a question about an address, to a next hop, by how far they came',
    labels: { stage: stages, result: ['delivered', 'verified', 'refused', 'failed'] },
  },
  smtpe_forward_seconds: {
    kind: 'histogram',
    help: 'How long attempts took, waiting for a connection included',
    buckets: WAITED,
  },
  smtpe_forward_connections: {
    kind: 'gauge',
    over: 'sum',
    help: 'Connections to next hops: kept for the next message (idle), or at work or being made (busy)',
    labels: { state: ['idle', 'busy'] },
  },
  smtpe_spool_bytes: {
    kind: 'gauge',
    over: 'sum',
    help: 'Size of the messages that are being received or handed on',
  },
  smtpe_spool_memory_bytes: {
    kind: 'gauge',
    over: 'sum',
    help: 'Octets of messages that are in memory only (spool-memory)',
  },
  smtpe_spool_free_bytes: {
    kind: 'gauge',
    over: 'least',
    help: 'Room that is left where spool-dir is',
  },
  smtpe_tls_certificate_expiry_timestamp_seconds: {
    kind: 'gauge',
    over: 'least',
    help: 'When a certificate of smtp-tls ends, seconds since the Epoch',
    labels: { file: 'file' },
  },
  smtpe_event_loop_lag_seconds: {
    kind: 'histogram',
    help: 'How late a timer of a process is, looked at twice a second',
    labels: { worker: 'worker' },
    buckets: QUICK,
  },
  smtpe_log_dropped_total: {
    kind: 'counter',
    help: 'Log lines that could not be written, and were given up',
  },
  smtpe_draining: { kind: 'gauge', over: 'most', help: '1 while new connections are turned away by drain' },
  smtpe_shed_total: {
    kind: 'counter',
    help: 'Connections that were answered 421 4.3.2 because the process was overloaded',
    labels: { cause: ['lag', 'memory', 'spool', 'descriptors'] },
  },
  smtpe_recordings_total: {
    kind: 'counter',
    help: 'Sessions that were recorded, and those whose recording was lost (record-dir)',
    labels: { result: ['written', 'lost'] },
  },
  smtpe_shadow_sessions_total: {
    kind: 'counter',
    help: 'Sessions that shadow-script was to be shown: it answers the same, or otherwise, asks for what nobody has asked for, was not shown them, or could not be',
    labels: { result: ['same', 'differs', 'missing', 'skipped', 'failed'] },
  },
  smtpe_workers: { kind: 'gauge', over: 'sum', help: 'Processes that serve' },
  smtpe_worker_restarts_total: {
    kind: 'counter',
    help: 'Workers that were replaced: they ended by themselves, or asked for a successor',
    labels: { reason: ['ended', 'asked'] },
  },
  process_cpu_seconds_total: { kind: 'counter', help: 'Processor time of all processes, user and system' },
  process_resident_memory_bytes: { kind: 'gauge', over: 'sum', help: 'Resident memory of all processes' },
  process_open_fds: { kind: 'gauge', over: 'sum', help: 'Open file descriptors of all processes' },
  process_start_time_seconds: {
    kind: 'gauge',
    over: 'least',
    help: 'When the main process began, seconds since the Epoch',
  },
  nodejs_gc_duration_seconds: {
    kind: 'histogram',
    help: 'How long processes that serve stood still to collect garbage',
    labels: { kind: ['minor', 'major', 'incremental', 'weakcb'] },
    buckets: QUICK,
  },
  nodejs_heap_size_used_bytes: {
    kind: 'gauge',
    over: 'sum',
    help: 'Memory of JavaScript in use, all processes',
  },
  nodejs_heap_size_total_bytes: { kind: 'gauge', over: 'sum', help: 'Memory of JavaScript, all processes' },
  nodejs_external_memory_bytes: {
    kind: 'gauge',
    over: 'sum',
    help: 'Memory outside of JavaScript, Lua included, all processes',
  },
} as const satisfies Readonly<Record<string, MetricSpec>>;
