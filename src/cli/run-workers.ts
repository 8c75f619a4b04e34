// `run` with several workers: the main process. It holds what must outlive every worker: the listening sockets, the shared counters, and
// the revision (options and policy) that successors serve by.
import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { openCountersFile } from '../net/counters-file.ts';
import { clearRegion } from '../net/shared-counters.ts';
import { systemClock } from '../ops/clock.ts';
import { type ForkedWorker, forkWorker } from '../ops/fork-worker.ts';
import { HeldSockets } from '../ops/held-sockets.ts';
import { watchOverflows } from '../ops/listen-overflows.ts';
import { openLog } from '../ops/open-log.ts';
import { Supervisor } from '../ops/supervisor.ts';
import type { FromWorker } from '../ops/worker-messages.ts';
import { Ending } from './ending.ts';
import { exitCode } from './exit-code.ts';
import type { Front } from './front.ts';
import { HeldRevision } from './held-revision.ts';
import { removeLeftoversOf, removeOldLeftovers } from './leftovers.ts';
import { logSurroundings } from './log-surroundings.ts';
import { LogTrouble } from './log-trouble.ts';
import { complain } from './problems.ts';
import type { RunParts } from './run.ts';
import { Signals } from './signals.ts';
import { warnAtStart } from './start-warnings.ts';

/** Loading the program and starting Lua, on a machine that is very busy. */
const START_MS = 60_000;
const REMOVAL_MS = 1000;

/** Answers a worker that wants the listening sockets. */
async function giveSockets(
  worker: ForkedWorker,
  held: HeldSockets,
  wish: FromWorker & { kind: 'open' },
): Promise<void> {
  const outcome = await held.open(wish.addresses, wish.port);
  if (outcome.kind === 'failed') {
    worker.send({ kind: 'no-socket', code: outcome.code, message: outcome.message });
    return;
  }
  for (const [index, handle] of outcome.handles.entries()) {
    worker.sendSocket(handle, index, outcome.handles.length);
  }
}

export async function runPrimary({ options, words, early }: RunParts, front: Front): Promise<number> {
  const { values } = options;
  const trouble = new LogTrouble((text) => void complain([text]));
  const opened = await openLog(
    options,
    logSurroundings((cause) => trouble.report(process.pid, cause)),
  );
  if (opened.kind === 'failed') return front.failed([opened.problem], exitCode.system);
  const { log } = opened;
  const workers = values.workers === 0 ? availableParallelism() : values.workers;
  const regions = Supervisor.regions(workers);
  let counters: number;
  try {
    counters = openCountersFile(regions, `smtpe-${process.pid}-${randomBytes(6).toString('hex')}`);
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    return front.failed([`no place for the counters that workers share: ${cause}`], exitCode.system);
  }
  const place = { file: counters, workers: regions, seed: randomBytes(16).toString('hex') };
  const ending = new Ending();
  ending.catchAccidents(log);
  const problems = new Set<string>();
  let announced = false;
  /** Removals of what dead workers left, at work. */
  const removals = new Set<Promise<void>>();
  const sockets = new HeldSockets((asked) =>
    log.write('warning', 'other addresses need a restart, the present ones stay', { asked }),
  );
  const startMs = (): number => 2 * options.values['hook-time-limit'] * 1000 + START_MS;
  const fork = (region: number): ForkedWorker => {
    const worker = forkWorker({ ...place, slot: region });
    worker.onMessage((message) => {
      if (message.kind === 'failed') problems.add(message.problem);
      if (message.kind === 'log') trouble.report(worker.pid, message.trouble);
      if (message.kind === 'open') void giveSockets(worker, sockets, message);
    });
    held.begin(worker);
    return worker;
  };
  const supervisor = new Supervisor({
    ...{ workers, log, clock: systemClock, fork, startMs },
    shutdownMs: () => options.values['shutdown-timeout'] * 1000,
    onGone: (region, worker) => {
      clearRegion(counters, region);
      held.gone(worker);
      trouble.report(worker.pid, undefined);
      const removal = removeLeftoversOf(worker.pid, options.values['spool-dir'], log);
      removals.add(removal);
      void removal.then(() => removals.delete(removal));
    },
    onListening: (worker, message) => {
      held.listening(worker, message.policy);
      if (announced) return;
      announced = true;
      void front.listening(message.text).then((problem) => {
        if (problem === undefined) return;
        announced = false;
        problems.add(problem);
        ending.stop(problem, exitCode.system);
        supervisor.hurry();
      });
    },
  });
  const held = new HeldRevision({
    ...{ options, words, log, supervisor },
    clock: systemClock,
    limitMs: startMs,
  });
  void ending.end.then((why) => {
    log.write('notice', why.text);
    sockets.close();
    supervisor.stop();
  });
  void ending.hurried.then(() => supervisor.hurry());
  const signals = new Signals(log, early, ending, () => {
    opened.reopen();
    supervisor.tell({ kind: 'reopen' });
  });
  signals.onReload(() => held.reread());
  await removeOldLeftovers(values['spool-dir'], log);
  await warnAtStart(options, log);
  const stopLooking = watchOverflows(systemClock, log);
  const failure = await supervisor.run();
  stopLooking();
  sockets.close();
  // A directory that does not answer keeps nobody.
  await Promise.race([
    Promise.all(removals),
    new Promise((resolve) => systemClock.after(REMOVAL_MS, () => resolve(undefined))),
  ]);
  const code = failure?.code ?? (ending.asked ? (await ending.end).code : exitCode.ok);
  if (failure?.problem !== undefined) {
    log.write('crit', failure.problem);
    problems.clear();
    problems.add(failure.problem);
  }
  if (announced) log.write('notice', 'terminated');
  await log.close();
  if (announced) await front.ended();
  if (code !== exitCode.ok && problems.size > 0) return front.failed([...problems], code);
  return code;
}
