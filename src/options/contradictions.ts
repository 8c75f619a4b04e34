// Options that are right each by itself and wrong together. Looked for when the options of a start or a reload have been put together.
import type { Options } from './options.ts';

/** One line for each contradiction, with where the options were set and what would be right. */
export function contradictions(options: Options): readonly string[] {
  const { values } = options;
  const cpu = values['hook-cpu-limit'];
  const watchdog = values['watchdog-timeout'] * 1000;
  if (watchdog === 0 || cpu < watchdog) return [];
  const origin = options.origin(
    options.origin('hook-cpu-limit') === 'default' ? 'watchdog-timeout' : 'hook-cpu-limit',
  );
  return [
    `${origin}: hook-cpu-limit=${cpu} ms must be less than watchdog-timeout=${watchdog / 1000} s, or a hook that runs away could cost the process and not only its connection; ` +
      `make hook-cpu-limit less than ${watchdog}, or watchdog-timeout more than ${Math.floor(cpu / 1000)} or 0`,
  ];
}
