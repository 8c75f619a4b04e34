// `npm run bench [quick]`: smtpe beside its peers in one run, written to doc/benchmarks.md (quick: to var/bench). Needs postfix's
// smtp-source and smtp-sink, and taskset. Everything runs on the loopback interface and ends by itself.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Case, cases, fullFile, signedFile } from './bench/cases.ts';
import { extras } from './bench/extras.ts';
import { startNameServer } from './bench/name-server.ts';
import { measure, run } from './bench/process.ts';
import { median, type Row, type Sample, writeReport } from './bench/report.ts';
import { type ServerKind, startSink } from './bench/servers.ts';
import { writeSignedMessages } from './bench/signed-message.ts';

const quick = process.argv.includes('quick');
const only = process.argv.find((word) => /^[a-h]+$/.test(word));
const rounds = quick ? 1 : 3;
/** Seconds that one measurement should take. */
const span = 0.6;
const SERVER = '0';
const LOAD = '1';
const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

function source(test: Case, port: number, count: number): readonly string[] {
  const { size, kept, sessions, file } = test.load;
  return [
    'smtp-source',
    '-4',
    ...(kept ? ['-d'] : []),
    ...['-s', String(Math.min(sessions, count)), '-m', String(count)],
    ...(file === undefined ? ['-l', String(size)] : ['-F', file]),
    ...['-f', 'a@example.com', '-t', 'b@example.net', `127.0.0.1:${port}`],
  ];
}

async function latency(test: Case, port: number): Promise<{ p50: number; p99: number }> {
  const { size, sessions, file } = test.load;
  const count = size > 100_000 ? 60 : 400;
  const words = [
    String(port),
    String(Math.min(sessions, 20)),
    String(size),
    String(count),
    ...(file === undefined ? [] : [file]),
  ];
  const printed = execFileSync('taskset', [
    '-c',
    LOAD,
    'node',
    join(root, 'spec/load/bench/latency.mjs'),
    ...words,
  ]);
  return JSON.parse(printed.toString()) as { p50: number; p99: number };
}

interface Server {
  readonly kind: ServerKind;
  readonly pid: number;
  readonly port: number;
  /** Messages that take about `span` seconds, found while warming up. */
  readonly count: number;
  readonly samples: Sample[];
  stop(): Promise<void>;
}

/** Starts a server for a case and sends it mail until its rate is known and its code is compiled. */
async function prepare(test: Case, kind: ServerKind): Promise<Server> {
  const sink = test.sink && kind.name !== 'floor' ? await startSink(LOAD) : undefined;
  const { running, port } = await kind.start(SERVER, sink?.port);
  // From a few messages on, because some servers make each connection wait.
  let count = 20;
  let seconds = await run(LOAD, source(test, port, count));
  while (seconds < 0.2) {
    count *= 4;
    seconds = await run(LOAD, source(test, port, count));
  }
  for (const share of quick ? [0.8, 0.8] : [0.7, 1.8]) {
    count = Math.max(test.load.sessions, Math.ceil((count / seconds) * span * share));
    seconds = await run(LOAD, source(test, port, count));
  }
  return {
    kind,
    pid: running.pid,
    port,
    count: Math.max(test.load.sessions, Math.ceil((count / seconds) * span)),
    samples: [],
    stop: async () => {
      await running.stop();
      await sink?.running.stop();
    },
  };
}

async function sample(test: Case, server: Server, withLatency: boolean): Promise<Sample> {
  const { pid, port, count } = server;
  const before = measure(pid);
  const took = await run(LOAD, source(test, port, count));
  const after = measure(pid);
  const times = withLatency ? await latency(test, port) : { p50: Number.NaN, p99: Number.NaN };
  return {
    perSecond: count / took,
    cpu: ((after.cpu - before.cpu) * 1000) / count,
    peak: after.peak,
    ...times,
  };
}

const began = performance.now();
mkdirSync(join(root, 'var/bench'), { recursive: true });
const nameServer = await startNameServer(LOAD, await writeSignedMessages(signedFile, fullFile));
const rows: Row[] = [];
const todo = cases(quick, nameServer.port).filter((test) => only === undefined || only.includes(test.group));
for (const test of todo) {
  const servers: Server[] = [];
  for (const kind of test.servers) servers.push(await prepare(test, kind));
  for (let round = 0; round < rounds; round++) {
    for (const server of servers) server.samples.push(await sample(test, server, round === rounds - 1));
  }
  for (const server of servers) await server.stop();
  const medians = new Map<string, Sample>();
  let noise = 0;
  for (const { kind, samples: list } of servers) {
    const name = kind.name;
    const of = (pick: (one: Sample) => number): number => median(list.map(pick));
    const cpu = of((one) => one.cpu);
    const all = list.map((one) => one.cpu);
    noise = Math.max(noise, (Math.max(...all) - Math.min(...all)) / cpu);
    const last = list.at(-1);
    medians.set(name, {
      perSecond: of((one) => one.perSecond),
      cpu,
      peak: of((one) => one.peak),
      p50: last?.p50 ?? Number.NaN,
      p99: last?.p99 ?? Number.NaN,
    });
  }
  rows.push({ case: test, medians, noise });
  const base = medians.get('floor')?.cpu ?? Number.NaN;
  const shown = [...medians].map(
    ([name, one]) =>
      `${name} ${one.cpu.toFixed(3)} ms (${(one.cpu / base).toFixed(2)}×) ${one.perSecond.toFixed(0)}/s`,
  );
  console.log(
    `${test.group} ${test.load.size} ${test.load.kept ? 'kept' : 'new'} ${test.load.sessions}: ${shown.join(' | ')}`,
  );
}
await nameServer.running.stop();
const more = only === undefined ? await extras(quick) : [];
const directory = quick || only !== undefined ? join(root, 'var/bench') : join(root, 'doc');
writeReport(directory, rows, rounds, more);
console.log(
  `${directory}/benchmarks.md written after ${((performance.now() - began) / 60_000).toFixed(1)} minutes`,
);
