// `npx tsx spec/load/scale.ts`, after `npm run build`: how far it goes beyond this machine. Measures the policy of etc/examples/cluster with the default log in front of
// smtp-sink, one smtpe and then two over one Redis, holds what was found for two against what one lets expect, and prints messages a day by arithmetic.
// smtpe is pinned to processor 0, everything else to processor 1.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Costs, capacity } from './bench/capacity.ts';
import { send } from './bench/loads.ts';
import { measure, start } from './bench/process.ts';
import { median } from './bench/result.ts';
import { LOAD, SERVER } from './bench/sampling.ts';
import { freePort, root, type Started, smtpe, startSink, work } from './bench/servers.ts';

const COUNT = 3000;
const ROUNDS = 5;
const load = { size: 10_240, kept: false, sessions: 20, sender: 'a@example.net', recipient: 'b@example.com' };

mkdirSync(work, { recursive: true });
const directory = mkdtempSync(join(tmpdir(), 'smtpe-scale-'));
const port = await freePort();
const redis = await start(
  LOAD,
  ['redis-server', '--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', directory],
  /Ready to accept/,
);
const sink = await startSink(LOAD);
const policy = join(directory, 'cluster.lua');
writeFileSync(
  policy,
  readFileSync(join(root, 'etc/examples/cluster/cluster.lua'), 'utf8')
    .replace('DELAY = 300', 'DELAY = 1')
    .replace('LIMIT, BURST = 600, 100', 'LIMIT, BURST = 1e9, 1e9'),
);

/** Commands that Redis has carried out so far. */
function commands(): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(port, '127.0.0.1', () => socket.write('INFO stats\r\n'));
    let text = '';
    socket.on('error', reject);
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const found = /total_commands_processed:(\d+)\r\n/.exec(text);
      if (found === null) return;
      socket.destroy();
      resolve(Number(found[1]));
    });
  });
}

/** Costs of a message while these machines share the load. */
async function costs(machines: readonly Started[]): Promise<Costs> {
  const found: Costs[] = [];
  const spent = (): number => machines.reduce((sum, { running }) => sum + measure(running.pid).cpu, 0);
  for (let round = 0; round < ROUNDS; round++) {
    const before = [spent(), measure(redis.pid).cpu, await commands()] as const;
    const each = COUNT / machines.length;
    await Promise.all(machines.map((machine) => send(LOAD, load, machine.port, each)));
    const ms = (from: number, to: number): number => ((to - from) * 1000) / COUNT;
    found.push({
      smtpe: ms(before[0], spent()),
      redis: ms(before[1], measure(redis.pid).cpu),
      commands: ((await commands()) - before[2]) / COUNT,
      octets: load.size,
    });
  }
  const of = (pick: (one: Costs) => number): number => median(found.map(pick));
  return {
    smtpe: of((one) => one.smtpe),
    redis: of((one) => one.redis),
    commands: of((one) => one.commands),
    octets: load.size,
  };
}

const count = (value: number): string => Math.round(value).toLocaleString('en');
const machines: Started[] = [];
try {
  const options = [`store=redis://127.0.0.1:${port}/0`, 'store-timeout=5000'];
  for (let i = 0; i < 2; i++)
    machines.push(
      await smtpe({ policy, options, log: true }).start({
        cpus: SERVER,
        node: process.execPath,
        sink: sink.port,
      }),
    );
  for (const { port: one } of machines) {
    // The first of all is told to come back, and is known from then on.
    await send(LOAD, load, one, 1).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 2500));
    await send(LOAD, load, one, COUNT);
  }
  const alone = await costs(machines.slice(0, 1));
  const both = await costs(machines);
  const line = (name: string, { smtpe: cpu, redis: store, commands: asked }: Costs): void =>
    console.log(
      `${name}: smtpe ${cpu.toFixed(3)} ms, Redis ${store.toFixed(3)} ms and ${asked.toFixed(1)} commands a message`,
    );
  line('one machine', alone);
  line('two machines over one Redis, expected', alone);
  line('two machines over one Redis, measured', both);
  console.log(
    `measured / expected: smtpe ${(both.smtpe / alone.smtpe).toFixed(2)}, Redis ${(both.redis / alone.redis).toFixed(2)}\n`,
  );
  console.log('| site | messages/s | messages a day | first limit | processors | Redis | network |');
  console.log('| --- | ---: | ---: | --- | ---: | ---: | ---: |');
  for (const [name, site] of [
    ['one core', { machines: 1, cores: 1, network: 1e9 }],
    ['one machine of 2 cores', { machines: 1, cores: 2, network: 1e9 }],
    ['one machine of 8 cores', { machines: 1, cores: 8, network: 1e9 }],
    ['ten machines of 2 cores', { machines: 10, cores: 2, network: 1e9 }],
    ['ten machines of 8 cores', { machines: 10, cores: 8, network: 1e9 }],
  ] as const) {
    const { perSecond, perDay, first, limits } = capacity(both, site);
    const cells = [name, count(perSecond), count(perDay), first];
    console.log(
      `| ${[...cells, count(limits.processors), count(limits.Redis), count(limits.network)].join(' | ')} |`,
    );
  }
} finally {
  for (const { running } of machines) await running.stop();
  await Promise.all([redis.stop(), sink.running.stop()]);
  rmSync(directory, { recursive: true, force: true });
}
