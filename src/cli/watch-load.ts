// Load shedding: while this process has more to do than it can, its gate is closed, and the log says so when that begins and ends.
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Gate } from '../net/gate.ts';
import { LoadWatch } from '../ops/load-watch.ts';
import type { Options } from '../options/options.ts';
import { freeBytes } from './counting.ts';
import { residentMebibytes } from './watch-memory.ts';

const MEBIBYTE = 1_048_576;

export interface WatchLoadParts {
  readonly options: Options;
  readonly log: Log;
  readonly clock: Clock;
  readonly gate: Gate;
  readonly lagged: (seconds: number) => void;
}

/** Watches until the function that it gives is called. */
export function watchLoad({ clock, gate, lagged, log, options }: WatchLoadParts): () => void {
  let since = 0;
  const watch = new LoadWatch({
    ...{ clock, lagged, memory: residentMebibytes },
    limits: () => ({
      lag: options.values['limit-lag'],
      memory: options.values['limit-memory'],
      spoolFree: options.values['limit-spool-free'],
    }),
    spoolFree: async () => {
      if (options.values['limit-spool-free'] === 0) return undefined;
      const free = await freeBytes(options.values['spool-dir']);
      return Number.isNaN(free) ? undefined : Math.floor(free / MEBIBYTE);
    },
    changed: (cause, text) => {
      if (gate.overload === undefined) since = clock.monotonic();
      gate.overload = cause;
      if (cause !== undefined) log.emit('overload-begins', { cause: text });
      else log.emit('overload-ends', { seconds: Math.round((clock.monotonic() - since) / 100) / 10 });
    },
  });
  return () => watch.stop();
}
