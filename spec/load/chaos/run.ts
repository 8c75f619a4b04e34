// One chaos run: a service with so many workers, clients that never rest, and one trouble after the other.
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Seeded } from '../../fakes/seeded.ts';
import { chaosClient, knock } from './clients.ts';
import { ChaosHop } from './hop.ts';
import { ChaosRecord, type Verdict } from './record.ts';
import { ChaosService } from './service.ts';
import { troubles } from './troubles.ts';

export interface ChaosSettings {
  readonly workers: number;
  readonly seconds: number;
  readonly seed: number;
  readonly clients: number;
  /** Told of each trouble. */
  readonly say: (text: string) => void;
}

export interface ChaosOutcome {
  readonly workers: number;
  readonly seconds: number;
  readonly verdict: Verdict;
  readonly made: ReadonlyMap<string, number>;
  readonly skipped: readonly string[];
  readonly counts: ReadonlyMap<string, number>;
  readonly complaints: readonly string[];
}

/** Each trouble once in the order of the seed, then again in another order, until the time is over. */
export async function runChaos(settings: ChaosSettings): Promise<ChaosOutcome> {
  const { workers, say } = settings;
  const random = new Seeded(settings.seed);
  const record = new ChaosRecord();
  const hop = new ChaosHop(record);
  await hop.listen();
  const directory = await mkdtemp(join(tmpdir(), 'smtpe-chaos-'));
  const service = new ChaosService(record, workers, directory, hop.port);
  const made = new Map<string, number>();
  const began = performance.now();
  const passed = (): number => (performance.now() - began) / 1000;
  let over = false;
  try {
    await service.start();
    const world = { record, over: () => over, lives: () => service.lives };
    const all = [
      ...Array.from({ length: settings.clients }, () => chaosClient({ ...world, port: service.port })),
      knock({ ...world, port: service.port }),
    ];
    let round: (typeof troubles)[number][] = [];
    while (passed() < settings.seconds) {
      if (round.length === 0) round = [...troubles];
      const [trouble] = round.splice(random.below(round.length), 1);
      if (trouble === undefined) break;
      if (await trouble.make(service)) {
        say(`${passed().toFixed(1)} s: ${trouble.name}`);
        made.set(trouble.name, (made.get(trouble.name) ?? 0) + 1);
      }
      await service.pids();
      await wait(300 + random.below(900));
    }
    over = true;
    await Promise.all(all);
    service.lives = false;
    await service.pids();
    const { code } = await service.current.program.stop();
    if (code !== 0) record.complain(`exit code ${code} at the end`);
    await service.nothingLeft();
    const patience = performance.now() + 5000;
    while (hop.connections > 0 && performance.now() < patience) await wait(20);
    if (hop.connections > 0) record.complain(`${hop.connections} connections to the next hop are left`);
  } finally {
    over = true;
    await service.remove();
    hop.close();
  }
  const verdict = record.verdict();
  return {
    ...{ workers, seconds: passed(), verdict, made, counts: record.counts },
    skipped: troubles.map((it) => it.name).filter((name) => !made.has(name)),
    complaints: record.complaints,
  };
}
