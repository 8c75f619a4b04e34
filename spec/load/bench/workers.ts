// What two workers cost beside one, both processors shared with the load, in turn.
import { type Load, send } from './loads.ts';
import { measure } from './process.ts';
import type { Figure } from './result.ts';
import type { Settings } from './sampling.ts';
import { type Started, smtpe } from './servers.ts';

const BOTH = '0,1';

async function cost({ running, port }: Started, load: Load, count: number): Promise<number> {
  const before = measure(running.pid).cpu;
  await send(BOTH, load, port, count);
  return ((measure(running.pid).cpu - before) * 1000) / count;
}

/** `options`: of the server with two, such as how they share the port. */
async function beside(
  name: string,
  kept: boolean,
  { node, rounds }: Settings,
  options: readonly string[],
): Promise<Record<string, Figure>> {
  const started: Started[] = [];
  try {
    for (const more of [['workers=1'], ['workers=2', ...options]])
      started.push(
        await smtpe({ policy: 'six.lua', log: true, options: more }).start({
          cpus: BOTH,
          node,
          sink: undefined,
        }),
      );
    const [one, two] = started;
    if (one === undefined || two === undefined) return {};
    const load: Load = { size: 10_240, kept, sessions: 20 };
    const count = kept ? 12_000 : 6000;
    // Two have twice as much to compile before they are warm.
    await cost(one, load, count * 1.5);
    await cost(two, load, count * 3);
    const ones: number[] = [];
    const twos: number[] = [];
    for (let round = 0; round < rounds; round++) {
      if (round % 2 === 0) ones.push(await cost(one, load, count));
      twos.push(await cost(two, load, count));
      if (round % 2 === 1) ones.push(await cost(one, load, count));
    }
    return {
      [`one worker, ${name}`]: { unit: 'ms', trials: ones },
      [`two workers, ${name}`]: { unit: 'ms', trials: twos },
      [`two workers, ${name}, times one`]: {
        unit: 'times',
        trials: twos.map((spent, round) => spent / (ones[round] ?? Number.NaN)),
      },
    };
  } finally {
    for (const server of started) await server.running.stop();
  }
}

export async function workers(settings: Settings): Promise<Record<string, Figure>> {
  return { ...(await beside('kept', true, settings, [])), ...(await beside('new', false, settings, [])) };
}
