// What two workers cost beside one, both processors shared with the load, in turn.
import type { Load } from './loads.ts';
import { type Figures, figure } from './result.ts';
import { BOTH, type Settings, spend } from './sampling.ts';
import { type Started, smtpe } from './servers.ts';
import { usual, warmUp } from './warm-up.ts';

/** `options`: of the server with two, such as how they share the port. */
async function beside(
  name: string,
  kept: boolean,
  { node, rounds }: Settings,
  options: readonly string[],
): Promise<Figures> {
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
    const cost = async (server: Started): Promise<number> =>
      ((await spend(BOTH, server, load, count)).cpu * 1000) / count;
    // Two have twice as much to compile before they are warm.
    for (const [at, server] of [one, two].entries()) {
      const leastMessages = usual.leastMessages * (at + 1);
      await warmUp((some) => spend(BOTH, server, load, some), load.sessions, { ...usual, leastMessages });
    }
    const ones: number[] = [];
    const twos: number[] = [];
    for (let round = 0; round < rounds; round++) {
      if (round % 2 === 0) ones.push(await cost(one));
      twos.push(await cost(two));
      if (round % 2 === 1) ones.push(await cost(one));
    }
    return {
      [`one worker, ${name}`]: figure('ms', ones),
      [`two workers, ${name}`]: figure('ms', twos),
      [`two workers, ${name}, times one`]: figure(
        'times',
        twos.map((spent, round) => spent / (ones[round] ?? Number.NaN)),
      ),
    };
  } finally {
    for (const server of started) await server.running.stop();
  }
}

export async function workers(settings: Settings): Promise<Figures> {
  return { ...(await beside('kept', true, settings, [])), ...(await beside('new', false, settings, [])) };
}
