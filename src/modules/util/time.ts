// util: what time it is, and waiting.
import type { Clock } from '../../base/clock.ts';
import { type FunctionSpec, LuaError, luaFunction } from '../../lua-api/function-spec.ts';
import { number } from '../../lua-api/params.ts';

/** A timer's longest. */
const mostSeconds = 2_147_483;

export const timeFunctions = (clock: Clock): readonly FunctionSpec[] => [
  luaFunction({
    name: 'time',
    params: [],
    results: [
      {
        name: 'seconds',
        type: 'number',
        text: 'seconds since 1970-01-01 00:00:00 UTC, with a fraction (milliseconds)',
      },
    ],
    text: 'The time of the machine, finer than `os.time`. It may go back when the machine is set. Does not suspend.',
    examples: ['assert(math.abs(util.time() - os.time()) < 5)'],
    call: () => [clock.now() / 1000],
  }),
  luaFunction({
    name: 'sleep',
    params: [number('seconds', `0 to ${mostSeconds}; a fraction counts.`)],
    results: [],
    suspends: true,
    text: 'Waits. Others are served meanwhile; the hook ends when its own time is over (option `hook-time-limit`), or the client has gone. Suspends.',
    examples: ['local before = util.time()\nutil.sleep(0.02)\nassert(util.time() - before > 0.01)'],
    call: (_context, seconds) => {
      if (!(seconds >= 0 && seconds <= mostSeconds))
        throw new LuaError(`seconds have to be 0 to ${mostSeconds}`);
      let wake = (): void => undefined;
      const over = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const timer = clock.after(Math.round(seconds * 1000), wake);
      return {
        kind: 'suspension',
        describe: () => `util.sleep (${seconds} s)`,
        done: over.then(() => []),
        cancel: () => {
          timer.cancel();
          wake();
        },
      };
    },
  }),
];
