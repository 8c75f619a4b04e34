// Measures a case: all its servers are started and warmed up, then they take their turns in each round, forwards and backwards.
import type { Case } from './cases.ts';
import { type Load, latency, send } from './loads.ts';
import { measure } from './process.ts';
import type { CaseResult, ServerResult } from './result.ts';
import { type ServerKind, type Started, startSink } from './servers.ts';

export interface Settings {
  readonly node: string;
  readonly rounds: number;
  /** Seconds of the processor that one measurement should take, and half of what it may take by the clock. */
  readonly span: number;
  readonly withLatency: boolean;
}

/** Processors: the server's, and that of the load and the next hop. */
export const SERVER = '0';
export const LOAD = '1';

/** Processor seconds of a server after which it is warm, and the milliseconds that this may take. */
const WARM_UP = 1.5;
const LONGEST_WARM_UP = 5000;

interface Taking {
  readonly kind: ServerKind;
  readonly started: Started;
  readonly load: Load;
  readonly resumesNot: boolean;
  /** Messages that take about a span. */
  readonly count: number;
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

/** Starts a server and sends it mail until its rate is known and its code is compiled. */
async function prepare(test: Case, kind: ServerKind, { node, span }: Settings): Promise<Taking> {
  const sink = test.sink ? await startSink(LOAD) : undefined;
  const started = await kind.start({ cpus: SERVER, node, sink: sink?.port });
  const stop = async (): Promise<void> => {
    await started.running.stop();
    await sink?.running.stop();
  };
  try {
    const { port } = started;
    const { load, resumesNot } = await taken(test.load, port);
    // From a few messages on, because some servers make each connection wait.
    let count = Math.min(20, load.sessions);
    let spent = 0;
    let seconds = 0;
    let each = 0;
    const until = performance.now() + LONGEST_WARM_UP;
    // By its processor time: on a machine that does other things too it would not be warm after any time by the clock.
    while (spent < WARM_UP && performance.now() < until) {
      const before = measure(started.running.pid).cpu;
      seconds = (await send(LOAD, load, port, count)) / count;
      const cost = measure(started.running.pid).cpu - before;
      spent += cost;
      each = cost / count;
      count = Math.ceil(count * Math.min(4, Math.max(0.5, 0.4 / (seconds * count))));
    }
    count = Math.max(load.sessions, Math.ceil(Math.min(span / each, (2 * span) / seconds)));
    return { kind, started, load, resumesNot, count, cpu: [], perSecond: [], busy: [], stop };
  } catch (error) {
    await stop();
    throw new Error(`${kind.name}, ${JSON.stringify(test.load)}`, { cause: error });
  }
}

async function sample({ started, load, count, cpu, perSecond, busy }: Taking): Promise<void> {
  const { pid } = started.running;
  const before = measure(pid).cpu;
  const seconds = await send(LOAD, load, started.port, count);
  const spent = measure(pid).cpu - before;
  cpu.push((spent * 1000) / count);
  perSecond.push(count / seconds);
  busy.push(spent / seconds);
}

export async function measureCase(test: Case, settings: Settings): Promise<CaseResult> {
  const all: Taking[] = [];
  try {
    for (const kind of test.servers) all.push(await prepare(test, kind, settings));
    for (let round = 0; round < settings.rounds; round++) {
      for (const one of round % 2 === 0 ? all : all.toReversed()) await sample(one);
    }
    const servers: Record<string, ServerResult> = {};
    for (const { kind, started, load, resumesNot, cpu, perSecond, busy } of all) {
      const { peak } = measure(started.running.pid);
      const times = settings.withLatency ? await latency(LOAD, load, started.port) : {};
      servers[kind.name] = { cpu, perSecond, busy, peak, ...times, ...(resumesNot ? { resumesNot } : {}) };
    }
    return { group: test.group, load: withoutPath(test.load), servers };
  } finally {
    for (const one of all) await one.stop();
  }
}

/** What stays: where a file lay means nothing afterwards. */
function withoutPath({ file: _, ...load }: Load): Load {
  return load;
}
