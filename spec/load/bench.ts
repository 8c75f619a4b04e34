// `npm run bench [targets|write|GROUPS] [node=PATH]`: smtpe beside its peers in one run. The results are kept in spec/load/bench/results, a file for each
// version of Node, and doc/benchmarks.md is written from them, as is the table of targets in doc/performance.md.
//   (nothing)   all cases and figures, some 20 minutes
//   targets     what targets need, some 8 minutes
//   write       nothing is measured, the pages are written
//   figures     starts, first messages, idle connections, workers; shown, not kept
//   ab, d ...   these groups, the first letters of the page's headings; shown and written to var/bench, not kept
//   only=TEXT   with groups: cases whose load has that text, such as "4 KB"
//   node=PATH   servers run with that node (a program) instead of the one that runs this
// Needs root, and Debian's packages postfix and redis-server; the servers of npm are installed into var/bench. Nothing listens but on loopback.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { testCertificate, testKey } from '../fakes/certificates.ts';
import { cases, fullFile, groups, largeFile, signedFile } from './bench/cases.ts';
import { idleConnections, manyMessages } from './bench/idle.ts';
import { largePolicyFrom } from './bench/large-policy.ts';
import { startNameServer } from './bench/name-server.ts';
import { launch } from './bench/process.ts';
import { digits, targetTable, writePages, writeTargets } from './bench/report.ts';
import {
  type CaseResult,
  type Figure,
  loadText,
  median,
  type Result,
  readResult,
  times,
  writeResult,
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
const isKept = some === undefined && !onlyFigures;
const whole = isKept && !words.includes('targets');
const settings: Settings = { node, rounds: 5, span: 0.6, withLatency: whole };
const results = join(root, 'spec/load/bench/results');
const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim().slice(1);

/** All that is kept, whole runs first. */
function kept(): readonly Result[] {
  return readdirSync(results)
    .flatMap((name) => readResult(join(results, name)) ?? [])
    .toSorted((one, other) => Number(other.whole) - Number(one.whole) || one.node.localeCompare(other.node));
}

/** Keeps it in place of the one before of the same version, a whole run in place of what targets need too. */
function keep(result: Result): void {
  const name = `node-${version.split('.')[0]}`;
  if (result.whole) rmSync(join(results, `${name}-targets.json`), { force: true });
  writeResult(join(results, `${name}${result.whole ? '' : '-targets'}.json`), result);
}

function writeDocuments(): void {
  const all = kept();
  writePages(join(root, 'doc'), all);
  writeTargets(join(root, 'doc/performance.md'), all);
  console.log(`doc/benchmarks.md and doc/performance.md written from ${all.length} runs`);
}

function show({ group, load, servers }: CaseResult): void {
  const [base] = Object.values(servers);
  const shown = Object.entries(servers).map(([name, one]) => {
    const beside = base === undefined ? '' : ` (${times(one, base).toFixed(2)}×)`;
    return `${name} ${digits(median(one.cpu))} ms${beside} ${(median(one.busy) * 100).toFixed(0)} % busy`;
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

async function figures(): Promise<Record<string, Figure>> {
  const found: Record<string, Figure> = {};
  const add = async (what: string, work: () => Promise<Record<string, Figure>>): Promise<void> => {
    Object.assign(found, await tried(what, work));
  };
  await add('starts', () => starts(settings, whole));
  await add('first messages', () => firstMessages(settings, whole));
  await add('idle connections', () => idleConnections(settings, whole));
  if (whole) await add('many messages', () => manyMessages(settings, 200_000));
  await add('workers', () => workers(settings));
  return found;
}

async function measured(): Promise<Result> {
  const began = performance.now();
  const places = await prepared();
  try {
    const found: CaseResult[] = [];
    const wanted = cases(places).filter(({ group, aimed, load }) =>
      some === undefined
        ? !onlyFigures && (whole || aimed)
        : some.includes(group) && (onlyLoad === undefined || loadText(load).includes(onlyLoad)),
    );
    for (const test of wanted) {
      const one = await tried(`(${test.group}) ${loadText(test.load)}`, () => measureCase(test, settings));
      if (one === undefined) continue;
      found.push(one);
      show(one);
    }
    const [processor] = cpus();
    return {
      measured: new Date().toISOString(),
      node: version,
      machine: `${cpus().length} processors (${processor?.model.trim() ?? 'unknown'}), ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Linux ${release()}`,
      whole,
      rounds: settings.rounds,
      cases: found,
      figures: some === undefined ? await figures() : {},
      minutes: (performance.now() - began) / 60_000,
    };
  } finally {
    await places.stop();
  }
}

mkdirSync(results, { recursive: true });
if (words.includes('write')) {
  writeDocuments();
} else {
  const result = await measured();
  console.log(`\n${targetTable([result])}\n`);
  for (const [name, { unit, trials }] of Object.entries(result.figures))
    console.log(`${name}: ${digits(median(trials))} ${unit} (${trials.map(digits).join(', ')})`);
  if (isKept) {
    keep(result);
    writeDocuments();
  } else {
    writePages(work, [result]);
  }
  console.log(`${result.minutes.toFixed(1)} minutes`);
}
