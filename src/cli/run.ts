// Verb `run`, what smtpe does when nothing else is asked: log, service, announcement, signals, end. With several workers the main process
// only supervises (run-workers).
import { LocalCounters } from '../net/connection-counters.ts';
import { systemClock } from '../ops/clock.ts';
import { watchOverflows } from '../ops/listen-overflows.ts';
import { openLog } from '../ops/open-log.ts';
import type { Options } from '../options/options.ts';
import { announcement } from './announcement.ts';
import { findStarter, startDetached } from './detach.ts';
import type { EarlySignals } from './early-signals.ts';
import { Ending } from './ending.ts';
import { exitCode } from './exit-code.ts';
import { Front } from './front.ts';
import { removeOldLeftovers } from './leftovers.ts';
import { logSurroundings } from './log-surroundings.ts';
import { LogTrouble } from './log-trouble.ts';
import { newOptions } from './new-options.ts';
import { complain, print } from './problems.ts';
import { runPrimary } from './run-workers.ts';
import { serve, untilTheEnd } from './serve.ts';
import { Signals } from './signals.ts';
import { warnAtStart, warnOfLoops } from './start-warnings.ts';
import { memoryProblem, watchMemory } from './watch-memory.ts';

/** What a start is made of. */
export interface RunParts {
  readonly options: Options;
  /** The words of the command line, to read the option file again. */
  readonly words: readonly string[];
  readonly early: EarlySignals;
}

export async function run(parts: RunParts): Promise<number> {
  const { options } = parts;
  const starter = findStarter();
  if (options.values.daemon && starter === undefined) {
    parts.early.giveUp();
    return detach();
  }
  const front = new Front(options, starter);
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

function logsToStderr({ values }: Options): boolean {
  return !values.daemon && values['log-file'] === '' && values['syslog-address'] === '';
}

/** One process that does everything. */
async function runAlone({ options, words, early }: RunParts, front: Front): Promise<number> {
  // As they were read: hook.init changes its own.
  let read = options.fork();
  const trouble = new LogTrouble((text) => void complain([text]));
  const opened = await openLog(
    options,
    logSurroundings((cause) => trouble.report(process.pid, cause)),
  );
  if (opened.kind === 'failed') return front.failed([opened.problem], exitCode.system);
  const { log } = opened;
  const ending = new Ending();
  ending.catchAccidents(log);
  const signals = new Signals(log, early, ending, () => opened.reopen());
  const fail = async (problem: string, code: number): Promise<number> => {
    // On stderr it is said in any case.
    if (!logsToStderr(options)) log.write('crit', 'cannot start', { cause: problem });
    await log.close();
    return front.failed([problem], code);
  };
  // One after the other; `everything` is the option file too.
  let reloading: Promise<unknown> = Promise.resolve();
  let reload = (_everything: boolean): void => undefined;
  await removeOldLeftovers(options.values['spool-dir'], log);
  const starting = serve({
    ...{ options, log, limits: new LocalCounters() },
    onBroken: (reason) => ending.broken(reason),
    onChanged: () => reload(false),
    ended: ending.end,
    beforeListen: () => memoryProblem(options),
  });
  // Told to end before it serves: there is nothing to finish, whatever hook.init is waiting for.
  const outcome = await Promise.race([starting, ending.end]);
  if (!('kind' in outcome)) {
    log.write('notice', outcome.text);
    await log.close();
    return outcome.code;
  }
  if (outcome.kind === 'failed') return fail(outcome.problem, outcome.code);
  const { service } = outcome;
  const reloadNow = async (everything: boolean): Promise<void> => {
    const fresh = everything ? await newOptions(words, read, log) : { options: read, say: () => undefined };
    if (fresh === undefined || !(await service.reload({ options: fresh.options.fork() }))) return;
    read = fresh.options;
    fresh.say();
  };
  reload = (everything) => {
    reloading = reloading
      .then(() => reloadNow(everything))
      .catch((error: unknown) => {
        // While it ends nothing is loaded any more.
        if (!ending.asked) throw error;
      });
  };
  signals.onReload(() => reload(true));
  await warnAtStart(options, log);
  warnOfLoops(options, service.server.endpoints, log);
  const stopLooking = watchOverflows(systemClock, log);
  const problem = await front.listening(announcement(service.server.endpoints, service.script, options));
  if (problem !== undefined) {
    await service.stop(0);
    return fail(problem, exitCode.system);
  }
  // Nobody here starts a successor: it ends only for somebody who has asked for it, and so will start it again.
  watchMemory(options, systemClock, (reason) => {
    const asked = options.origin('worker-max-memory') !== 'default';
    log.write('warning', `${reason}${asked ? '' : '; it is not set, so this one worker goes on'}`);
    if (asked) ending.stop('the process ends to be started again', exitCode.again);
  });
  const code = await untilTheEnd(service, options, log, ending);
  stopLooking();
  await log.close();
  await front.ended();
  return code;
}
