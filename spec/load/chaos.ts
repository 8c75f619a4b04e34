// `npm run chaos` (CHAOS_MINUTES=10, CHAOS_SEED=...): workers killed, stopped, replaced and reloaded under mail, half the time with two and
// half with four. Says what it does, and at the end whether a message was lost or doubled, the port was ever closed, or anything was left
// behind; exit code 1 if so. Loopback only. Writes its part of doc/soak.md when it ran 10 minutes, else var/chaos.md.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { root } from '../fakes/daemon.ts';
import { chaosMark, chaosReport } from './chaos/report.ts';
import { runChaos } from './chaos/run.ts';

const minutes = Number(process.env.CHAOS_MINUTES ?? 10);
if (!(minutes > 0 && minutes <= 24 * 60))
  throw new Error('CHAOS_MINUTES must be a number of minutes above 0');
const seed = Number(process.env.CHAOS_SEED ?? Date.now() % 1_000_000);

const outcomes = [];
for (const workers of [2, 4]) {
  console.log(`${workers} workers, seed ${seed}`);
  outcomes.push(
    await runChaos({
      workers,
      seconds: (minutes * 60) / 2,
      seed: seed + workers,
      clients: 8,
      say: console.log,
    }),
  );
}
const text = chaosReport(outcomes, seed);
const path = join(root, minutes >= 10 ? 'doc/soak.md' : 'var/chaos.md');
await mkdir(dirname(path), { recursive: true });
const before = minutes >= 10 ? (await readFile(path, 'utf8')).split(chaosMark)[0] : '';
await writeFile(path, `${before}${chaosMark}\n${text}`);
const complaints = outcomes.flatMap((outcome) => outcome.complaints);
for (const complaint of complaints) console.log(`COMPLAINT: ${complaint}`);
console.log(`\n${text}\n${path} written\n${complaints.length === 0 ? 'PASS' : 'FAIL'}`);
process.exit(complaints.length === 0 ? 0 : 1);
