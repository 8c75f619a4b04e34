// One process that serves: its app, policy and server, from start to end. Used by `run`, alone or in each worker.
import { type App, createApp } from '../app.ts';
import type { ConnectionCounters } from '../net/connection-counters.ts';
import { endpointText } from '../net/listener.ts';
import { systemClock, systemRandom } from '../ops/clock.ts';
import { Heartbeat } from '../ops/heartbeat.ts';
import type { Log } from '../ops/log.ts';
import { isJournal } from '../ops/log-stream.ts';
import { Watchdog } from '../ops/watchdog.ts';
import { type Options, splitList } from '../options/options.ts';
import { CurrentPolicy } from '../policy/current-policy.ts';
import type { SmtpServer } from '../smtp/server.ts';
import { version } from '../version.ts';
import { exitCode } from './exit-code.ts';
import type { Signals } from './signals.ts';
import { findScript, listenProblem, spoolProblem } from './surroundings.ts';
import { ScriptWatch } from './watch-script.ts';

export interface Service {
  readonly app: App;
  readonly server: SmtpServer;
  /** `address:port`, several separated by comma and blank. */
  readonly where: string;
  readonly script: string;
  reload(): Promise<unknown>;
  /** No new connections; transactions get `graceSeconds`. Resolves when nothing of the service is left; may be called again with 0. */
  stop(graceSeconds: number): Promise<void>;
}

export type ServeOutcome =
  | { readonly kind: 'serving'; readonly service: Service }
  | { readonly kind: 'failed'; readonly problem: string; readonly code: number };

const failed = (problem: string, code: number): ServeOutcome => ({ kind: 'failed', problem, code });

/** Where we were told to listen, for a message. */
function wanted(options: Options): string {
  const { values } = options;
  const addresses = splitList(values['smtp-server-address']);
  const port = values['smtp-server-port'];
  return addresses.length === 0
    ? `port ${port}`
    : addresses.map((address) => endpointText({ address, port })).join(', ');
}

async function listen(
  app: App,
  current: CurrentPolicy,
  limits: ConnectionCounters,
): Promise<SmtpServer | string> {
  const server = app.server(current, limits);
  try {
    await server.listen();
    return server;
  } catch (error) {
    return listenProblem(error, wanted(app.dependencies.options));
  }
}

/** Ends this process when its event loop stands still for watchdog-timeout seconds. */
function startWatchdog(options: Options, heartbeat: Heartbeat): Watchdog | undefined {
  const timeoutMs = options.values['watchdog-timeout'] * 1000;
  if (timeoutMs === 0) return undefined;
  const prefix = isJournal(2, process.env.JOURNAL_STREAM) ? '<2>' : '';
  return new Watchdog({ heartbeat, clock: systemClock, timeoutMs, prefix });
}

/** Starts to serve. `onBroken`: Lua cannot go on, the process must be replaced. */
export async function serve(
  options: Options,
  log: Log,
  limits: ConnectionCounters,
  onBroken: (reason: string) => void,
): Promise<ServeOutcome> {
  const spool = await spoolProblem(options);
  if (spool !== undefined) return failed(spool, exitCode.system);
  const script = await findScript(options);
  if (script.kind === 'missing') return failed(script.problem, exitCode.software);
  const heartbeat = new Heartbeat();
  const watchdog = startWatchdog(options, heartbeat);
  const app = await createApp({
    options,
    log,
    clock: systemClock,
    random: systemRandom,
    onBroken,
    heartbeat,
  });
  const giveUp = async (problem: string): Promise<ServeOutcome> => {
    app.close();
    await watchdog?.stop();
    return failed(problem, exitCode.software);
  };
  const started = await CurrentPolicy.start(app.place(script.path));
  if (started.kind === 'failed') return giveUp(started.message);
  const server = await listen(app, started.current, limits);
  if (typeof server === 'string') return giveUp(server);
  const where = server.endpoints.map(endpointText).join(', ');
  log.write('notice', 'accepting connections', {
    version,
    address: where,
    script: script.path,
    hooks: started.hooks.join(' '),
  });
  const reload = (): Promise<unknown> => started.current.reload();
  const watch = options.values['reload-watch']
    ? new ScriptWatch(() => started.current.files, reload)
    : undefined;
  let closed = false;
  const stop = async (graceSeconds: number): Promise<void> => {
    watch?.stop();
    await server.close(graceSeconds);
    if (closed) return;
    closed = true;
    app.close();
    await watchdog?.stop();
  };
  const service = { app, server, where, script: script.path, reload, stop };
  return { kind: 'serving', service };
}

/** Serves until a signal or a broken engine ends it; gives the exit code. */
export async function untilTheEnd(
  service: Service,
  options: Options,
  log: Log,
  signals: Signals,
): Promise<number> {
  const why = await signals.end;
  // After an accident there is nobody who could finish them.
  const grace = why.code === exitCode.ok ? options.values['shutdown-timeout'] : 0;
  log.write('notice', why.text, { sessions: service.server.sessions, grace });
  // A second signal does not wait for transactions.
  const hurry = signals.second.then(() => service.stop(0));
  await Promise.race([service.stop(grace), hurry]);
  log.write('notice', 'terminated');
  return why.code;
}
