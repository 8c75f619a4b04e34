// `npx tsx spec/load/store.bench.ts`, after `npm run build`: what shared memory costs. The policy of etc/examples/cluster in front of smtp-sink, with mail of 10 KB
// from smtp-source, a connection for each; without the policy, over the store in memory, over one on disk, and over a Redis. smtpe is pinned to
// processor 0, everything else to processor 1.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { measure, type Running, run, start } from './bench/process.ts';
import { freePort, startSink } from './bench/servers.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const SERVER = '0';
const OTHERS = '1';
const ROUNDS = 5;
const COUNT = 4000;

const directory = mkdtempSync(join(tmpdir(), 'smtpe-store-bench-'));
const port = await freePort();
const redis = await start(
  OTHERS,
  ['redis-server', '--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', directory],
  /Ready to accept/,
);
const sink = await startSink(OTHERS);

const policy = readFileSync(join(root, 'etc/examples/cluster/cluster.lua'), 'utf8')
  .replace('DELAY = 300', 'DELAY = 1')
  .replace('LIMIT, BURST = 600, 100', 'LIMIT, BURST = 1e9, 1e9');
writeFileSync(join(directory, 'cluster.lua'), policy);
writeFileSync(join(directory, 'none.lua'), '');

interface Kind {
  readonly name: string;
  readonly script: string;
  readonly store: string;
}
const kinds: readonly Kind[] = [
  { name: 'no policy', script: 'none.lua', store: 'memory' },
  { name: 'memory', script: 'cluster.lua', store: 'memory' },
  { name: 'disk', script: 'cluster.lua', store: `lmdb:${join(directory, 'store')}` },
  { name: 'Redis', script: 'cluster.lua', store: `redis://127.0.0.1:${port}` },
];

interface Server extends Kind {
  readonly running: Running;
  readonly port: number;
  readonly cpu: number[];
  readonly redisCpu: number[];
  readonly rates: number[];
}

async function serve(kind: Kind): Promise<Server> {
  const spool = join(directory, `spool-${kind.name.replace(' ', '-')}`);
  mkdirSync(spool);
  const running = await start(
    SERVER,
    [
      ...[process.execPath, join(root, 'dist/main.js'), 'file=', `script=${join(directory, kind.script)}`],
      ...['smtp-server-address=127.0.0.1', 'smtp-server-port=0', `spool-dir=${spool}`, `store=${kind.store}`],
      ...['dns-client-timeout=0', 'rate-global=0', 'rate-client=0', 'limit-client-connections=0'],
      ...[`smtp-smart-host=127.0.0.1:${sink.port}`, 'log-level=err', 'verbose='],
    ],
    /listening on/,
  );
  return {
    ...kind,
    ...{ running, port: Number(/:(\d+)\b/.exec(running.line)?.[1]), cpu: [], redisCpu: [], rates: [] },
  };
}

const load = async (server: Server, count: number): Promise<number> => {
  const command = [
    'smtp-source',
    '-4',
    '-s',
    String(Math.min(20, count)),
    '-m',
    String(count),
    '-l',
    '10240',
  ];
  const ends = ['-f', 'a@example.net', '-t', 'b@example.com', `127.0.0.1:${server.port}`];
  return (await run(OTHERS, [...command, ...ends])).seconds;
};

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

try {
  const servers: Server[] = [];
  for (const kind of kinds) servers.push(await serve(kind));
  for (const server of servers) {
    // The first is told to come back, and is known from then on.
    await load(server, 1).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 2500));
    await load(server, 2000);
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const server of servers) {
      const before = [measure(server.running.pid).cpu, measure(redis.pid).cpu] as const;
      const seconds = await load(server, COUNT);
      server.cpu.push((measure(server.running.pid).cpu - before[0]) / COUNT);
      server.redisCpu.push((measure(redis.pid).cpu - before[1]) / COUNT);
      server.rates.push(COUNT / seconds);
    }
  }
  for (const { name, cpu, redisCpu, rates } of servers) {
    const ms = (values: readonly number[]): string => (median(values) * 1000).toFixed(3);
    process.stdout.write(
      `${name.padEnd(10)} ${median(rates).toFixed(0).padStart(6)} messages/s  smtpe ${ms(cpu)} ms  Redis ${ms(redisCpu)} ms a message\n`,
    );
  }
  for (const { running } of servers) await running.stop();
} finally {
  await Promise.all([redis.stop(), sink.running.stop()]);
  rmSync(directory, { recursive: true, force: true });
}
