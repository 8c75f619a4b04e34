// `run` with several workers: the main process, which supervises, and each worker, which serves. Limits of connections hold over all
// workers by counters in a file that they share.
import { randomBytes } from 'node:crypto';
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { clearRegion, SharedCounters } from '../net/shared-counters.ts';
import { systemClock } from '../ops/clock.ts';
import { forkWorker, type WorkerLine } from '../ops/fork-worker.ts';
import type { Log } from '../ops/log.ts';
import { openLog } from '../ops/open-log.ts';
import { Supervisor } from '../ops/supervisor.ts';
import type { Options } from '../options/options.ts';
import { announcement } from './announcement.ts';
import { exitCode } from './exit-code.ts';
import type { Front } from './front.ts';
import { logSurroundings } from './log-surroundings.ts';
import { serve, untilTheEnd } from './serve.ts';
import { Signals } from './signals.ts';

/** How often a worker looks at its memory. */
const MEMORY_INTERVAL_MS = 5000;
const MEBIBYTE = 1_048_576;

interface CountersFile {
  readonly path: string;
  remove(): Promise<void>;
}

/** A file for shared counters, in memory where the system has a place for that. */
async function createCountersFile(): Promise<CountersFile> {
  const shared = '/dev/shm';
  const base = await access(shared).then(
    () => shared,
    () => tmpdir(),
  );
  const directory = await mkdtemp(join(base, 'smtpe-'));
  const path = join(directory, 'counters');
  await writeFile(path, '', { mode: 0o600 });
  return { path, remove: () => rm(directory, { recursive: true, force: true }) };
}

/** The main process: starts the workers and keeps their number. */
export async function runPrimary(options: Options, front: Front): Promise<number> {
  const opened = await openLog(options, logSurroundings());
  if (opened.kind === 'failed') return front.failed([opened.problem], exitCode.system);
  const { log } = opened;
  const signals = new Signals(log, ['SIGTERM', 'SIGINT', 'SIGQUIT']);
  const counters = await createCountersFile();
  const workers = options.values.workers === 0 ? availableParallelism() : options.values.workers;
  const place = {
    path: counters.path,
    workers: Supervisor.regions(workers),
    seed: randomBytes(16).toString('hex'),
  };
  const problems = new Set<string>();
  let announced = false;
  let code: number = exitCode.ok;
  const supervisor = new Supervisor({
    ...{ workers, log, clock: systemClock, shutdownMs: options.values['shutdown-timeout'] * 1000 },
    fork: (slot) => forkWorker({ ...place, slot }, (problem) => problems.add(problem)),
    clearCounters: (slot) => clearRegion(counters.path, slot),
    onListening: (text) => {
      void front.listening(text).then((problem) => {
        announced = problem === undefined;
        if (problem === undefined) return;
        problems.add(problem);
        code = exitCode.system;
        supervisor.stop();
      });
    },
  });
  const toAll = (signal: NodeJS.Signals): void => {
    for (const pid of supervisor.pids) process.kill(pid, signal);
  };
  void signals.end.then((why) => {
    code = why.code;
    log.write('notice', why.text);
    supervisor.stop();
  });
  // A second signal does not wait for transactions.
  void signals.second.then(() => toAll('SIGTERM'));
  signals.onReload(() => supervisor.reload());
  signals.onReopen(() => {
    opened.reopen();
    toAll('SIGUSR2');
  });
  const ended = await supervisor.run();
  if (code === exitCode.ok) code = ended;
  await counters.remove();
  if (announced) log.write('notice', 'terminated');
  await log.close();
  if (!announced && code !== exitCode.ok) return front.failed([...problems], code);
  await front.ended();
  return code;
}

/** Asks for a successor when this worker has grown too large. */
function watchMemory(options: Options, tooLarge: (reason: string) => void): void {
  const limit = options.values['worker-max-memory'];
  if (limit === 0) return;
  const look = (): void => {
    const used = Math.round(process.memoryUsage.rss() / MEBIBYTE);
    if (used > limit) tooLarge(`${used} MiB of memory, worker-max-memory is ${limit}`);
    else systemClock.after(MEMORY_INTERVAL_MS, look);
  };
  systemClock.after(MEMORY_INTERVAL_MS, look);
}

/** A worker: serves until the main process says otherwise. */
export async function runWorker(options: Options, line: WorkerLine): Promise<number> {
  const fail = async (problem: string, code: number, log?: Log): Promise<number> => {
    log?.write('crit', 'worker cannot start', { cause: problem });
    await line.send({ kind: 'failed', problem });
    return code;
  };
  const opened = await openLog(options, logSurroundings());
  if (opened.kind === 'failed') return fail(opened.problem, exitCode.system);
  const { log } = opened;
  // Ctrl-C goes to all processes of the terminal; the main process decides.
  process.on('SIGINT', () => undefined);
  const signals = new Signals(log, ['SIGTERM']);
  signals.onReopen(() => opened.reopen());
  line.onAlone(() => signals.stop('the main process has gone'));
  line.onMessage((message) => {
    if (message.kind === 'reload') signals.reload();
    else signals.stop('told to end');
  });
  const limits = new SharedCounters(line.place);
  const outcome = await serve(options, log, limits, (reason) => signals.broken(reason));
  if (outcome.kind === 'failed') {
    const code = await fail(outcome.problem, outcome.code);
    await log.close();
    return code;
  }
  const { service } = outcome;
  signals.onReload(() => service.reload());
  watchMemory(options, (reason) => void line.send({ kind: 'replace', reason }));
  const text = announcement(service.server.endpoints, service.script, options);
  await line.send({ kind: 'listening', text });
  const code = await untilTheEnd(service, options, log, signals);
  limits.dispose();
  await log.close();
  return code;
}
