// A process whose event loop gets stuck in a hook, for the spec of the watchdog. Argument: the time-out in milliseconds, or `idle`.
import { systemClock } from '../../src/base/clock.ts';
import { Heartbeat } from '../../src/ops/heartbeat.ts';
import { Watchdog } from '../../src/ops/watchdog.ts';

const heartbeat = new Heartbeat();
const [timeout, mode] = process.argv.slice(2);
const watchdog = new Watchdog({ heartbeat, clock: systemClock, timeoutMs: Number(timeout), prefix: '<2>' });
heartbeat.enter('hook.helo', 'an earlier one');
heartbeat.leave();
if (mode === 'idle') {
  process.stdout.write('idle\n');
  setTimeout(() => void watchdog.stop(), 2 * Number(timeout));
} else {
  // Let the watchdog thread start.
  setTimeout(() => {
    heartbeat.enter('hook.rcpt', 'abc123');
    if (mode === 'outside') heartbeat.leave();
    for (;;);
  }, 500);
}
