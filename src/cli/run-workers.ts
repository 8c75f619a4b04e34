// `run` with several workers: the main process. It holds what must outlive every worker: the listening sockets, the shared counters, and
// the revision (options and policy) that successors serve by.

import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { Fleet } from '../admin/fleet.ts';
import { LineDesk } from '../admin/line-desk.ts';
import { systemClock, systemRandom } from '../base/clock.ts';
import { textOf } from '../base/errors.ts';
import { openCountersFile } from '../net/counters-file.ts';
import { clearRegion } from '../net/shared-counters.ts';
import { openEventLog } from '../observe/event-log.ts';
import type { Desk } from '../ops/desk.ts';
import { type ForkedWorker, forkWorker } from '../ops/fork-worker.ts';
import { HeldSockets } from '../ops/held-sockets.ts';
import { ownHostName } from '../ops/host-name.ts';
import { watchOverflows } from '../ops/listen-overflows.ts';
import { ServiceManager } from '../ops/service-manager.ts';
import { SignsOfLife } from '../ops/signs-of-life.ts';
import { Supervisor, type WorkerProcess } from '../ops/supervisor.ts';
import { ToldCopies } from '../ops/told-copies.ts';
import type { FromWorker, ServiceMessage } from '../ops/worker-messages.ts';
import { memoryDirectory, removeMemoryDirectory } from '../store/embedded/memory-place.ts';
import { AdminToken } from './admin-token.ts';
import type { Front } from './announcer.ts';
import { settleMetrics } from './counting.ts';
import { Ending } from './ending.ts';
import { exitCode } from './exit-code.ts';
import { HeldRevision } from './held-revision.ts';
import { removeLeftoversOf, removeOldLeftovers } from './leftovers.ts';
import { loadTls, warnOfCertificates, warnOfLostFiles } from './load-tls.ts';
import { logSurroundings, logsToStderr } from './log-environment.ts';
import { LogTrouble } from './log-trouble.ts';
import { type OpenAdmin, openAdmin } from './open-admin.ts';
import { complain } from './problems.ts';
import type { RunParts } from './run.ts';
import { Signals } from './signals.ts';
import { openLogAs, settleRights } from './start-rights.ts';
import { warnAtStart } from './start-warnings.ts';
import { TicketKeys } from './ticket-keys.ts';
import { ScriptWatch } from './watch-script.ts';

/** Loading the program and starting Lua, on a machine that is very busy. */
const START_MS = 60_000;
const REMOVAL_MS = 1000;

/** Why none of those that serve answers; undefined: one does. */
const noBeat = (answer: true | readonly string[]): string | undefined =>
  answer === true ? undefined : answer.join('; ') || 'no process serves';

/** Answers a worker that wants the listening sockets. */
async function giveSockets(
  worker: ForkedWorker,
  held: HeldSockets,
  wish: FromWorker & { kind: 'open' },
  seat: number,
): Promise<void> {
  const outcome = await held.openSoon(wish.listener, wish.wanted, seat);
  if (outcome.kind === 'failed') {
    worker.send({ kind: 'no-socket', code: outcome.code, where: outcome.where });
    return;
  }
  for (const [index, handle] of outcome.handles.entries()) {
    worker.sendSocket(handle, index, outcome.handles.length);
  }
}

export async function runPrimary(parts: RunParts, front: Front): Promise<number> {
  const { options, words, early, account, passed } = parts;
  const { values } = options;
  const trouble = new LogTrouble((text) => void complain([text]));
  const opened = await openLogAs(
    account,
    options,
    logSurroundings((cause) => trouble.report(process.pid, cause)),
  );
  if (opened.kind === 'failed') return front.failed([opened.problem], exitCode.system);
  const log = openEventLog(opened.log);
  const workers = values.workers === 0 ? availableParallelism() : values.workers;
  const regions = Supervisor.regions(workers);
  let counters: number;
  try {
    counters = openCountersFile(regions, `smtpe-${process.pid}-${randomBytes(6).toString('hex')}`);
  } catch (error) {
    const cause = textOf(error);
    return front.failed([`no place for the counters that workers share: ${cause}`], exitCode.system);
  }
  const place = { file: counters, workers: regions, seed: randomBytes(16).toString('hex') };
  const manager = new ServiceManager(parts.notify, systemClock, log);
  // Before rights are given up: only root may read some keys.
  const tls = await loadTls(options);
  if (tls.kind === 'wrong') {
    if (!logsToStderr(options)) for (const cause of tls.problems) log.emit('start-failed', { cause });
    await opened.log.close();
    return front.failed([...tls.problems], exitCode.system);
  }
  const tickets = new TicketKeys(systemClock, (key) =>
    supervisor.tell({ kind: 'tickets', key: key.toString('hex') }),
  );
  const ending = new Ending();
  ending.catchAccidents(log);
  const problems = new Set<string>();
  const copies = new ToldCopies();
  let announced = false;
  /** Where stores in memory lie, once rights are settled: its name has the user. */
  let memory = '';
  /** Removals of what dead workers left, at work. */
  const removals = new Set<Promise<void>>();
  const seats = values['workers-reuse-port'] ? workers : 1;
  const sockets = new HeldSockets((asked) => log.emit('addresses-waiting', { asked }), seats);
  /** What scripts have ordered last, by the name of the service. */
  const services = new Map<string, ServiceMessage>();
  const obey = ({ listeners, state }: ServiceMessage): void => {
    if (state !== 1) for (const listener of listeners) void sockets.silence(listener);
  };
  const startMs = (): number => 2 * options.values['hook-time-limit'] * 1000 + START_MS;
  const fork = (region: number, seat: number): ForkedWorker => {
    const worker = forkWorker({ ...place, slot: region });
    worker.onMessage((message) => {
      if (message.kind === 'failed') problems.add(message.problem);
      if (message.kind === 'log') trouble.report(worker.pid, message.trouble);
      if (message.kind === 'open') void giveSockets(worker, sockets, message, seat);
      if (message.kind === 'service') {
        services.set(message.name, message);
        obey(message);
        // The one that has said it may have been ordered something else meanwhile.
        supervisor.tell(message, worker);
      }
      if (message.kind === 'copies') {
        copies.add(message);
        // The one that has said it learns nothing new.
        supervisor.tell(message);
      }
    });
    held.begin(worker);
    const desk = new LineDesk(worker, {
      counted: (from, answer) => admin?.administration.counted(from, answer),
      live: (from, batch) => admin?.administration.live.take(from, batch),
    });
    desks.set(worker, desk);
    return worker;
  };
  const fleet = new Fleet(() => [...present], systemClock);
  const life = new SignsOfLife({
    ...{ everyMs: parts.watchdogMs, clock: systemClock, log, tell: () => manager.alive() },
    // The end has its own limit.
    problem: async () => (ending.asked ? undefined : noBeat(await fleet.any({ kind: 'beat' }))),
  });
  const supervisor = new Supervisor({
    ...{ workers, log, clock: systemClock, fork, startMs },
    shutdownMs: () => options.values['shutdown-timeout'] * 1000,
    onGone: (region, worker) => {
      const desk = desks.get(worker);
      if (desk !== undefined) {
        present.delete(desk);
        admin?.administration.gone(desk);
      }
      desks.delete(worker);
      clearRegion(counters, region);
      held.gone(worker);
      trouble.report(worker.pid, undefined);
      const removal = removeLeftoversOf(worker.pid, options.values['spool-dir'], log);
      removals.add(removal);
      void removal.then(() => removals.delete(removal));
    },
    onListening: (worker, message) => {
      held.listening(worker, message.policy);
      for (const told of copies.all) worker.send(told);
      for (const order of services.values()) {
        if (order.state === 1) continue;
        worker.send(order);
        obey(order);
      }
      const desk = desks.get(worker);
      if (desk !== undefined) {
        present.add(desk);
        void admin?.administration.welcome(desk);
      }
      if (announced) return;
      announced = true;
      void front.listening(message.text).then(() => {
        manager.ready(/listening on .*/.exec(message.text)?.[0]);
        life.start();
      });
    },
  });
  const metrics = values['admin-listen'] === '' ? undefined : settleMetrics(options, regions);
  /** Of workers, also of those that start and drain. */
  const desks = new Map<WorkerProcess, Desk>();
  /** Those of them that have begun to serve. */
  const present = new Set<Desk>();
  let admin: OpenAdmin | undefined;
  const token = new AdminToken();
  const held = new HeldRevision({
    ...{ options, words, log, token, supervisor, metrics, tls: tls.material },
    tickets: () => tickets.key,
    memory: () => memory,
    clock: systemClock,
    limitMs: startMs,
    over: () => manager.ready(),
  });
  void ending.end.then((why) => {
    log.emit('ending', { reason: why.text });
    manager.stopping();
    sockets.close();
    supervisor.stop();
  });
  void ending.hurried.then(() => supervisor.hurry());
  const signals = new Signals(log, early, ending, () => {
    opened.reopen();
    supervisor.tell({ kind: 'reopen' });
  });
  signals.onReload(() => {
    manager.reloading();
    void held.reread();
  });
  const wrong = await settleRights({ options, account, sockets, passed, front });
  const giveUp = async (problem: string, code: number): Promise<number> => {
    if (!logsToStderr(options)) log.emit('start-failed', { cause: problem });
    sockets.close();
    await opened.log.close();
    return front.failed([problem], code);
  };
  if (wrong !== undefined) return giveUp(wrong.problem, wrong.code);
  await removeOldLeftovers(values['spool-dir'], log);
  memory = await memoryDirectory(systemRandom);
  await warnAtStart(options, log);
  if (metrics !== undefined) {
    const opening = await openAdmin({
      ...{ token, options, log, metrics, apart: true, droppedLines: () => opened.log.dropped },
      desks: () => [...present],
      serving: () => supervisor.serving.length,
      ending: () => ending.asked,
      policy: () => held.policy,
      reload: () => {
        manager.reloading();
        return held.reread();
      },
    });
    if (opening.kind === 'failed') return giveUp(opening.problem, exitCode.system);
    admin = opening.admin;
  }
  const hostName = await ownHostName(values['host-name'], systemClock);
  warnOfCertificates(tls.contexts, hostName, systemClock.now(), log);
  if (account !== undefined) await warnOfLostFiles(tls.material, log);
  const watch = values['reload-watch']
    ? new ScriptWatch(
        () => held.certificates.files,
        () => held.renew(),
      )
    : undefined;
  const stopLooking = watchOverflows(systemClock, log);
  const failure = await supervisor.run();
  life.stop();
  watch?.stop();
  stopLooking();
  tickets.stop();
  sockets.close();
  await admin?.close();
  // A directory that does not answer keeps nobody.
  await Promise.race([
    Promise.all([...removals, removeMemoryDirectory(memory)]),
    new Promise((resolve) => systemClock.after(REMOVAL_MS, () => resolve(undefined))),
  ]);
  const code = failure?.code ?? (ending.asked ? (await ending.end).code : exitCode.ok);
  if (failure?.problem !== undefined) {
    log.emit('service-failed', { problem: failure.problem });
    problems.clear();
    problems.add(failure.problem);
  }
  if (announced) log.emit('terminated', {});
  await opened.log.close();
  await front.ended();
  if (code !== exitCode.ok && problems.size > 0) return front.failed([...problems], code);
  return code;
}
