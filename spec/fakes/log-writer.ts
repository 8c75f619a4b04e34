// A process that logs to its stderr as a worker does, for the specs of pipes. Arguments: lines, length of the text, `shared` or `alone`.
// Writes `closed` to stdout when its log is closed.
import { systemClock } from '../../src/base/clock.ts';
import { openLog } from '../../src/ops/open-log.ts';
import { createOptions } from '../../src/options/option-set.ts';

const [lines, length, shared, format = 'text'] = process.argv.slice(2);
const opened = await openLog(
  createOptions({ workers: shared === 'shared' ? '2' : '1', 'log-format': format }),
  {
    ...{ clock: systemClock, pid: process.pid, host: 'h', env: {}, stderr: 2, syslogSocket: '' },
    trouble: () => undefined,
  },
);
if (opened.kind === 'failed') throw new Error(opened.problem);
for (let i = 0; i < Number(lines); i++) {
  // What a client says, in a line of its own if it can.
  opened.log.write('info', 'ehlo', {
    id: `n${i}`,
    name: '2026-01-01T00:00:00 '.repeat(Number(length) / 20),
    end: 'yes',
  });
  if (i % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
}
await opened.log.close();
process.stdout.write('closed\n');
process.exit(0);
