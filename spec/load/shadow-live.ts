// `npx tsx spec/load/shadow-live.ts [ROUNDS [SECONDS [POLICY...]]]`, after `npm run build`: what a shadow, one that is shown all sessions however busy the
// process is, and record=refused (while nothing is refused) cost the process that serves, as it is run: the program with the default log and metrics, 10 KB
// with one signature, two times 10 kept connections of 30 messages each, one after the other, with six hooks that do nothing and with the full filter of
// the benchmark. Processor time of that process alone, in turn with two that do neither, beside whose mean it is told; these two tell how far apart the
// same thing is told. The load has been on for a second when it counts. Told, too: sessions that were judged, and skipped. smtpe is pinned to processor 0,
// what sends and the shadow to processor 1. In one process and for six empty hooks: shadow-cost.mjs.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fullFile, signedFile } from './bench/cases.ts';
import { send } from './bench/loads.ts';
import { startNameServer } from './bench/name-server.ts';
import { itself, offspring } from './bench/process.ts';
import { median } from './bench/result.ts';
import { LOAD, SERVER } from './bench/sampling.ts';
import { freePort, root, smtpe, work } from './bench/servers.ts';
import { writeSignedMessages } from './bench/signed-message.ts';

const [rounds = 7, seconds = 2] = process.argv.slice(2, 4).map(Number);
const given = process.argv.slice(4);
const policies = given.length > 0 ? given : ['six.lua', 'full-filter.lua'];
const WARM = 3;
const LEAD = 1;
/** Two of them, so that there is always one that sends while the other one begins again. */
const load = { size: 10_240, kept: true, sessions: 10, file: fullFile };
const MESSAGES = 300;

/** Of a server, so far. */
interface Count {
  readonly cpu: number;
  readonly messages: number;
  readonly judged: number;
  readonly skipped: number;
}

interface Server {
  readonly name: string;
  readonly port: number;
  readonly admin: number;
  readonly pid: number;
  readonly costs: number[];
  judged: number;
  skipped: number;
  stop(): Promise<void>;
}

async function count({ admin, pid }: Server): Promise<Count> {
  const cpu = itself(pid);
  const text = await (await fetch(`http://127.0.0.1:${admin}/metrics`)).text();
  const sum = (of: RegExp): number =>
    text
      .split('\n')
      .reduce((all, line) => all + (of.test(line) ? Number(line.slice(line.lastIndexOf(' '))) : 0), 0);
  return {
    cpu,
    messages: sum(/^smtpe_messages_total\b/),
    judged: sum(/^smtpe_shadow_sessions_total\{result="(?:same|differs|missing)"\}/),
    skipped: sum(/^smtpe_shadow_sessions_total\{result="skipped"\}/),
  };
}

/** A load without a pause for so long, the first second of it not counted. */
async function under(server: Server, counted: number): Promise<void> {
  let isOver = false;
  const pump = async (): Promise<void> => {
    while (!isOver) await send(LOAD, load, server.port, MESSAGES);
  };
  const pumps = [pump(), pump()];
  await pause(LEAD * 1000);
  const before = await count(server);
  await pause(counted * 1000);
  const after = await count(server);
  isOver = true;
  await Promise.all(pumps);
  server.costs.push(((after.cpu - before.cpu) * 1e6) / (after.messages - before.messages));
  server.judged += after.judged - before.judged;
  server.skipped += after.skipped - before.skipped;
}

mkdirSync(work, { recursive: true });
const directory = mkdtempSync(join(tmpdir(), 'smtpe-shadow-'));
const names = await startNameServer(LOAD, await writeSignedMessages(signedFile, fullFile));
const ways = (script: string): Readonly<Record<string, readonly string[]>> => ({
  neither: [],
  'neither, once more': [],
  'a shadow': [`shadow-script=${script}`],
  'a shadow of all sessions': [`shadow-script=${script}`, 'shadow-percent-busy=100'],
  'record=refused': [`record-dir=${directory}`, 'record=refused'],
});

async function startAll(policy: string): Promise<readonly Server[]> {
  const servers: Server[] = [];
  for (const [name, more] of Object.entries(ways(join(root, 'spec/load/policies', policy)))) {
    const admin = await freePort();
    const options = [`dns-servers=127.0.0.1:${names.port}`, `admin-listen=127.0.0.1:${admin}`, ...more];
    const { running, port } = await smtpe({ policy, log: true, options }).start({
      ...{ cpus: SERVER, node: 'node', sink: undefined },
    });
    for (const pid of offspring(running.pid)) execFileSync('taskset', ['-a', '-p', '-c', LOAD, String(pid)]);
    const { pid } = running;
    servers.push({ name, port, admin, pid, costs: [], judged: 0, skipped: 0, stop: () => running.stop() });
  }
  return servers;
}

for (const policy of policies) {
  const servers = await startAll(policy);
  for (const server of servers) await under(server, WARM - LEAD);
  for (const server of servers) Object.assign(server, { judged: 0, skipped: 0 }).costs.length = 0;
  for (let round = 0; round < rounds; round++)
    for (const server of round % 2 === 0 ? servers : servers.toReversed()) await under(server, seconds);
  const [first, second] = servers;
  const alike = (at: number): number =>
    ((first?.costs[at] ?? Number.NaN) + (second?.costs[at] ?? Number.NaN)) / 2;
  for (const { costs, judged, name, skipped } of servers) {
    const ratio = median(costs.map((cost, at) => cost / alike(at)));
    const shown = judged + skipped > 0 ? `; ${judged} sessions judged, ${skipped} skipped` : '';
    console.log(
      `${policy}, ${name}: ${median(costs).toFixed(0)} us a message; beside neither ${ratio.toFixed(3)}${shown}`,
    );
  }
  for (const server of servers) await server.stop();
}
await names.running.stop();
rmSync(directory, { recursive: true, force: true });
