// `npm run bench [targets|write|figures|GROUPS] [continue] [keep] [only=TEXT] [node=PATH]`: smtpe beside its peers. The results are kept in
// spec/load/bench/results, a file for each version of Node, to which each case goes when it is done; doc/benchmarks.md and the table of targets in
// doc/performance.md are written from them, with a column for each Node.
//   (nothing)   all cases and figures, some 45 minutes
//   targets     what targets need, some 20 minutes
//   write       nothing is measured, the pages are written
//   figures     starts, first messages, idle connections, workers; shown, not kept
//   ab, d ...   these groups, the first letters of the page's headings; shown and written to var/bench, not kept
//   keep        with groups or figures: they are kept, in place of those that were
//   continue    goes on with a run of all or of targets that was broken off: what it has done is not measured again
//   only=TEXT   with groups: cases whose load has that text, such as "4 KB"
//   node=PATH   servers run with that node (a program) instead of the one that runs this
// SIGINT and SIGTERM end it behind the case that is being measured; what was done is kept, and the pages are written.
// Needs root, and Debian's packages postfix and redis-server; the servers of npm are installed into var/bench. Nothing listens but on loopback.
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { testCertificate, testKey } from '../fakes/certificates.ts';
import { type Case, cases, fullFile, groups, largeFile, signedFile } from './bench/cases.ts';
import { idleConnections, manyMessages } from './bench/idle.ts';
import {
  fileOf,
  goOn,
  hasFigures,
  isDone,
  keep,
  kept,
  orderOf,
  withCase,
  withFigures,
} from './bench/keeping.ts';
import { largePolicyFrom } from './bench/large-policy.ts';
import { startNameServer } from './bench/name-server.ts';
import { launch } from './bench/process.ts';
import { digits, targetTable, writePages, writeTargets } from './bench/report.ts';
import {
  type CaseResult,
  type Figures,
  loadText,
  median,
  type Result,
  readResult,
  times,
} from './bench/result.ts';
import { LOAD, measureCase, type Settings } from './bench/sampling.ts';
import { certificate, freePort, key, root, work } from './bench/servers.ts';
import { writeSignedMessages } from './bench/signed-message.ts';
import { firstMessages, starts } from './bench/starts.ts';
import { workers } from './bench/workers.ts';

const words = process.argv.slice(2);
const option = (name: string): string | undefined =>
  words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
const node = option('node') ?? process.execPath;
const onlyLoad = option('only');
const some = words.find((word) => [...word].every((letter) => letter in groups));
const onlyFigures = words.includes('figures');
const isRun = some === undefined && !onlyFigures;
const isKept = isRun || words.includes('keep');
const whole = isRun && !words.includes('targets');
const settings: Settings = { node, rounds: 5, span: 0.6, withLatency: whole };
const results = join(root, 'spec/load/bench/results');
const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim().slice(1);

let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    interrupted = true;
    console.error('it ends behind what is being measured; a second signal ends it at once');
  });

function writeDocuments(): void {
  const all = kept(results);
  writePages(join(root, 'doc'), all);
  writeTargets(join(root, 'doc/performance.md'), all);
  console.log(`doc/benchmarks.md and doc/performance.md written for ${all.length} versions of Node`);
}

function show({ group, load, servers }: CaseResult): void {
  const [base] = Object.values(servers);
  const shown = Object.entries(servers).map(([name, one]) => {
    const beside = base === undefined ? '' : ` (${times(one, base).toFixed(2)}×)`;
    const { messages = 0, seconds = 0, settled = false } = one.warmUp ?? {};
    const warmth = `warm ${settled ? '' : 'NOT SETTLED '}after ${messages} in ${seconds.toFixed(0)} s`;
    return `${name} ${digits(median(one.cpu))} ms${beside} ${(median(one.busy) * 100).toFixed(0)} % busy, ${warmth}`;
  });
  console.log(`(${group}) ${loadText(load)}: ${shown.join(' | ')}`);
}

/** What all cases need: messages, a certificate, a policy, a name server, a Redis. */
async function prepared(): Promise<{ readonly dns: number; readonly redis: number; stop(): Promise<void> }> {
  mkdirSync(work, { recursive: true });
  rmSync(join(work, 'store'), { recursive: true, force: true });
  writeFileSync(certificate, testCertificate);
  writeFileSync(key, testKey, { mode: 0o600 });
  writeFileSync(largeFile, largePolicyFrom(join(root, 'spec/load/policies/six.lua')));
  const nameServer = await startNameServer(LOAD, await writeSignedMessages(signedFile, fullFile));
  const redis = await freePort();
  const store = launch(
    LOAD,
    ['redis-server', '--port', String(redis), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
    work,
  );
  return {
    dns: nameServer.port,
    redis,
    stop: async () => {
      await nameServer.running.stop();
      await store.stop();
    },
  };
}

/** What fails is told and is missing from the page, its targets are “not measured”: the rest of a long run is kept. */
async function tried<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    console.error(`${what} could not be measured:`, error);
    process.exitCode = 1;
    return undefined;
  }
}

/** What the figures of each kind begin with, and what finds them. */
const figureKinds: readonly (readonly [name: string, find: () => Promise<Figures>])[] = [
  ['start, ', () => starts(settings, whole)],
  ['first 1,000', () => firstMessages(settings, whole)],
  ['idle connection', () => idleConnections(settings, whole)],
  ...(whole ? ([['memory over', () => manyMessages(settings, 200_000)]] as const) : []),
  ['two workers', () => workers(settings)],
];

function wanted(all: readonly Case[]): readonly Case[] {
  return all.filter(({ group, aimed, load }) =>
    some === undefined
      ? !onlyFigures && (whole || aimed)
      : some.includes(group) && (onlyLoad === undefined || loadText(load).includes(onlyLoad)),
  );
}

/** What a run goes on from: what is kept for this Node on this machine. */
function begin(): Result {
  const old = isKept ? readResult(fileOf(results, version)) : undefined;
  const [processor] = cpus();
  const isNew = isRun && !words.includes('continue');
  return goOn(old, {
    began: isNew || old === undefined ? new Date().toISOString() : old.began,
    node: version,
    machine: `${cpus().length} processors (${processor?.model.trim() ?? 'unknown'}), ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Linux ${release()}`,
    rounds: settings.rounds,
  });
}

async function measured(): Promise<Result> {
  const places = await prepared();
  try {
    const all = cases(places);
    const order = orderOf(all);
    let result = begin();
    const note = (changed: Result): void => {
      result = changed;
      if (isKept) keep(results, result);
    };
    for (const test of wanted(all)) {
      if (interrupted || (isRun && isDone(result, test))) continue;
      const one = await tried(`(${test.group}) ${loadText(test.load)}`, () => measureCase(test, settings));
      if (one !== undefined) show(one);
      if (one !== undefined || !interrupted) note(withCase(result, test, one, order));
    }
    for (const [name, find] of some === undefined ? figureKinds : []) {
      if (interrupted || (isRun && hasFigures(result, name))) continue;
      const found = await tried(name, find);
      if (found !== undefined) note(withFigures(result, found));
    }
    return result;
  } finally {
    await places.stop();
  }
}

mkdirSync(results, { recursive: true });
if (words.includes('write')) {
  writeDocuments();
} else {
  const start = performance.now();
  const result = await measured();
  console.log(`\n${targetTable([result])}\n`);
  for (const [name, { unit, trials }] of Object.entries(result.figures))
    console.log(`${name}: ${digits(median(trials))} ${unit} (${trials.map(digits).join(', ')})`);
  if (isKept) writeDocuments();
  else writePages(work, [result]);
  console.log(`${((performance.now() - start) / 60_000).toFixed(1)} minutes`);
}
