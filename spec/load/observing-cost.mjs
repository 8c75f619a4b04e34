// What it costs to be counted, and to be able to be followed: processor time of messages with the counters of the metrics and the sums of the live
// page, with a tracer that nobody follows anything by, and with neither, in turn, in one process of the built program. Two servers with neither tell
// how far apart the same thing is told. Usage: node spec/load/observing-cost.mjs [ROUNDS [MESSAGES]]; each quotient is to be 1.02 at most.
import { compare, from, lineWriter, mails, numbers, SIX_HOOKS, start, within } from './paired.mjs';

const { settleMetrics } = await from('cli/counting.js');
const { LiveGatherer } = await from('observe/live/gatherer.js');
const { MetricCells } = await from('observe/metric/cells.js');
const { countEvents } = await from('observe/metric/count-events.js');
const { MetricLayout } = await from('observe/metric/layout.js');
const { Tracer } = await from('observe/trace/tracer.js');
const { systemClock } = await from('base/clock.js');

const [rounds, messages] = numbers(60, 400);
const round = mails(messages, 20);

await within(async (directory) => {
  const ends = [];
  const begin = {
    neither: () => {},
    'neither, once more': () => {},
    'counted for metrics': ({ log, options }) => {
      ends.push(countEvents(log.bus, new MetricCells(new MetricLayout(settleMetrics(options, 1)))));
    },
    'gathered for the page': ({ log }) => {
      const gatherer = new LiveGatherer(log.bus, systemClock, () => {});
      ends.push(() => gatherer.stop());
    },
    'followed by nobody': ({ log, server }) => new Tracer(log.bus, systemClock, () => server.all),
  };
  const ways = [];
  for (const [at, [name, observe]] of Object.entries(begin).entries()) {
    const way = await start(directory, String(at), {
      policy: SIX_HOOKS,
      options: { 'smtp-default-at-dot': '250' },
      writer: lineWriter,
    });
    observe(way);
    ways.push({ ...way, name });
  }
  await compare(ways, rounds, round);
  for (const end of ends) end();
  for (const way of ways) await way.close();
});
