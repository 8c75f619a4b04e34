// What users meet at each restart: how long until the port listens, and what the first 1,000 messages cost beside those of a server that is warm.
import { haraka } from './haraka.ts';
import { type Load, send } from './loads.ts';
import { measure } from './process.ts';
import type { Figure } from './result.ts';
import { median } from './result.ts';
import { LOAD, SERVER, type Settings } from './sampling.ts';
import { floor, type ServerKind, smtpe, smtpServer } from './servers.ts';

const ours = smtpe({ policy: 'six.lua', log: true });
const peers = [floor(), smtpServer({}), haraka({ log: true })];

/** Milliseconds from start to listening, by the clock and of the processor, for each kind in turn. */
export async function starts(settings: Settings, whole: boolean): Promise<Record<string, Figure>> {
  const kinds = whole ? [ours, ...peers] : [ours];
  const found: Record<string, { readonly unit: string; readonly trials: number[] }> = {};
  const note = (name: string, value: number): void => {
    found[name] ??= { unit: 'ms', trials: [] };
    found[name].trials.push(value);
  };
  for (let trial = 0; trial < (whole ? 7 : 9); trial++) {
    for (const kind of kinds) {
      const { running, ready } = await kind.start({ cpus: SERVER, node: settings.node, sink: undefined });
      const { cpu } = measure(running.pid);
      await running.stop();
      // The files of the program come from the disk at the very first.
      if (trial === 0) continue;
      note(`start, ${kind.name}`, ready);
      note(`start, ${kind.name}, processor`, cpu * 1000);
    }
  }
  return found;
}

const FIRST = 1000;

async function coldAndWarm(
  kind: ServerKind,
  load: Load,
  { node, span }: Settings,
): Promise<{ readonly cold: number; readonly warm: number }> {
  const { running, port } = await kind.start({ cpus: SERVER, node, sink: undefined });
  const cost = async (count: number): Promise<{ readonly each: number; readonly seconds: number }> => {
    const before = measure(running.pid).cpu;
    const seconds = await send(LOAD, load, port, count);
    return { each: ((measure(running.pid).cpu - before) * 1000) / count, seconds };
  };
  try {
    const cold = await cost(FIRST);
    let count = FIRST;
    let { seconds } = await cost(count);
    for (const wanted of [1, 1.5]) {
      count = Math.ceil((count / seconds) * wanted);
      seconds = (await cost(count)).seconds;
    }
    count = Math.ceil((count / seconds) * span);
    const warm = [await cost(count), await cost(count), await cost(count)];
    return { cold: cold.each, warm: median(warm.map(({ each }) => each)) };
  } finally {
    await running.stop();
  }
}

/** The first 1,000 messages, ms of the processor for each, and how many times that is what a warm server takes. */
export async function firstMessages(settings: Settings, whole: boolean): Promise<Record<string, Figure>> {
  const found: Record<string, Figure> = {};
  const kinds = whole ? [ours, ...peers] : [ours];
  for (const kind of kinds) {
    for (const kept of [false, true]) {
      const trials: { readonly cold: number; readonly warm: number }[] = [];
      for (let trial = 0; trial < (kind === ours ? 3 : 1); trial++)
        trials.push(await coldAndWarm(kind, { size: 10_240, kept, sessions: 20 }, settings));
      const name = `first 1,000, ${kind.name}, ${kept ? 'kept' : 'new'}`;
      found[name] = { unit: 'ms', trials: trials.map(({ cold }) => cold) };
      found[`${name}, times warm`] = { unit: 'times', trials: trials.map(({ cold, warm }) => cold / warm) };
    }
  }
  return found;
}
