// Measures a case: all its servers are started and warmed up, then they take their turns in each round, forwards and backwards.
import type { Case } from './cases.ts';
import { type Load, latency, send } from './loads.ts';
import { measure } from './process.ts';
import type { CaseResult, ServerResult } from './result.ts';
import { type ServerKind, type Started, startSink } from './servers.ts';
import { type Warmed, warmUp } from './warm-up.ts';

export interface Settings {
  readonly node: string;
  readonly rounds: number;
  /** Seconds of the processor that one measurement should take, and half of what it may take by the clock. */
  readonly span: number;
  readonly withLatency: boolean;
}

/** Processors: the server's, and that of the load and the next hop; both for what is measured as users meet it. */
export const SERVER = '0';
export const LOAD = '1';
export const BOTH = '0,1';

interface Taking {
  readonly kind: ServerKind;
  readonly started: Started;
  readonly load: Load;
  readonly resumesNot: boolean;
  /** Messages that take about a span. */
  readonly count: number;
  readonly warmed: Warmed;
  readonly cpu: number[];
  readonly perSecond: number[];
  readonly busy: number[];
  stop(): Promise<void>;
}

/** A load that the server takes: one that does not resume sessions is sent new ones. */
async function taken(
  load: Load,
  port: number,
): Promise<{ readonly load: Load; readonly resumesNot: boolean }> {
  if (load.tls !== 'resumed') return { load, resumesNot: false };
  try {
    await send(LOAD, load, port, 3 * load.sessions);
    return { load, resumesNot: false };
  } catch (error) {
    if (!String(error).includes('resumed: false')) throw error;
    return { load: { ...load, tls: 'new' }, resumesNot: true };
  }
}

/** Sends `count` messages: what they cost the server, and how long they took. */
export async function spend(
  cpus: string,
  { running, port }: Started,
  load: Load,
  count: number,
): Promise<{ readonly cpu: number; readonly seconds: number }> {
  const before = measure(running.pid).cpu;
  const seconds = await send(cpus, load, port, count);
  return { cpu: measure(running.pid).cpu - before, seconds };
}

/** Starts a server and sends it mail until its code is compiled and its rate is known. */
async function prepare(test: Case, kind: ServerKind, { node, span }: Settings): Promise<Taking> {
  const sink = test.sink ? await startSink(LOAD) : undefined;
  const started = await kind.start({ cpus: SERVER, node, sink: sink?.port });
  const stop = async (): Promise<void> => {
    await started.running.stop();
    await sink?.running.stop();
  };
  try {
    const { load, resumesNot } = await taken(test.load, started.port);
    const warmed = await warmUp((count) => spend(LOAD, started, load, count), load.sessions);
    const { each, pace } = warmed;
    const count = Math.max(load.sessions, Math.ceil(Math.min(span / each, (2 * span) / pace)));
    return { kind, started, load, resumesNot, count, warmed, cpu: [], perSecond: [], busy: [], stop };
  } catch (error) {
    await stop();
    throw new Error(`${kind.name}, ${JSON.stringify(test.load)}`, { cause: error });
  }
}

async function sample({ started, load, count, cpu, perSecond, busy }: Taking): Promise<void> {
  const spent = await spend(LOAD, started, load, count);
  cpu.push((spent.cpu * 1000) / count);
  perSecond.push(count / spent.seconds);
  busy.push(spent.cpu / spent.seconds);
}

export async function measureCase(test: Case, settings: Settings): Promise<CaseResult> {
  const all: Taking[] = [];
  try {
    for (const kind of test.servers) all.push(await prepare(test, kind, settings));
    // A turn that is not counted: the first of them have stood still while the others were warmed up.
    for (const { started, load, count } of all) await spend(LOAD, started, load, count);
    for (let round = 0; round < settings.rounds; round++) {
      for (const one of round % 2 === 0 ? all : all.toReversed()) await sample(one);
    }
    const servers: Record<string, ServerResult> = {};
    for (const { kind, started, load, resumesNot, warmed, cpu, perSecond, busy } of all) {
      const { peak } = measure(started.running.pid);
      const times = settings.withLatency ? await latency(LOAD, load, started.port) : {};
      const warmUp = { messages: warmed.messages, seconds: warmed.seconds, settled: warmed.settled };
      servers[kind.name] = {
        ...{ cpu, perSecond, busy, peak, warmUp },
        ...times,
        ...(resumesNot ? { resumesNot } : {}),
      };
    }
    const measured = new Date().toISOString();
    return { group: test.group, load: withoutPath(test.load), measured, servers };
  } finally {
    for (const one of all) await one.stop();
  }
}

/** What stays: where a file lay means nothing afterwards. */
function withoutPath({ file: _, ...load }: Load): Load {
  return load;
}
