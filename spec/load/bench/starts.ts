// What users meet at each restart: how long until the port listens, and what the first 1,000 messages cost beside those of a server that is warm.
import { haraka } from './haraka.ts';
import type { Load } from './loads.ts';
import { measure } from './process.ts';
import { type Figures, figure, median } from './result.ts';
import { BOTH, LOAD, SERVER, type Settings, spend } from './sampling.ts';
import { floor, type ServerKind, smtpe, smtpServer } from './servers.ts';
import { warmUp } from './warm-up.ts';

const ours = smtpe({ policy: 'six.lua', log: true });
const peers = [floor(), smtpServer({}), haraka({ log: true })];

/**
 * Milliseconds from start to listening, by the clock and of the processor, for each kind in turn. With both processors, as where it is used: on one,
 * the program would wait for the threads of Node that compile it.
 */
export async function starts(settings: Settings, whole: boolean): Promise<Figures> {
  const kinds = whole ? [ours, ...peers] : [ours];
  const found: Record<string, number[]> = {};
  const note = (name: string, value: number): void => {
    found[name] ??= [];
    found[name].push(value);
  };
  for (let trial = 0; trial < (whole ? 7 : 9); trial++) {
    for (const kind of kinds) {
      const { running, ready } = await kind.start({ cpus: BOTH, node: settings.node, sink: undefined });
      const { cpu } = measure(running.pid);
      await running.stop();
      // The files of the program come from the disk at the very first.
      if (trial === 0) continue;
      note(`start, ${kind.name}`, ready);
      note(`start, ${kind.name}, processor`, cpu * 1000);
    }
  }
  return Object.fromEntries(Object.entries(found).map(([name, trials]) => [name, figure('ms', trials)]));
}

const FIRST = 1000;

async function coldAndWarm(
  kind: ServerKind,
  load: Load,
  { node, span }: Settings,
): Promise<{ readonly cold: number; readonly warm: number }> {
  const started = await kind.start({ cpus: SERVER, node, sink: undefined });
  const each = async (count: number): Promise<number> =>
    ((await spend(LOAD, started, load, count)).cpu * 1000) / count;
  try {
    const cold = await each(FIRST);
    const { pace } = await warmUp((count) => spend(LOAD, started, load, count), load.sessions);
    const count = Math.ceil(span / pace);
    return { cold, warm: median([await each(count), await each(count), await each(count)]) };
  } finally {
    await started.running.stop();
  }
}

/** The first 1,000 messages, ms of the processor for each, and how many times that is what a warm server takes. */
export async function firstMessages(settings: Settings, whole: boolean): Promise<Figures> {
  const found: Record<string, Figures[string]> = {};
  const kinds = whole ? [ours, ...peers] : [ours];
  for (const kind of kinds) {
    for (const kept of [false, true]) {
      const trials: { readonly cold: number; readonly warm: number }[] = [];
      for (let trial = 0; trial < (kind === ours ? 3 : 1); trial++)
        trials.push(await coldAndWarm(kind, { size: 10_240, kept, sessions: 20 }, settings));
      const name = `first 1,000, ${kind.name}, ${kept ? 'kept' : 'new'}`;
      found[name] = figure(
        'ms',
        trials.map(({ cold }) => cold),
      );
      found[`${name}, times warm`] = figure(
        'times',
        trials.map(({ cold, warm }) => cold / warm),
      );
    }
  }
  return found;
}
