// What it costs to be counted, and to be able to be followed: processor time of messages with the counters of the metrics and the sums of the live
// page, with a tracer that nobody follows anything by, and with neither, in turn, in one process of the built program. Two servers with neither tell
// how far apart the same thing is told. Usage: node spec/load/observing-cost.mjs [ROUNDS [MESSAGES]]; each quotient is to be 1.02 at most.
import { compare, dial, from, numbers, spent, start, within } from './paired.mjs';

const { settleMetrics } = await from('cli/counting.js');
const { LiveGatherer } = await from('observe/live/gatherer.js');
const { MetricCells } = await from('observe/metric/cells.js');
const { countEvents } = await from('observe/metric/count-events.js');
const { MetricLayout } = await from('observe/metric/layout.js');
const { Tracer } = await from('observe/trace/tracer.js');
const { systemClock } = await from('base/clock.js');

/** Lines of the usual levels go to it, and no further: what they are made of is made by every server, whether somebody counts or not. */
const writer = { write() {}, shows: (level) => level !== 'debug', verbose: () => false, child: () => writer };

const [rounds, messages] = numbers(60, 400);
const policy = `
function hook.accept(ip) end
function hook.ehlo(name) end
function hook.mail(sender) end
function hook.rcpt(recipient) end
function hook.data() end
function hook.dot() end
`;
const BODY = `From: Al <a@x.test>\r\nTo: bob@x.test\r\nSubject: hello\r\n\r\n${'a line of text\r\n'.repeat(60)}.\r\n`;
const PER_CONNECTION = 20;

const round = ({ port }) =>
  spent(messages, async () => {
    for (let n = 0; n < messages; n += PER_CONNECTION) {
      const client = await dial(port);
      await client.ask('EHLO c.example\r\n');
      for (let m = 0; m < PER_CONNECTION; m++) {
        await client.ask('MAIL FROM:<a@x.test>\r\n');
        await client.ask('RCPT TO:<bob@x.test>\r\n');
        await client.ask('DATA\r\n');
        const reply = await client.ask(BODY);
        if (!reply.startsWith('250')) throw new Error(reply);
      }
      await client.ask('QUIT\r\n');
      client.end();
    }
  });

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
      policy,
      options: { 'smtp-default-at-dot': '250' },
      writer,
    });
    observe(way);
    ways.push({ ...way, name });
  }
  await compare(ways, rounds, round);
  for (const end of ends) end();
  for (const way of ways) await way.close();
});
