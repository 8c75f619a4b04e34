// `npx tsx spec/load/shadow-live.ts [ROUNDS [MESSAGES]]`, after `npm run build`: what a shadow of all sessions and record=refused (while nothing is
// refused) cost the process that serves, as it is run: the program with the default log, 10 KB with one signature, 20 kept connections, with six hooks that
// do nothing and with the full filter of the benchmark. Processor time of that process alone, in turn with one that does neither; a second one that does neither tells
// how far apart the same thing is told. smtpe is pinned to processor 0, what sends and the shadow to processor 1. In one process and for six empty hooks: shadow-cost.mjs.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fullFile, signedFile } from './bench/cases.ts';
import { send } from './bench/loads.ts';
import { startNameServer } from './bench/name-server.ts';
import { itself, offspring } from './bench/process.ts';
import { median } from './bench/result.ts';
import { LOAD, SERVER } from './bench/sampling.ts';
import { root, smtpe, work } from './bench/servers.ts';
import { writeSignedMessages } from './bench/signed-message.ts';

const [rounds = 9, messages = 600] = process.argv.slice(2).map(Number);
const WARM = 4000;
const load = { size: 10_240, kept: true, sessions: 20, file: fullFile };
const policies = ['six.lua', 'full-filter.lua'];

mkdirSync(work, { recursive: true });
const directory = mkdtempSync(join(tmpdir(), 'smtpe-shadow-'));
const names = await startNameServer(LOAD, await writeSignedMessages(signedFile, fullFile));
const ways = (script: string): Readonly<Record<string, readonly string[]>> => ({
  neither: [],
  'neither, once more': [],
  'a shadow of all sessions': [`shadow-script=${script}`],
  'record=refused': [`record-dir=${directory}`, 'record=refused'],
});
for (const policy of policies) {
  const script = join(root, 'spec/load/policies', policy);
  const servers = [];
  for (const [name, more] of Object.entries(ways(script))) {
    const options = [`dns-servers=127.0.0.1:${names.port}`, ...more];
    const { running, port } = await smtpe({ policy, log: true, options }).start({
      ...{ cpus: SERVER, node: 'node', sink: undefined },
    });
    for (const pid of offspring(running.pid)) execFileSync('taskset', ['-a', '-p', '-c', LOAD, String(pid)]);
    servers.push({ name, port, running, costs: [] as number[] });
  }
  for (const { port } of servers) await send(LOAD, load, port, WARM);
  for (let round = 0; round < rounds; round++)
    for (const { costs, port, running } of round % 2 === 0 ? servers : servers.toReversed()) {
      const before = itself(running.pid);
      await send(LOAD, load, port, messages);
      costs.push(((itself(running.pid) - before) * 1e6) / messages);
    }
  const [first] = servers;
  for (const { costs, name } of servers) {
    const ratio = median(costs.map((cost, at) => cost / (first?.costs[at] ?? Number.NaN)));
    console.log(
      `${policy}, ${name}: ${median(costs).toFixed(0)} us a message; beside neither ${ratio.toFixed(3)}`,
    );
  }
  for (const { running } of servers) await running.stop();
}
await names.running.stop();
rmSync(directory, { recursive: true, force: true });
