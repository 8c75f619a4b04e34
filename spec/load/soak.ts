// `npm run soak` (SOAK_MINUTES=15): the built daemon with everything on (TLS, the log, a store, sender checks) under mixed mail, faults on both sides and
// reloads, for a quarter of an hour. Says every ten seconds how it is, and at the end whether a message was lost, doubled or changed and whether
// anything was left behind; exit code 1 if so. Loopback only; keeps to about 60 % of one processor. Writes doc/soak.md when it ran 10 minutes, else
// var/soak.md. SOAK_BESIDE_OTHERS=yes: on a machine that does other things; few sessions, longer time limits, no hostile clients and policies, and how long
// replies take is told, not judged.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { root, startDaemon } from '../fakes/daemon.ts';
import { Seeded } from '../fakes/seeded.ts';
import { mxEc, mxRsa, type TestCertificate } from '../fakes/tls-certificates.ts';
import { startNameServer } from './bench/name-server.ts';
import { chaosMark } from './chaos/report.ts';
import { session, type World } from './soak/clients.ts';
import { Ledger } from './soak/ledger.ts';
import { SoakHop } from './soak/next-hop.ts';
import { brokenPolicy, soakPolicy } from './soak/policy.ts';
import { type Latency, type Line, report } from './soak/report.ts';
import { zone } from './soak/sender.ts';
import { family, median } from './soak/watch.ts';
import { BALANCER } from './soak/ways.ts';

const minutes = Number(process.env.SOAK_MINUTES ?? 15);
if (!(minutes > 0 && minutes <= 24 * 60)) throw new Error('SOAK_MINUTES must be a number of minutes above 0');
const seed = Number(process.env.SOAK_SEED ?? Date.now() % 1_000_000);
const isBeside = process.env.SOAK_BESIDE_OTHERS === 'yes';
const SHARE = isBeside ? 0.25 : 0.6;
/** Milliseconds between messages at the least, and sessions at once: the middle, and how far up and down. */
const LEAST_GAP = isBeside ? 40 : 2;
const [SESSIONS, SWING] = isBeside ? [8, 4] : [35, 15];
/** Time limits of the daemon are so many times as long. */
const PATIENCE = isBeside ? 3 : 1;
const WORKERS = 2;
/** What an open store (lmdb) has. */
const STORE_DESCRIPTORS = 4;
/** MiB, of each worker. */
const LUA_MEMORY = 256;

const random = new Seeded(seed);
const ledger = new Ledger(random);
const hops = [new SoakHop(ledger, random), new SoakHop(ledger, random)];
for (const hop of hops) await hop.listen();
const names = await startNameServer('0-1', zone);
const certificates = await mkdtemp(join(tmpdir(), 'smtpe-soak-'));
/** Puts a certificate in the place of the one before, as certbot does. */
async function putCertificate({ certificate, key }: TestCertificate): Promise<void> {
  for (const [name, text] of [
    ['chain.pem', certificate],
    ['key.pem', key],
  ] as const) {
    await writeFile(join(certificates, `${name}.new`), text, { mode: 0o600 });
    await rename(join(certificates, `${name}.new`), join(certificates, name));
  }
}
await putCertificate(mxEc);
const options = [
  'smtp-server-address=',
  'smtp-server-port=25',
  'smtp-listen=mx=127.0.0.1:0 submissions=127.0.0.1:0/tls',
  `smtp-tls=${join(certificates, 'chain.pem')},${join(certificates, 'key.pem')}`,
  `smtp-proxy-hosts=${BALANCER}`,
  `workers=${WORKERS}`,
  `lua-max-memory=${LUA_MEMORY}`,
  'limit-client-connections=0',
  'hook-cpu-limit=1500',
  `smtp-command-timeout=${20 * PATIENCE}`,
  `smtp-accept-timeout=${5 * PATIENCE}`,
  `smtp-dot-timeout=${6 * PATIENCE}`,
  'smtp-forward-idle=3',
  'spool-memory=65536',
  'shutdown-timeout=10',
  `dns-servers=127.0.0.1:${names.port}`,
  `store=lmdb:${join(certificates, 'store')}`,
  `smtp-smart-host=${hops.map((hop) => `127.0.0.1:${hop.port}`).join(' ')}`,
];
const daemon = await startDaemon(soakPolicy(0), options);
const [, secret] = /listening on [^ ]+:\d+, [^ ]+:(\d+)/.exec(await daemon.line(/listening on/)) ?? [];
if (secret === undefined) throw new Error('it listens at one place only');
const logged = (pattern: RegExp): number => daemon.lines.filter((line) => pattern.test(line)).length;
const counts = new Map<string, number>();
const count = (what: string): void => void counts.set(what, (counts.get(what) ?? 0) + 1);
while (daemon.lines.filter((line) => line.includes('accepting connections')).length < WORKERS) await wait(50);
await wait(1500);
const atStart = family(daemon.pid);
const began = performance.now();
const over = (): boolean => performance.now() - began >= minutes * 60_000;

// One message after the other may start; the distance follows from the processor time that all of us together have used.
let gap = 20;
let next = performance.now();
async function turn(): Promise<boolean> {
  if (over()) return false;
  const now = performance.now();
  next = Math.max(next, now) + gap * (0.5 + random.below(1000) / 1000);
  await wait(next - now);
  return !over();
}
function used(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6 + family(daemon.pid).reduce((sum, one) => sum + one.cpu, 0);
}
const firstUsed = used();
async function pace(): Promise<void> {
  let before = used();
  let then = performance.now();
  while (!over()) {
    await wait(1000);
    const [after, now] = [used(), performance.now()];
    const share = ((after - before) * 1000) / (now - then);
    gap = Math.min(500, Math.max(LEAST_GAP, gap * (share > SHARE ? 1.12 : 0.93)));
    [before, then] = [after, now];
  }
}

// Beside the good clients, in processes of their own: hostile ones, in the second half with hostile policies too, and one that measures.
const beside = (name: string): ChildProcess =>
  fork(join(root, 'spec/load/soak', name), [String(daemon.port)], { execArgv: [] });
const probe = beside('probe.mjs');
const hostile = isBeside ? undefined : beside('hostile.mjs');
const HOSTILE_CLIENTS = 'hostile clients';
const HOSTILE_POLICIES = 'hostile clients and policies';
async function phases(): Promise<void> {
  await wait(3000);
  if (isBeside) {
    probe.send('phase good clients only');
    while (!over()) await wait(100);
    return;
  }
  probe.send(`phase ${HOSTILE_CLIENTS}`);
  const half = (minutes * 60_000) / 2;
  while (!over() && performance.now() - began < half) await wait(100);
  hostile?.send('policies');
  probe.send(`phase ${HOSTILE_POLICIES}`);
  while (!over()) await wait(100);
}
/** Ends it; what it has to say. */
async function toldBy<T>(child: ChildProcess): Promise<T> {
  const told = once(child, 'message');
  child.send('end');
  const [message] = await told;
  return message as T;
}

let revision = 0;
const reloads = { ordered: 0, good: 0, broken: 0, brokenCertificates: 0 };
async function reload(): Promise<void> {
  const file = join(daemon.directory, 'policy.lua');
  while (!over()) {
    await wait(3000);
    // A reload takes as long as the machine lets it; a client is to see the one before the last at the least.
    while (isBeside && !over() && logged(/policy reloaded/) < WORKERS * reloads.good) await wait(100);
    if (over()) return;
    const turn = reloads.ordered++ % 6;
    // A certificate that is none: neither it nor the policy beside it is taken.
    const brokenCertificate = turn === 4;
    const broken = turn === 1;
    await writeFile(`${file}.new`, broken ? brokenPolicy : soakPolicy(revision + 1));
    await rename(`${file}.new`, file);
    const next = turn === 3 ? mxRsa : mxEc;
    await putCertificate(brokenCertificate ? { ...next, certificate: 'none' } : next);
    daemon.signal('SIGHUP');
    if (broken) reloads.broken++;
    else if (brokenCertificate) reloads.brokenCertificates++;
    else {
      reloads.good++;
      revision++;
    }
  }
}

async function outages(): Promise<void> {
  while (!over()) {
    await wait(20_000 + random.below(20_000));
    const hop = hops[random.below(hops.length)];
    await hop?.disappear();
    await wait(500 + random.below(2000));
    await hop?.listen();
  }
}

const world: World = {
  ports: { clear: daemon.port, secret: Number(secret) },
  ledger,
  random,
  turn,
  revision: () => revision,
  count,
};
let sessions = 0;
async function clients(): Promise<void> {
  const running = new Set<Promise<void>>();
  while (!over()) {
    // Up and down every two minutes.
    const wanted = Math.round(SESSIONS + SWING * Math.sin((performance.now() - began) / 19_000));
    while (running.size < wanted) {
      sessions++;
      const one: Promise<void> = session(world)
        .catch((error: unknown) => ledger.complain(`client: ${String(error)}`))
        .finally(() => running.delete(one));
      running.add(one);
    }
    await wait(20);
  }
  await Promise.all(running);
}

const lines: Line[] = [];
async function observe(): Promise<void> {
  let before = 0;
  while (!over()) {
    await wait(10_000);
    const processes = family(daemon.pid);
    const line: Line = {
      seconds: Math.round((performance.now() - began) / 1000),
      rate: (ledger.arrived - before) / 10,
      processes,
    };
    before = ledger.arrived;
    lines.push(line);
    const each = processes.map((one) => `${one.pid}: ${one.resident.toFixed(0)} MiB ${one.descriptors} fd`);
    const sockets = processes.reduce((sum, one) => sum + one.sockets, 0);
    console.log(
      `${line.seconds} s  ${line.rate.toFixed(1)} messages/s  ${each.join('  ')}  ${sockets} sockets  ` +
        `gap ${gap.toFixed(0)} ms  wrong ${ledger.wrongs}`,
    );
  }
}

console.log(`daemon ${daemon.pid}, ${minutes} minutes, seed ${seed}`);
await Promise.all([clients(), pace(), reload(), outages(), observe(), phases()]);
const latency = await toldBy<Readonly<Record<string, Latency>>>(probe);
const hostility = hostile && (await toldBy<Readonly<Record<string, number>>>(hostile));
// The replies that a good client gets beside them. Milliseconds.
for (const [phase, bound] of [
  [HOSTILE_CLIENTS, 50],
  [HOSTILE_POLICIES, 150],
] as const) {
  const { p99 = Number.NaN } = latency[phase] ?? {};
  if (!isBeside && !(p99 <= bound))
    ledger.complain(`${phase}: p99 of a good client ${p99.toFixed(1)} ms, more than ${bound}`);
}
const seconds = (performance.now() - began) / 1000;
const share = (used() - firstUsed) / seconds;

// What was opened for the load must go by itself: idle connections to next hops after 3 s. The store stays: the first worker opens it at its start,
// the others at their first call.
await wait(8000);
const few = (): boolean =>
  family(daemon.pid).every(
    (one) =>
      one.descriptors <=
      (atStart.find(({ pid }) => pid === one.pid)?.descriptors ?? 0) + 3 + STORE_DESCRIPTORS,
  );
for (let i = 0; i < 60 && !few(); i++) await wait(1000);
const atEnd = family(daemon.pid);
if (!few()) ledger.complain('descriptors are left open');
const left = (): readonly string[] => readdirSync(daemon.spool, { recursive: true }).map(String);
if (left().length > 0) ledger.complain(`left in the spool before the end: ${left().slice(0, 5).join(' ')}`);
const pids = (list: readonly { readonly pid: number }[]): string => list.map((one) => one.pid).join(' ');
if (pids(atStart) !== pids(atEnd))
  ledger.complain(`processes were replaced: ${pids(atStart)}, now ${pids(atEnd)}`);

daemon.signal('SIGTERM');
const code = await daemon.ended;
if (code !== 0) ledger.complain(`exit ${code}`);
if (left().length > 0) ledger.complain(`left in the spool: ${left().slice(0, 5).join(' ')}`);
const log = {
  reloaded: logged(/policy reloaded/),
  refused: logged(/policy not reloaded/),
  refusedCertificates: logged(/ not reloaded, the old options/),
  lines: daemon.lines.length,
};
for (const line of daemon.lines.filter((one) =>
  /(?:^|\s)(?:emerg|alert|crit)\b|worker ended|worker killed/.test(one),
))
  ledger.complain(`log: ${line.slice(0, 300)}`);
const asked =
  /policy not reloaded|not reloaded, the old options|\(local 'nothing'\)|processor time|hook\.\w+: .*(?:stopped|memory|too long|limit)/;
for (const line of daemon.lines.filter((one) => / err /.test(one) && !asked.test(one)))
  ledger.complain(`an error that was not asked for: ${line.slice(0, 400)}`);
await mkdir(join(root, 'var'), { recursive: true });
await writeFile(join(root, 'var/soak.log'), `${daemon.lines.join('\n')}\n`);
await daemon.stop();
await rm(certificates, { recursive: true, force: true });
for (const hop of hops) await hop.disappear();
await names.running.stop();

// Each worker takes a good one, one of them refuses a broken one; two reloads may be under way at the end.
if (log.reloaded < WORKERS * (reloads.good - 2))
  ledger.complain(`${reloads.good} good reloads ordered, the workers did ${log.reloaded}`);
if (log.refused < reloads.broken - 2)
  ledger.complain(`${reloads.broken} broken reloads ordered, refused ${log.refused}`);
if (log.refusedCertificates < reloads.brokenCertificates - 1)
  ledger.complain(
    `${reloads.brokenCertificates} broken certificates ordered, refused ${log.refusedCertificates}`,
  );
for (const kind of ['ecdsa', 'rsa'])
  if (minutes >= 1 && !counts.has(`${kind} certificate`))
    ledger.complain(`nobody has met the ${kind} certificate`);
// A run in which nothing passed proves nothing.
if (ledger.arrived < ledger.sent.length / 2 || ledger.arrived < minutes * 60)
  ledger.complain(`only ${ledger.arrived} of ${ledger.sent.length} messages arrived`);
if (ledger.signed === 0 || ledger.signed === ledger.numbers.size)
  ledger.complain(`of ${ledger.numbers.size} messages ${ledger.signed} had a signature`);
if (ledger.revisions.size < reloads.good / 2) ledger.complain(`only ${ledger.revisions.size} policies seen`);
ledger.close();
const total = (line: Line): number => line.processes.reduce((sum, one) => sum + one.resident, 0);
// Each half of the run by itself. In the second, a worker's Lua memory grows once, whenever a policy that hoards comes its way, to what it is
// allowed, and keeps that (WebAssembly memory never shrinks): it has grown for another reason when it has more than that.
const growth = [lines.slice(0, lines.length / 2), lines.slice(lines.length / 2)].map((half) => {
  const third = Math.floor(half.length / 3);
  return {
    middle: median(half.slice(third, 2 * third).map(total)),
    last: median(half.slice(-third).map(total)),
  };
});
const hoarded = (growth[0]?.last ?? 0) + WORKERS * LUA_MEMORY * 1.15;
// Below ten minutes the middle third is still warming up.
for (const [half, { middle, last }] of minutes >= 10 ? growth.entries() : [])
  if (last > middle * 1.15 && (half === 0 || last > hoarded))
    ledger.complain(
      `memory grows: ${middle.toFixed(0)} MiB in the middle third of a half, ${last.toFixed(0)} in the last`,
    );

const text = report({
  ...{ minutes: seconds / 60, seed, share, sessions, lines, atStart, atEnd, growth, code },
  ...{
    ledger,
    counts,
    hops,
    reloads,
    log,
    latency,
    hostility,
    options: options.filter((one) => !/127\.0\.0\.1|smtp-tls=|store=|smtp-server-/.test(one)),
    ...{ isBeside, atOnce: [SESSIONS - SWING, SESSIONS + SWING] as const },
  },
});
const path = join(root, minutes >= 10 ? 'doc/soak.md' : 'var/soak.md');
// What follows the mark is of another run.
const [, ...chaos] = (await readFile(path, 'utf8').catch(() => '')).split(chaosMark);
await writeFile(path, chaos.length === 0 ? text : `${text}\n${chaosMark}${chaos.join(chaosMark)}`);
console.log(`\n${text}\n${path} written`);
console.log(ledger.wrongs === 0 ? 'PASS' : `FAIL: ${ledger.wrongs} complaints`);
process.exit(ledger.wrongs === 0 ? 0 : 1);
