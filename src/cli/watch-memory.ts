// Option worker-max-memory: looks at the resident memory of this process now and then.
import type { Clock } from '../base/clock.ts';
import type { Options } from '../options/options.ts';

const INTERVAL_MS = 5000;
const MEBIBYTE = 1_048_576;

/** MiB in memory now. */
export function residentMebibytes(): number {
  return Math.round(process.memoryUsage.rss() / MEBIBYTE);
}

/** What is wrong with a limit that the process, of `used` MiB, passes before it has served anybody; undefined when it is well. */
export function memoryProblem(options: Options, used = residentMebibytes()): string | undefined {
  const limit = options.values['worker-max-memory'];
  if (limit === 0 || used < limit) return undefined;
  return `${options.origin('worker-max-memory')}: worker-max-memory=${limit}: a worker with this policy has ${used} MiB before it serves anybody; set ${2 * used} or more, or 0 for no limit`;
}

/** Calls `tooLarge` once, when the process has grown beyond worker-max-memory as it is then. */
export function watchMemory(options: Options, clock: Clock, tooLarge: (reason: string) => void): void {
  const look = (): void => {
    const limit = options.values['worker-max-memory'];
    const used = residentMebibytes();
    if (limit > 0 && used > limit) tooLarge(`${used} MiB of memory, worker-max-memory is ${limit}`);
    else timer.restart();
  };
  const timer = clock.after(INTERVAL_MS, look);
  timer.unref();
}
