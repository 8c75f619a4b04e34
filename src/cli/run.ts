// Verb `run`, what smtpe does when nothing else is asked: log, service, announcement, signals, end. With several workers the main process
// only supervises (run-workers).

import { systemClock } from '../base/clock.ts';
import type { ServiceOrder } from '../compat/rumble/process-services.ts';
import { LocalCounters } from '../net/connection-counters.ts';
import { type BoundSockets, endpointText } from '../net/listener.ts';
import { openEventLog } from '../observe/event-log.ts';
import type { Account } from '../ops/account.ts';
import type { Desk } from '../ops/desk.ts';
import { HeldSockets, openDescriptor } from '../ops/held-sockets.ts';
import { watchOverflows } from '../ops/listen-overflows.ts';
import { type PassedSocket, takePassedSockets } from '../ops/passed-sockets.ts';
import type { ReloadOutcome } from '../ops/reload-outcome.ts';
import type { PolicySource } from '../ops/revision.ts';
import { ServiceManager, takeNotifySocket } from '../ops/service-manager.ts';
import { SignsOfLife, takeWatchdog } from '../ops/signs-of-life.ts';
import type { Options } from '../options/options.ts';
import { AdminToken } from './admin-token.ts';
import { announcement } from './announcement.ts';
import { Front } from './announcer.ts';
import { settleMetrics } from './counting.ts';
import { findStarter, startDetached } from './detach.ts';
import type { EarlySignals } from './early-signals.ts';
import { Ending } from './ending.ts';
import { exitCode } from './exit-code.ts';
import { removeOldLeftovers } from './leftovers.ts';
import { loadTls, warnOfCertificates, warnOfLostFiles } from './load-tls.ts';
import { logSurroundings, logsToStderr } from './log-environment.ts';
import { LogTrouble } from './log-trouble.ts';
import { type FreshOptions, newCertificates, newOptions } from './new-options.ts';
import { openAdmin } from './open-admin.ts';
import { complain, print } from './problems.ts';
import { runPrimary } from './run-workers.ts';
import { serve, untilTheEnd } from './serve.ts';
import { Signals } from './signals.ts';
import { openLogAs, settleRights, wantedAccount } from './start-rights.ts';
import { warnAtStart, warnOfAuthSockets, warnOfClearAuth, warnOfLoops } from './start-warnings.ts';
import { TicketKeys } from './ticket-keys.ts';
import { memoryProblem, watchMemory } from './watch-memory.ts';
import { ScriptWatch } from './watch-script.ts';

/** `everything`: the option file, the certificates and the policy. */
type Reloaded = 'everything' | 'certificates' | 'policy';

/** What a start is made of. */
export interface RunParts {
  readonly options: Options;
  /** The words of the command line, to read the option file again. */
  readonly words: readonly string[];
  readonly early: EarlySignals;
  /** Whose rights the process is to have; undefined: those of its start. */
  readonly account: Account | undefined;
  /** Listening sockets that it was started with. */
  readonly passed: readonly PassedSocket[];
  /** The socket of the service manager that waits for it, if one does. */
  readonly notify: string | undefined;
  /** Milliseconds between two signs of life for its watchdog; undefined: it has none. */
  readonly watchdogMs: number | undefined;
}

export async function run(
  given: Omit<RunParts, 'account' | 'passed' | 'notify' | 'watchdogMs'>,
): Promise<number> {
  const { options } = given;
  const starter = findStarter();
  const passed = takePassedSockets(process.env, process.pid, openDescriptor);
  const notify = takeNotifySocket(process.env);
  const watchdogMs = takeWatchdog(process.env, process.pid);
  const front = new Front(options, starter);
  if (passed.kind === 'wrong') return front.failed([passed.problem], exitCode.usage);
  const wanted = wantedAccount(options);
  if ('problem' in wanted) return front.failed([wanted.problem], wanted.code);
  const parts: RunParts = { ...given, account: wanted.account, passed: passed.sockets, notify, watchdogMs };
  if (options.values.daemon && starter === undefined) {
    if (passed.sockets.length > 0) {
      return front.failed(
        ['+daemon: the sockets that were passed to this process would be lost; remove it'],
        exitCode.usage,
      );
    }
    parts.early.giveUp();
    return detach();
  }
  return options.values.workers === 1 ? runAlone(parts, front) : runPrimary(parts, front);
}

/** The process that the user started, with +daemon: waits until the detached one serves. */
async function detach(): Promise<number> {
  const message = await startDetached();
  if (message.kind === 'listening') {
    await print(message.text);
    return exitCode.ok;
  }
  await complain(message.problems);
  return message.code;
}

/** Sockets that this process itself holds. */
const boundHere =
  (sockets: HeldSockets): BoundSockets =>
  async (listener, wanted) => {
    const outcome = await sockets.openSoon(listener, wanted);
    if (outcome.kind === 'held') return outcome.handles;
    throw Object.assign(new Error(outcome.code), outcome);
  };

/** One process that does everything. */
async function runAlone(parts: RunParts, front: Front): Promise<number> {
  const { options, words, early, account, passed } = parts;
  // As they were read: hook.init changes its own.
  let read = options.fork();
  const trouble = new LogTrouble((text) => void complain([text]));
  const opened = await openLogAs(
    account,
    options,
    logSurroundings((cause) => trouble.report(process.pid, cause)),
  );
  if (opened.kind === 'failed') return front.failed([opened.problem], exitCode.system);
  const log = openEventLog(opened.log);
  const manager = new ServiceManager(parts.notify, systemClock, log);
  const ending = new Ending();
  ending.catchAccidents(log);
  const signals = new Signals(log, early, ending, () => opened.reopen());
  const fail = async (problem: string, code: number): Promise<number> => {
    // On stderr it is said in any case.
    if (!logsToStderr(options)) log.emit('start-failed', { cause: problem });
    await opened.log.close();
    return front.failed([problem], code);
  };
  // One after the other; `everything` is the option file too.
  let reloading: Promise<unknown> = Promise.resolve();
  let reload = (_what: Reloaded): Promise<ReloadOutcome> =>
    Promise.resolve({ kind: 'kept', problems: ['it does not serve yet'] });
  let renew = (_key: Buffer): void => undefined;
  const tickets = new TicketKeys(systemClock, (key) => renew(key));
  // Before rights are given up: only root may read some keys.
  const tls = await loadTls(options);
  if (tls.kind === 'wrong') return fail(tls.problems.join('\n'), exitCode.system);
  const sockets = new HeldSockets((asked) => log.emit('addresses-waiting', { asked }));
  const wrong = await settleRights({ options, account, sockets, passed, front });
  if (wrong !== undefined) return fail(wrong.problem, wrong.code);
  const isHeld = account !== undefined || passed.length > 0;
  await removeOldLeftovers(options.values['spool-dir'], log);
  const desks: Desk[] = [];
  const token = new AdminToken();
  const metrics = options.values['admin-listen'] === '' ? undefined : settleMetrics(options, 1);
  const administered =
    metrics &&
    (await openAdmin({
      ...{ token, options, log, metrics, apart: false, droppedLines: () => opened.log.dropped },
      desks: () => desks,
      serving: () => desks.length,
      ending: () => ending.asked,
      policy: () => policyNow(),
      reload: () => reload('everything'),
    }));
  if (administered?.kind === 'failed') return fail(administered.problem, exitCode.system);
  const admin = administered?.admin;
  let policyNow = (): PolicySource | undefined => undefined;
  const starting = serve({
    ...{ metrics, name: '0', switchVerbose: (words: string | undefined) => opened.switchVerbose(words) },
    droppedLines: () => opened.log.dropped,
    ...{ options, log, limits: new LocalCounters(), tls: tls.material, ticketKey: tickets.key },
    ...(isHeld && {
      bound: boundHere(sockets),
      tellService: ({ listeners, state }: ServiceOrder) => {
        if (state !== 1) for (const listener of listeners) void sockets.silence(listener);
      },
    }),
    onBroken: (reason) => ending.broken(reason),
    tellLive: (batch) => admin?.administration.live.take(log, batch),
    onChanged: () => void reload('policy'),
    ended: ending.end,
    beforeListen: () => memoryProblem(options),
  });
  // Told to end before it serves: there is nothing to finish, whatever hook.init is waiting for.
  const outcome = await Promise.race([starting, ending.end]);
  if (!('kind' in outcome)) {
    log.emit('ending', { reason: outcome.text });
    await admin?.close();
    await opened.log.close();
    await front.ended();
    return outcome.code;
  }
  if (outcome.kind === 'failed') {
    await admin?.close();
    return fail(outcome.problem, outcome.code);
  }
  const { service } = outcome;
  policyNow = service.source;
  desks.push(service.desk);
  await admin?.administration.welcome(service.desk);
  renew = service.renewTickets;
  let certificates = tls.material;
  const freshFor = async (what: Reloaded): Promise<FreshOptions> => {
    switch (what) {
      case 'everything':
        return newOptions(words, read, log, token);
      case 'certificates':
        return newCertificates(read, log);
      case 'policy':
        return {
          ...{ kind: 'new', options: read, tls: certificates, say: () => undefined },
          ...{ changed: [], needRestart: [] },
        };
    }
  };
  const reloadNow = async (what: Reloaded): Promise<ReloadOutcome> => {
    const fresh = await freshFor(what);
    if (fresh.kind === 'wrong') return { kind: 'kept', problems: fresh.problems };
    const outcome = await service.reload({ options: fresh.options.fork(), tls: fresh.tls });
    if (outcome.kind === 'kept') return { kind: 'kept', problems: [outcome.problem] };
    read = fresh.options;
    certificates = fresh.tls;
    fresh.say();
    return { kind: 'reloaded', changed: fresh.changed, needRestart: fresh.needRestart, silent: [] };
  };
  const reloadAloud = async (what: Reloaded): Promise<ReloadOutcome> => {
    manager.reloading();
    return reloadNow(what).finally(() => manager.ready());
  };
  reload = (what) => {
    const done = reloading
      .then(() => reloadAloud(what))
      .catch((error: unknown): ReloadOutcome => {
        // While it ends nothing is loaded any more.
        if (!ending.asked) throw error;
        return { kind: 'kept', problems: ['the process ends'] };
      });
    reloading = done;
    return done;
  };
  signals.onReload(() => reload('everything'));
  const watch = options.values['reload-watch']
    ? new ScriptWatch(
        () => certificates.files,
        () => void reload('certificates'),
      )
    : undefined;
  await warnAtStart(options, log);
  warnOfLoops(options, service.server.endpoints, log);
  await warnOfAuthSockets(options, log);
  warnOfClearAuth(options, service.hooks, log);
  warnOfCertificates(tls.contexts, service.app.hostName, systemClock.now(), log);
  if (account !== undefined) await warnOfLostFiles(tls.material, log);
  const stopLooking = watchOverflows(systemClock, log);
  await front.listening(announcement(service.server.places, service.script, options));
  const where = service.server.endpoints.map(endpointText).join(', ');
  manager.ready(`listening on ${where}`);
  const life = new SignsOfLife({
    ...{ everyMs: parts.watchdogMs, clock: systemClock, log, tell: () => manager.alive() },
    // This process serves: as long as its timers run it lives.
    problem: async () => undefined,
  });
  life.start();
  void ending.end.then(() => manager.stopping());
  // Nobody here starts a successor: it ends only for somebody who has asked for it, and so will start it again.
  watchMemory(options, systemClock, (reason) => {
    const asked = options.origin('worker-max-memory') !== 'default';
    log.emit(asked ? 'memory-limit' : 'memory-warning', { reason });
    if (asked) ending.stop('the process ends to be started again', exitCode.again);
  });
  const code = await untilTheEnd(service, options, log, ending);
  life.stop();
  watch?.stop();
  stopLooking();
  tickets.stop();
  await admin?.close();
  await opened.log.close();
  await front.ended();
  return code;
}
