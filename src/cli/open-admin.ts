// The administration interface of the main process: reads its token, listens, and gives answers for all processes that serve. With one process it
// is that process which asks itself.
import { createHash } from 'node:crypto';
import { chmod, stat, unlink } from 'node:fs/promises';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { Administration } from '../admin/administration.ts';
import { Fleet } from '../admin/fleet.ts';
import { createAdminServer } from '../admin/http-server.ts';
import { Live } from '../admin/live/live.ts';
import { collectProcess } from '../admin/process-gauges.ts';
import { systemClock } from '../base/clock.ts';
import { codeOrText } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { MetricCells } from '../observe/metric/cells.ts';
import { loadExposition } from '../observe/metric/exposition.ts';
import { MetricLayout } from '../observe/metric/layout.ts';
import type { MetricSets } from '../observe/metric/metric-spec.ts';
import { PolicySums } from '../observe/metric/policy-sums.ts';
import { MetricTotals } from '../observe/metric/totals.ts';
import type { Desk } from '../ops/desk.ts';
import type { ReloadOutcome } from '../ops/reload-outcome.ts';
import type { PolicySource } from '../ops/revision.ts';
import { type AdminPlace, readAdminListen } from '../options/admin-listen.ts';
import { optionNames, optionTable } from '../options/option-table.ts';
import { isOfItsOwn, type Options } from '../options/options.ts';
import { version } from '../version.ts';
import type { AdminToken } from './admin-token.ts';

/** At most one line about errors of the listening socket in this time. */
const SELDOM_MS = 10_000;
/** A socket of nobody is tried for so long. */
const PROBE_MS = 1000;

export interface AdminParts {
  /** Who may change something; read here, and at a reload. */
  readonly token: AdminToken;
  /** Those of the process, which change with a reload. */
  readonly options: Options;
  readonly log: Log;
  readonly metrics: MetricSets;
  /** Those that have sessions: they serve, or drain. */
  readonly desks: () => readonly Desk[];
  /** How many take connections. */
  readonly serving: () => number;
  /** The service is told to end. */
  readonly ending: () => boolean;
  readonly policy: () => PolicySource | undefined;
  readonly reload: () => Promise<ReloadOutcome>;
  /** The main process serves no mail itself, and counts as a process of its own. */
  readonly apart: boolean;
  /** Log lines that it has given up. */
  readonly droppedLines: () => number;
}

export interface OpenAdmin {
  readonly administration: Administration;
  close(): Promise<void>;
}

export type OpenAdminOutcome =
  | { readonly kind: 'open'; readonly admin: OpenAdmin }
  | { readonly kind: 'failed'; readonly problem: string };

export async function openAdmin(parts: AdminParts): Promise<OpenAdminOutcome> {
  const { log, options } = parts;
  const text = options.values['admin-listen'];
  const where = `${options.origin('admin-listen')}: admin-listen=${text}`;
  const place = readAdminListen(text) ?? { kind: 'none' };
  if (place.kind === 'none') return { kind: 'failed', problem: `${where}: that is no place` };
  const token = await parts.token.read(options);
  if (token.kind === 'wrong') return { kind: 'failed', problem: token.problem };
  token.use();
  await loadExposition();
  const administration = administer(parts);
  const server = createAdminServer({
    ...{ place, token: () => parts.token.digest, administration, log },
    clock: systemClock,
  });
  const problem = await listen(server, place);
  // Without a descriptor for a connection: nobody must be able to end the service by that.
  let complainedAt = Number.NEGATIVE_INFINITY;
  server.on('error', (error) => {
    const now = systemClock.monotonic();
    if (now < complainedAt + SELDOM_MS) return;
    complainedAt = now;
    log.emit('admin-fault', { cause: codeOrText(error) });
  });
  if (problem !== undefined) {
    administration.close();
    return { kind: 'failed', problem: `${where}: ${problem}` };
  }
  log.emit('admin-listening', { address: text });
  return {
    kind: 'open',
    admin: {
      administration,
      close: () =>
        new Promise((resolve) => {
          administration.close();
          server.close(() => resolve());
          server.closeAllConnections();
        }),
    },
  };
}

function administer(parts: AdminParts): Administration {
  const { apart, desks, ending, log, metrics, options, serving } = parts;
  const layout = new MetricLayout(metrics);
  const totals = new MetricTotals(layout);
  const own = new MetricCells(layout);
  totals.came(own);
  const restarts = own.of('smtpe_worker_restarts_total');
  log.bus.on('worker-ended', () => restarts.add(1, 'ended'));
  log.bus.on('worker-asks', () => restarts.add(1, 'asked'));
  const started = Math.floor(systemClock.now() / 1000 - process.uptime());
  return new Administration({
    ...{ clock: systemClock, log, totals, serving, ending },
    fleet: new Fleet(desks, systemClock),
    collect: async () => {
      own.of('process_start_time_seconds').set(started);
      if (apart) {
        own.of('smtpe_log_dropped_total').set(parts.droppedLines());
        await collectProcess(own);
      }
      totals.take(own, own.values);
    },
    facts: {
      version,
      pid: process.pid,
      startedAt: systemClock.monotonic() - process.uptime() * 1000,
      options: () => shownOptions(options),
      policy: () => {
        const source = parts.policy();
        return source && { path: source.path, digest: digestOf(source) };
      },
    },
    reload: parts.reload,
    drainWait: () => options.values['admin-drain-wait'],
    policyMetrics: new PolicySums(),
    live: new Live(systemClock),
  });
}

/** Of the script and all files that it loads: two services with the same have the same policy. */
function digestOf({ files, more = [], text }: PolicySource): string {
  const hash = createHash('sha256').update(text, 'latin1');
  const others = more.flatMap((one) => [one, ...one.files]);
  for (const file of [...files, ...others]) hash.update(`\0${file.path}\0${file.text}`, 'latin1');
  return `sha256:${hash.digest('hex')}`;
}

/** Passwords may stand in URLs only; files with secrets are named, not shown. */
export const hidden = (text: string): string => text.replace(/(:\/\/[^/@\s:]*:)\S*@/g, '$1***@');

function shownOptions(
  options: Options,
): readonly { readonly name: string; readonly text: string; readonly origin: string }[] {
  const own = options.toTexts().filter(({ name }) => isOfItsOwn(name));
  return [
    ...optionNames
      .filter((name) => optionTable[name].kind !== 'action')
      .map((name) => ({ name, text: hidden(options.text(name) ?? ''), origin: options.origin(name) })),
    ...own.map(({ name, origin, text }) => ({ name, text: hidden(text), origin })),
  ];
}

/** What keeps it from listening; undefined: it does. */
async function listen(
  server: Server,
  place: Exclude<AdminPlace, { kind: 'none' }>,
): Promise<string | undefined> {
  if (place.kind === 'unix') {
    const problem = await clearSocket(place.path);
    if (problem !== undefined) return problem;
  }
  // Nobody else may reach the socket between its birth and its mode.
  const before = place.kind === 'unix' ? process.umask(0o117) : undefined;
  const listening = new Promise<string | undefined>((resolve) => {
    server.once('error', (error) => resolve(listenText(codeOrText(error))));
    server.listen(
      place.kind === 'unix' ? { path: place.path } : { host: place.host, port: place.port },
      () => {
        resolve(undefined);
      },
    );
  });
  if (before !== undefined) process.umask(before);
  const problem = await listening;
  if (problem !== undefined || place.kind === 'tcp') return problem;
  await chmod(place.path, 0o660);
  return undefined;
}

function listenText(code: string): string {
  switch (code) {
    case 'EADDRINUSE':
      return 'another program listens there; stop it, or name another place';
    case 'EADDRNOTAVAIL':
      return 'this machine has no such address';
    case 'EACCES':
      return `user ${process.getuid?.() ?? 'this one'} may not listen there (EACCES)`;
    default:
      return code;
  }
}

/** Removes a socket that a dead process has left; says what is wrong when something else is there. */
async function clearSocket(path: string): Promise<string | undefined> {
  try {
    const there = await stat(path);
    if (!there.isSocket()) return 'there is something else than a socket; remove it, or name another place';
  } catch (error) {
    const code = codeOrText(error);
    return code === 'ENOENT' ? directoryProblem(dirname(path)) : code;
  }
  if (await isAnswered(path)) return listenText('EADDRINUSE');
  try {
    await unlink(path);
    return undefined;
  } catch (error) {
    return `a dead process has left its socket there, which cannot be removed: ${codeOrText(error)}`;
  }
}

/** Node says EACCES of a directory that is not there. */
async function directoryProblem(path: string): Promise<string | undefined> {
  try {
    if ((await stat(path)).isDirectory()) return undefined;
    return `${path} is no directory`;
  } catch (error) {
    const code = codeOrText(error);
    return code === 'ENOENT'
      ? `there is no such directory: ${path}; make it, for the user of smtpe`
      : `${path}: ${code}`;
  }
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const done = (answered: boolean): void => {
      timer.cancel();
      socket.destroy();
      resolve(answered);
    };
    const timer = systemClock.after(PROBE_MS, () => done(true));
    socket.on('connect', () => done(true));
    socket.on('error', () => done(false));
  });
}
