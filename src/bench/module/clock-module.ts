// The clock of a case, as a test moves it on.
import { luaFunction } from '../../lua-api/function-spec.ts';
import { luaModule } from '../../lua-api/module-spec.ts';
import { anything } from '../../lua-api/params.ts';
import { benchOf, NO_RESULTS } from './bench-of.ts';
import { durationOf, wrong } from './read-table.ts';
import { waiting } from './waiting.ts';

/** The longest that time is moved on at once, days. */
const LONGEST_DAYS = 400;

export const clockModule = luaModule({
  name: 'clock',
  isObject: true,
  text: 'The clock of a case. It begins at noon of 2026-01-03, a Saturday, UTC, and stands still until it is moved: `os.time`, `util.time`, limits of hooks, times of the store, sleeps and time-outs all go by it.',
  functions: [
    luaFunction({
      name: 'forward',
      params: [anything('time', 'string|number', "`'5m'`, `'1h 30m'`, `'90s'`, `'2d'`; or seconds.")],
      suspends: true,
      text: "Written `t.clock:forward('5m')`. Moves time on. What becomes due meanwhile happens, in the order in which it is due.",
      call: (context, given) => {
        const ms = durationOf(given);
        if (ms === undefined || ms > LONGEST_DAYS * 86_400_000)
          throw wrong(
            't.clock:forward',
            `a time as '5m', '1h 30m', '2d' or a number of seconds, at most ${LONGEST_DAYS} days`,
            given,
          );
        const played = benchOf(context).inCase('t.clock:forward');
        return waiting('t.clock:forward', async () => {
          await played.forward(ms);
          return NO_RESULTS;
        });
      },
    }),
  ],
});
