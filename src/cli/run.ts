// Verb `run`, what smtpe does when nothing else is asked: log, service, announcement, signals, end.
import { rm, writeFile } from 'node:fs/promises';
import { LocalCounters } from '../net/connection-counters.ts';
import { openLog } from '../ops/open-log.ts';
import type { RootLog } from '../ops/pino-log.ts';
import type { Options } from '../options/options.ts';
import { announcement } from './announcement.ts';
import { findStarter, type Starter, startDetached } from './detach.ts';
import { exitCode } from './exit-code.ts';
import { logSurroundings } from './log-surroundings.ts';
import { complain, print } from './problems.ts';
import { type Service, serve } from './serve.ts';
import { Signals } from './signals.ts';

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

async function fail(starter: Starter | undefined, problem: string, code: number): Promise<number> {
  await complain([problem]);
  await starter?.tell({ kind: 'failed', problems: [problem], code });
  return code;
}

function logsToStderr({ values }: Options): boolean {
  return !values.daemon && values['log-file'] === '' && values['syslog-address'] === '';
}

async function writePidFile(path: string): Promise<string | undefined> {
  if (path === '') return undefined;
  try {
    await writeFile(path, `${process.pid}\n`);
    return undefined;
  } catch (error) {
    return `pid-file=${path}: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Serves until a signal or a broken engine ends it; gives the exit code. */
async function untilTheEnd(
  service: Service,
  options: Options,
  log: RootLog,
  signals: Signals,
): Promise<number> {
  const why = await signals.end;
  const grace = options.values['shutdown-timeout'];
  log.write('notice', why.text, { sessions: service.server.sessions, grace: why.code === 0 ? grace : 0 });
  // A second signal does not wait for transactions.
  const hurry = signals.second.then(() => service.stop(0));
  await Promise.race([service.stop(why.code === 0 ? grace : 0), hurry]);
  log.write('notice', 'terminated');
  return why.code;
}

export async function run(options: Options): Promise<number> {
  const starter = findStarter();
  if (options.values.daemon && starter === undefined) return detach();
  const opened = await openLog(options, logSurroundings());
  if (opened.kind === 'failed') return fail(starter, opened.problem, exitCode.system);
  const { log } = opened;
  const signals = new Signals(log);
  signals.onReopen(() => opened.reopen());
  const outcome = await serve(options, log, new LocalCounters(), (reason) => signals.broken(reason));
  if (outcome.kind === 'failed') {
    // On stderr it is said in any case.
    if (!logsToStderr(options)) log.write('crit', 'cannot start', { cause: outcome.problem });
    await log.close();
    return fail(starter, outcome.problem, outcome.code);
  }
  const { service } = outcome;
  signals.onReload(() => service.reload());
  const pidFile = options.values['pid-file'];
  const problem = await writePidFile(pidFile);
  if (problem !== undefined) {
    await service.stop(0);
    await log.close();
    return fail(starter, problem, exitCode.system);
  }
  const text = announcement(service.server.endpoints, service.script, options);
  if (starter === undefined) await print(text);
  else await starter.tell({ kind: 'listening', text });
  const code = await untilTheEnd(service, options, log, signals);
  if (pidFile !== '') await rm(pidFile, { force: true });
  await log.close();
  return code;
}
