// One process that serves: its app, policy and server, from start to end. Used by `run`, alone or in each worker.

import { ProcessDesk } from '../admin/process-desk.ts';
import { type App, createApp, type ScriptPaths } from '../app.ts';
import { systemClock, systemLoop } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { ServiceOrder } from '../compat/rumble/process-services.ts';
import type { Copies } from '../delivery/delivered-memory.ts';
import { libLuaDirectory } from '../installed.ts';
import { latin1Of } from '../lua/source.ts';
import type { ConnectionCounters } from '../net/connection-counters.ts';
import { Descriptors } from '../net/descriptors.ts';
import { Gate } from '../net/gate.ts';
import { InboundTls } from '../net/inbound-tls.ts';
import { type BoundSockets, endpointText, type ListenError } from '../net/listener.ts';
import type { TicketKey, TlsMaterial } from '../net/tls-material.ts';
import type { LiveBatch } from '../observe/live/live-batch.ts';
import type { MetricSets } from '../observe/metric/metric-spec.ts';
import { Tracer } from '../observe/trace/tracer.ts';
import type { Desk } from '../ops/desk.ts';
import { forkShadow } from '../ops/fork-shadow.ts';
import { Heartbeat } from '../ops/heartbeat.ts';
import { isJournal } from '../ops/log-stream.ts';
import { RecentLines, RecentLog } from '../ops/recent-log.ts';
import type { PolicySource } from '../ops/revision.ts';
import { Watchdog } from '../ops/watchdog.ts';
import { twoPlaces } from '../options/contradictions.ts';
import { listenerOptions } from '../options/listener-options.ts';
import type { Options } from '../options/options.ts';
import { CurrentPolicy } from '../policy/current-policy.ts';
import type { SmtpServer } from '../smtp/server/server.ts';
import type { MemoryPlace } from '../store/embedded/memory-place.ts';
import { version } from '../version.ts';
import { collectServing, servingProblems, startCounting } from './counting.ts';
import type { Ending } from './ending.ts';
import { exitCode } from './exit-code.ts';
import { recordProblem, startRecording } from './record-sessions.ts';
import { requiredStoreProblem } from './required-stores.ts';
import { Shadow } from './shadow.ts';
import { findScript, listenProblem, spoolProblem, storeProblem } from './start-checks.ts';
import { warnOfClosedListeners } from './start-warnings.ts';
import { watchLoad } from './watch-load.ts';
import { memoryProblem, residentMebibytes } from './watch-memory.ts';
import { ScriptWatch } from './watch-script.ts';

export interface Service {
  readonly app: App;
  readonly server: SmtpServer;
  /** `address:port`, several separated by comma and blank. */
  readonly where: string;
  readonly script: string;
  /** That the policy had at the start. */
  readonly hooks: readonly string[];
  /** What it serves by now. */
  readonly source: () => PolicySource;
  /** Where the administration asks. */
  readonly desk: Desk;
  /**
   * Reads the policy again, or takes one that another process has read, with new options or the present ones. `kept`: the old one stays,
   * and the log says why.
   */
  reload(change: {
    readonly options?: Options;
    readonly policy?: PolicySource | undefined;
    /** The certificates, with them. */
    readonly tls?: TlsMaterial;
  }): Promise<ServiceReload>;
  /** The next key of session tickets. */
  renewTickets(key: TicketKey): void;
  /** No new connections; transactions get `graceSeconds`. Resolves when nothing of the service is left; may be called again with 0. */
  stop(graceSeconds: number): Promise<void>;
}

export type ServiceReload = { readonly kind: 'taken' } | { readonly kind: 'kept'; readonly problem: string };

export type ServeOutcome =
  | { readonly kind: 'serving'; readonly service: Service }
  | { readonly kind: 'failed'; readonly problem: string; readonly code: number };

const failed = (problem: string, code: number): ServeOutcome => ({ kind: 'failed', problem, code });

async function listen(
  app: App,
  current: CurrentPolicy,
  tls: InboundTls,
  gate: Gate,
  { limits, bound }: ServeParts,
): Promise<SmtpServer | string> {
  // hook.init may have set them.
  const [ignored] = twoPlaces(app.options);
  if (ignored !== undefined) return ignored;
  const server = app.server(current, limits, { tls, gate });
  try {
    await server.listen(bound);
    return server;
  } catch (error) {
    return listenProblem(error as ListenError, app.options);
  }
}

/** Ends this process when its event loop stands still for watchdog-timeout seconds. */
function startWatchdog(options: Options, heartbeat: Heartbeat): Watchdog | undefined {
  const timeoutMs = options.values['watchdog-timeout'] * 1000;
  if (timeoutMs === 0) return undefined;
  const prefix = isJournal(2, process.env.JOURNAL_STREAM) ? '<2>' : '';
  return new Watchdog({ heartbeat, clock: systemClock, timeoutMs, prefix });
}

/** Lines of the log that scripts can read (Rumble.getLog). */
const LINES_KEPT = 200;

export interface ServeParts {
  readonly options: Options;
  readonly log: Log;
  readonly limits: ConnectionCounters;
  /** The policy, when another process has read it. */
  readonly policy?: PolicySource | undefined;
  /** A file of the policy has changed, with +reload-watch. */
  readonly onChanged: () => void;
  /** The certificates, read and checked. */
  readonly tls: TlsMaterial;
  /** The key of session tickets that all processes of this service have. */
  readonly ticketKey: TicketKey;
  /** Where stores in memory lie, when another process has named it. */
  readonly memory?: MemoryPlace;
  /** The listening sockets, when another process holds them. */
  readonly bound?: BoundSockets;
  /** Tells the other processes of the service who has a message. */
  readonly tellCopies?: (copies: Copies) => void;
  /** Tells whoever holds the sockets, and the other processes, what a script has ordered. */
  readonly tellService?: (order: ServiceOrder) => void;
  /** Lua cannot go on, the process must be replaced. */
  readonly onBroken: (reason: string) => void;
  /** Resolves when the process is to end; what hook.init has begun by then is cut off. */
  readonly ended: Promise<unknown>;
  /** What is counted by; undefined: nothing is. */
  readonly metrics?: MetricSets | undefined;
  /** With `metrics`: is told what happens, each second. */
  readonly tellLive: (batch: LiveBatch) => void;
  /** What this process is called in metrics. */
  readonly name: string;
  /** Words of option verbose besides those of the options. */
  readonly switchVerbose: (words: string | undefined) => void;
  /** Log lines that this process has given up. */
  readonly droppedLines: () => number;
  /** Everything is there but the port: gives what is wrong, or undefined. */
  readonly beforeListen: () => string | undefined;
}

/** The files of a policy that another process has read. */
const pathsOf = ({ path, more = [] }: PolicySource): ScriptPaths => ({
  path,
  more: more.map((file) => file.path),
});

/** Starts to serve. */
export async function serve(parts: ServeParts): Promise<ServeOutcome> {
  const { options, onBroken } = parts;
  const recent = options.values['load-script'] === '' ? undefined : new RecentLines(systemClock, LINES_KEPT);
  const log = recent === undefined ? parts.log : new RecentLog(parts.log, recent);
  const spool = await spoolProblem(options);
  const { policy } = parts;
  // A successor serves as well as those beside it, whose messages are refused for now when they need a file.
  if (spool !== undefined && policy === undefined) return failed(spool, exitCode.system);
  if (spool !== undefined) log.emit('spool-warning', { cause: spool });
  const recording = policy === undefined ? await recordProblem(options) : undefined;
  if (recording !== undefined) return failed(recording, exitCode.system);
  const script =
    policy === undefined ? await findScript(options) : { kind: 'found' as const, ...pathsOf(policy) };
  if (script.kind === 'missing') return failed(script.problem, exitCode.software);
  const scriptName = [script.path, ...script.more].join(' ');
  const heartbeat = new Heartbeat();
  const watchdog = startWatchdog(options, heartbeat);
  const counting = startCounting(parts, systemClock);
  const gate = new Gate();
  let stopWatching = (): void => undefined;
  const descriptors = new Descriptors(systemClock, log);
  const app = await createApp({
    ...{ options, log, recent, descriptors, onBroken, heartbeat, tellCopies: parts.tellCopies },
    ...(parts.memory && { memory: parts.memory }),
  });
  let serving = false;
  // Nobody waits for the outcome any more: commands of hook.init must not outlive us.
  void parts.ended.then(() => {
    if (!serving) app.close();
  });
  descriptors.watch();
  const giveUp = async (problem: string): Promise<ServeOutcome> => {
    descriptors.stop();
    counting.stop();
    app.close();
    await watchdog?.stop();
    return failed(problem, exitCode.software);
  };
  // A successor serves as those beside it do.
  const missing =
    policy === undefined ? await requiredStoreProblem(options, app.ports.stores, systemClock) : undefined;
  if (missing !== undefined) return giveUp(missing);
  const { accounts } = app.ports;
  const opened = accounts.isNamed ? await accounts.open() : undefined;
  if (opened?.kind === 'refused')
    return giveUp(`${options.origin('rumble-database')}: rumble-database: ${opened.problem}`);
  const asked = await app.authScripts.prepare(options, policy?.authScripts);
  if (asked.kind === 'failed') return giveUp(asked.message);
  asked.take();
  for (const warning of asked.warnings) log.emit('auth-script-warning', { warning });
  const told = await app.pushScripts.prepare(options, policy?.pushScripts);
  if (told.kind === 'failed') return giveUp(told.message);
  told.take();
  for (const warning of told.warnings) log.emit('push-script-warning', { warning });
  app.scriptServices.tell = parts.tellService;
  app.loadScripts.openDoors({ limits: parts.limits, gate, descriptors, bound: parts.bound });
  const loaded = await app.loadScripts.prepare(options, policy && (policy.loadScripts ?? []));
  if (loaded.kind === 'failed') return giveUp(loaded.message);
  loaded.take();
  const { random, stores } = app.ports;
  // Without what hook.init sets: a shadow has one of its own.
  const shadow = new Shadow({
    ...{ log, clock: systemClock, loop: systemLoop, random, hostName: app.hostName },
    fork: forkShadow,
  });
  const shown = await shadow.prepare(options, policy?.shadow);
  if (shown.kind === 'failed') return giveUp(shown.message);
  let isShown = false;
  void parts.ended.then(() => {
    if (!isShown) shown.giveUp();
  });
  const place = {
    ...app.place(script),
    lack: (source: PolicySource) => storeProblem(stores, options, source, latin1Of(libLuaDirectory)),
  };
  const started = await CurrentPolicy.start(policy === undefined ? place : { ...place, source: policy });
  const failedBeside = async (message: string): Promise<ServeOutcome> => {
    shown.giveUp();
    await shadow.stop();
    return giveUp(message);
  };
  if (started.kind === 'failed') return failedBeside(started.message);
  const baseSize = residentMebibytes();
  const problem = parts.beforeListen();
  if (problem !== undefined) return failedBeside(problem);
  const tls = new InboundTls(parts.tls, parts.ticketKey);
  // Now, rather than for the first client.
  const makeContexts = (): void => {
    for (const { options: its } of listenerOptions(options)) tls.contexts(its.values);
  };
  makeContexts();
  const server = await listen(app, started.current, tls, gate, parts);
  if (typeof server === 'string') return failedBeside(server);
  serving = true;
  isShown = true;
  shown.take();
  stopWatching = watchLoad({ ...{ options, log, gate, clock: systemClock }, lagged: counting.lagged });
  const where = server.endpoints.map(endpointText).join(', ');
  log.emit('serving', {
    version,
    address: where,
    script: scriptName,
    hooks: started.hooks.join(' '),
  });
  // A successor has said nothing new.
  if (policy === undefined) {
    warnOfClosedListeners(server.places, started.hooks, app.ports.authSources, log);
  }
  const { current } = started;
  const kept = (cause: string): ServiceReload => {
    log.emit('policy-kept', { cause });
    return { kind: 'kept', problem: cause };
  };
  const reload: Service['reload'] = async (change) => {
    const wanted = change.options ?? options;
    const found = await findScript(wanted);
    if (found.kind === 'missing' && change.policy === undefined) {
      return kept(found.problem);
    }
    // The next start, or every successor, would fail by it.
    const tooSmall = change.policy === undefined ? memoryProblem(wanted, baseSize) : undefined;
    if (tooSmall !== undefined) {
      return kept(tooSmall);
    }
    const { path, more } = found.kind === 'found' ? found : script;
    const settings = change.options === undefined ? undefined : { path, more, options: change.options };
    const scripts = await app.authScripts.prepare(wanted, change.policy?.authScripts);
    if (scripts.kind === 'failed') return kept(scripts.message);
    const push = await app.pushScripts.prepare(wanted, change.policy?.pushScripts);
    if (push.kind === 'failed') {
      scripts.giveUp();
      return kept(push.message);
    }
    const load = await app.loadScripts.prepare(wanted, change.policy && (change.policy.loadScripts ?? []));
    if (load.kind === 'failed') {
      scripts.giveUp();
      push.giveUp();
      return kept(load.message);
    }
    const beside = await shadow.prepare(wanted, change.policy?.shadow);
    if (beside.kind === 'failed') {
      scripts.giveUp();
      push.giveUp();
      load.giveUp();
      return kept(beside.message);
    }
    const outcome = await current.reload(change.policy, settings);
    if (outcome.kind !== 'ready') {
      beside.giveUp();
      scripts.giveUp();
      push.giveUp();
      load.giveUp();
      return { kind: 'kept', problem: outcome.message };
    }
    scripts.take();
    push.take();
    load.take();
    beside.take();
    if (change.tls !== undefined) {
      tls.take(change.tls);
      makeContexts();
    }
    return { kind: 'taken' };
  };
  const watch = options.values['reload-watch']
    ? new ScriptWatch(
        () => [
          ...current.files,
          ...app.authScripts.files,
          ...app.pushScripts.files,
          ...app.loadScripts.files,
        ],
        parts.onChanged,
      )
    : undefined;
  const recorded = startRecording(options, { log, clock: systemClock, random, script: scriptName });
  let closed = false;
  const stop = async (graceSeconds: number): Promise<void> => {
    watch?.stop();
    const until = systemClock.monotonic() + graceSeconds * 1000;
    await Promise.all([server.close(graceSeconds), app.loadScripts.stop(graceSeconds)]);
    // What has been delivered is told of within the same time.
    await app.pushScripts.drain(until - systemClock.monotonic());
    if (closed) return;
    closed = true;
    stopWatching();
    descriptors.stop();
    counting.stop();
    // What is in memory goes with the process.
    await app.ports.stores.close();
    await app.ports.accounts.close();
    await Promise.all([recorded?.(), shadow.stop()]);
    app.close();
    await watchdog?.stop();
  };
  const desk = new ProcessDesk({
    ...{ clock: systemClock, cells: counting.cells, gate, switchVerbose: parts.switchVerbose },
    sessions: () => server.all,
    tracer: new Tracer(log.bus, systemClock, () => server.all),
    collect: () => collectServing(counting.cells, { app, options, tls, droppedLines: parts.droppedLines }),
    problems: () => servingProblems(app, options, gate),
    connections: () => parts.limits.total,
    limit: () => options.values['limit-connections'],
    policyMetrics: () => app.policyMetrics.all,
  });
  const service = {
    app,
    desk,
    server,
    where,
    script: scriptName,
    hooks: started.hooks,
    source: () => {
      const authScripts = app.authScripts.sources;
      const pushScripts = app.pushScripts.sources;
      const loadScripts = app.loadScripts.sources;
      const { source } = shadow;
      return {
        ...current.source,
        ...(source !== undefined && { shadow: source }),
        ...(authScripts.length > 0 && { authScripts }),
        ...(pushScripts.length > 0 && { pushScripts }),
        ...(loadScripts.length > 0 && { loadScripts }),
      };
    },
    reload,
    stop,
    renewTickets: (key: TicketKey) => {
      tls.renew(key);
      makeContexts();
    },
  };
  return { kind: 'serving', service };
}

/** Sessions that are cut off are over at once; should one not be, the process ends without it after this time. */
const CUT_MS = 1000;

/** Serves until a signal or a broken engine ends it; gives the exit code. */
export async function untilTheEnd(
  service: Service,
  options: Options,
  log: Log,
  ending: Ending,
): Promise<number> {
  const why = await ending.end;
  // After an accident there is nobody who could finish them.
  const grace = why.code === exitCode.software ? 0 : options.values['shutdown-timeout'];
  log.emit('ending', { reason: why.text, sessions: service.server.sessions, grace });
  const after = (ms: number): Promise<void> => new Promise((resolve) => systemClock.after(ms, resolve));
  const hurried = ending.hurried.then(() => Promise.race([service.stop(0), after(CUT_MS)]));
  await Promise.race([service.stop(grace), hurried, after(grace * 1000 + CUT_MS)]);
  const { sessions } = service.server;
  if (sessions > 0) {
    log.emit('sessions-given-up', { sessions });
    service.app.close();
  }
  log.emit('terminated', {});
  return why.code;
}
