// Verb `run`, what smtpe does when nothing else is asked: log, service, announcement, signals, end. With several workers the main process
// only supervises (run-workers).
import { LocalCounters } from '../net/connection-counters.ts';
import { findWorkerLine } from '../ops/fork-worker.ts';
import { openLog } from '../ops/open-log.ts';
import type { Options } from '../options/options.ts';
import { announcement } from './announcement.ts';
import { findStarter, startDetached } from './detach.ts';
import { exitCode } from './exit-code.ts';
import { Front } from './front.ts';
import { logSurroundings } from './log-surroundings.ts';
import { complain, print } from './problems.ts';
import { runPrimary, runWorker } from './run-workers.ts';
import { serve, untilTheEnd } from './serve.ts';
import { Signals } from './signals.ts';

export async function run(options: Options): Promise<number> {
  const line = findWorkerLine();
  if (line !== undefined) return runWorker(options, line);
  const starter = findStarter();
  if (options.values.daemon && starter === undefined) return detach();
  const front = new Front(options, starter);
  return options.values.workers === 1 ? runAlone(options, front) : runPrimary(options, front);
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

function logsToStderr({ values }: Options): boolean {
  return !values.daemon && values['log-file'] === '' && values['syslog-address'] === '';
}

/** One process that does everything. */
async function runAlone(options: Options, front: Front): Promise<number> {
  const opened = await openLog(options, logSurroundings());
  if (opened.kind === 'failed') return front.failed([opened.problem], exitCode.system);
  const { log } = opened;
  const signals = new Signals(log, ['SIGTERM', 'SIGINT', 'SIGQUIT']);
  signals.onReopen(() => opened.reopen());
  const fail = async (problem: string, code: number): Promise<number> => {
    // On stderr it is said in any case.
    if (!logsToStderr(options)) log.write('crit', 'cannot start', { cause: problem });
    await log.close();
    return front.failed([problem], code);
  };
  const outcome = await serve(options, log, new LocalCounters(), (reason) => signals.broken(reason));
  if (outcome.kind === 'failed') return fail(outcome.problem, outcome.code);
  const { service } = outcome;
  signals.onReload(() => service.reload());
  const problem = await front.listening(announcement(service.server.endpoints, service.script, options));
  if (problem !== undefined) {
    await service.stop(0);
    return fail(problem, exitCode.system);
  }
  const code = await untilTheEnd(service, options, log, signals);
  await front.ended();
  await log.close();
  return code;
}
